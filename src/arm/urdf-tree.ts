import { InputError } from "../errors.js";
import type { Joint } from "../urdf/joint.js";
import type { Link } from "../urdf/link.js";
import type { Urdf } from "../urdf/urdf.js";

/** A link in the tree of a robot. */
export interface Branch {
  readonly link: Link;
  /** The joint above it; undefined for a root. */
  readonly joint: Joint | undefined;
  readonly above: Branch | undefined;
  readonly below: Branch[];
}

/** The links of a robot as a tree, and what is left out of it. */
export interface Tree {
  readonly roots: readonly Branch[];
  /** Joints whose links are left out, with all below them, because their place is unknown. */
  readonly cut: readonly Joint[];
}

/** Longest way from a root to a link, in joints: MuJoCo reads bodies nested in less than 500 levels. */
const DEEPEST = 400;

/** @throws InputError for a link with two parents, links in a circle, and a link more than 400 joints away from the root */
export function treeOf({ links, joints }: Urdf, source: string): Tree {
  const byParent = new Map<string, Joint[]>();
  const children = new Set<string>();
  for (const joint of joints) {
    if (children.has(joint.child)) throw new InputError(`${source}: link "${joint.child}" is the child of two joints`);
    children.add(joint.child);
    const siblings = byParent.get(joint.parent);
    if (siblings) siblings.push(joint);
    else byParent.set(joint.parent, [joint]);
  }
  const byName = new Map(links.map((link) => [link.name, link]));
  const names = new Set(joints.map(({ name }) => name));
  const cut: Joint[] = [];
  const seen = new Set<string>();
  const grow = (link: Link, joint: Joint | undefined, above: Branch | undefined, depth: number): Branch => {
    if (depth > DEEPEST)
      throw new InputError(`${source}: link "${link.name}" is more than ${DEEPEST} joints away from the root`);
    seen.add(link.name);
    const branch: Branch = { link, joint, above, below: [] };
    for (const next of byParent.get(link.name) ?? []) {
      const { motion } = next;
      if (motion && (!motion.mimic || names.has(motion.mimic.joint)))
        branch.below.push(grow(byName.get(next.child)!, next, branch, depth + 1));
      else cut.push(next);
    }
    return branch;
  };
  const tops = links.filter(({ name }) => !children.has(name));
  if (tops.length === 0 && links.length > 0)
    throw new InputError(`${source}: the joints connect all links in a circle, expected a root link`);
  return { roots: tops.map((link) => grow(link, undefined, undefined, 0)), cut };
}

/** All branches, each after the one above it. */
export function branches({ roots }: Tree): Branch[] {
  const all = [...roots];
  for (const branch of all) all.push(...branch.below);
  return all;
}

/** True where a link cannot move in the link above it. */
export const isFixed = ({ joint }: Branch): boolean => joint === undefined || joint.type === "fixed";

/** The links that move as one with a branch, those below it: joined to it by fixed joints. */
export function rigidWith(branch: Branch): Branch[] {
  const group = [branch];
  for (const member of group) group.push(...member.below.filter(isFixed));
  return group;
}
