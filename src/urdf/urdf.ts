import { parseXml, type XmlElement, XmlError } from "@rgrove/parse-xml";
import { InputError } from "../errors.js";
import { type Joint, jointOf } from "./joint.js";
import { type Link, linkOf } from "./link.js";
import { Problems } from "./problems.js";
import { child, children } from "./xml.js";
import { refuseDepth } from "./xml-depth.js";

/** What this package uses of a robot description: links and joints. */
export interface Urdf {
  readonly name: string;
  readonly links: readonly Link[];
  readonly joints: readonly Joint[];
  /** MuJoCo's extension: settings of its compiler, options of its simulation. */
  readonly mujoco: XmlElement | undefined;
  /** Faults of the parts that are left out, one line each: of visuals, and of what kinematics and dynamics need. */
  readonly problems: { readonly visuals: readonly string[]; readonly mechanics: readonly string[] };
}

/**
 * Parses a URDF. A shape, an inertia or a number with a fault is left out and noted among the problems.
 * @param source name of the text in errors
 * @throws InputError for text that is not XML, not a robot, or names no links or joints where URDF requires a name
 */
export function parseUrdf(text: string, source: string): Urdf {
  const robot = rootOf(text, source);
  const [visuals, mechanics] = [new Problems(), new Problems()];
  const links = children(robot, "link").map((element) => linkOf(element, source, { visuals, mechanics }));
  const joints = children(robot, "joint").map((element) => jointOf(element, source, mechanics));
  const names = new Set(links.map(({ name }) => name));
  for (const { name, parent, child } of joints) {
    for (const link of [parent, child]) {
      if (!names.has(link))
        throw new InputError(`${source}: joint "${name}" names the link "${link}", which does not exist`);
    }
  }
  return {
    name: robot.attributes.name ?? "",
    links,
    joints,
    mujoco: child(robot, "mujoco"),
    problems: { visuals: visuals.texts, mechanics: mechanics.texts },
  };
}

function rootOf(text: string, source: string): XmlElement {
  let root: XmlElement | null;
  try {
    // The XML parser takes quadratic time for the line ends of Windows.
    const lines = text.replace(/\r\n?/g, "\n");
    refuseDepth(lines, source);
    ({ root } = parseXml(lines));
  } catch (error) {
    if (!(error instanceof XmlError)) throw error;
    throw new InputError(`${source}: not XML: ${error.message.split("\n")[0]!}`);
  }
  if (root?.name !== "robot") {
    throw new InputError(`${source}: found the root element <${root?.name ?? ""}>, expected <robot>: not a URDF`);
  }
  return root;
}

/** Largest |torque| (N·m) or |force| (N) by joint, where the description limits it; an effort of 0 is no limit. */
export function effortLimits({ joints }: Urdf): Map<string, number> {
  return new Map(joints.flatMap(({ name, effort }) => (effort === undefined ? [] : [[name, effort]])));
}
