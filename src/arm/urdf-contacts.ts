import { type Branch, branches, isFixed, type Tree } from "./urdf-tree.js";

/** Collision shapes that MuJoCo is given: no meshes, and nothing without extent, which MuJoCo refuses. */
export const solidsOf = ({ link }: Branch) =>
  link.collisions.filter(({ geometry }) => {
    if (geometry.kind === "mesh") return false;
    const sizes =
      geometry.kind === "box" ? geometry.size : Object.values(geometry).filter((x) => typeof x === "number");
    return sizes.every((size) => size > 0);
  });

/**
 * Pairs of links that may touch because a joint connects them. MuJoCo does not exclude them where the upper one does not
 * move. In place of a link without collision shapes come the next ones that are fixed to it.
 */
export function neighbours(tree: Tree): (readonly [Branch, Branch])[] {
  return branches(tree).flatMap((lower) => {
    if (isFixed(lower)) return [];
    const upper = solidAbove(lower.above!);
    return upper ? solidsBelow(lower).map((link) => [upper, link] as const) : [];
  });
}

function solidAbove(branch: Branch): Branch | undefined {
  if (solidsOf(branch).length > 0) return branch;
  return branch.above && isFixed(branch) ? solidAbove(branch.above) : undefined;
}

function solidsBelow(branch: Branch): Branch[] {
  return solidsOf(branch).length > 0 ? [branch] : branch.below.filter(isFixed).flatMap(solidsBelow);
}
