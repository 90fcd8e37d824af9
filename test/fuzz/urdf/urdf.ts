import { isDeepStrictEqual } from "node:util";
import fc from "fast-check";
import { modelFromXml } from "#src/arm/mujoco.js";
import { InputError } from "#src/errors.js";
import { parseUrdf } from "#src/urdf/urdf.js";
import { urdfOf } from "../../arm/robots.js";
import { type RobotCase, robotCases, robotOf } from "../arms/robot.js";
import { Choices, choices } from "../choices.js";
import { failed } from "../failed.js";
import { kind } from "../kind.js";

interface UrdfCase {
  /** Decisions of each link's shapes and of the joint above it. */
  readonly links: readonly number[];
  /** A robot whose text is damaged, and where. */
  readonly text: { readonly robot: RobotCase; readonly damages: readonly number[] };
}

/** Descriptions with parts at fault: those parts are left out and named, all others stay; damaged text ends in one line. */
export const urdf = kind<UrdfCase>({
  name: "urdf",
  about: "robot descriptions with parts at fault, and with damaged text",
  cases: fc.record({
    links: fc.array(choices, { minLength: 1, maxLength: 6 }),
    text: fc.record({ robot: robotCases, damages: fc.array(choices, { minLength: 1, maxLength: 2 }) }),
  }),
  holds: async ({ links, text }) => {
    partsAtFault(links);
    return damagedText(text);
  },
});

interface Part {
  readonly text: string;
  /** What is read; undefined where the part is at fault. */
  readonly read: unknown;
}

const BAD = ["x", "", "1,2", "nan", "0x1g", "1 2"];

/** A number as it may be written, or one at fault. */
function number(c: Choices, isBad: boolean): readonly [text: string, value: number] {
  if (isBad) return [c.pick(BAD.filter((text) => text !== "1 2")), Number.NaN];
  return c.pick([
    ["1", 1],
    ["0.25", 0.25],
    ["1e-2", 0.01],
    [" 3.5 ", 3.5],
    ["+2", 2],
    [".5", 0.5],
  ] as const);
}

function shapeOf(c: Choices): Part {
  const isBad = c.below(4) === 3;
  const [a, b] = [number(c, isBad), number(c, false)];
  const origin = { xyz: [0, 0, 0], rpy: [0, 0, 0] };
  const made = c.pick<Part>([
    { text: `<sphere radius="${a[0]}"/>`, read: { kind: "sphere", radius: a[1] } },
    { text: `<cylinder radius="${a[0]}" length="${b[0]}"/>`, read: { kind: "cylinder", radius: a[1], length: b[1] } },
    { text: `<box size="${b[0]} ${a[0]} 1"/>`, read: { kind: "box", size: [b[1], a[1], 1] } },
    { text: `<capsule length="${a[0]}" radius="${b[0]}"/>`, read: { kind: "capsule", radius: b[1], length: a[1] } },
    {
      text: `<mesh filename="a.stl" scale="${a[0]} 1 1"/>`,
      read: { kind: "mesh", file: "a.stl", scale: [a[1], 1, 1] },
    },
  ]);
  const text = `<visual><geometry>${made.text}</geometry></visual>`;
  return { text, read: isBad ? undefined : { origin, geometry: made.read } };
}

function jointOf(c: Choices, i: number) {
  const type = c.pick(["revolute", "continuous", "prismatic", "fixed"]);
  const bad = c.pick(["none", "none", "none", "effort", "damping", "origin", "lower"]);
  const effort = number(c, bad === "effort");
  const damping = number(c, bad === "damping");
  const x = number(c, bad === "origin");
  const lower = bad === "lower" ? "low" : "-4";
  const text =
    `<joint name="j${i}" type="${type}"><parent link="l${i}"/><child link="l${i + 1}"/><origin xyz="${x[0]} 0 0"/>` +
    `<limit lower="${lower}" upper="7" effort="${effort[0]}"/><dynamics damping="${damping[0]}"/></joint>`;
  // What a continuous joint's limits say is not read, so their fault is none.
  const isNoted = bad !== "none" && !(bad === "lower" && type === "continuous");
  return {
    text,
    isNoted,
    read: {
      effort: bad === "effort" ? undefined : effort[1],
      damping: bad === "damping" ? 0 : damping[1],
      x: bad === "origin" ? undefined : x[1],
      range: bad === "lower" || type === "continuous" ? undefined : [-4, 7],
    },
  };
}

function partsAtFault(decisions: readonly number[]): void {
  const links = decisions.map((n) => {
    const c = new Choices(n);
    return { shapes: Array.from({ length: c.below(4) }, () => shapeOf(c)), joint: c };
  });
  const joints = links.slice(1).map(({ joint }, i) => jointOf(joint, i));
  const text = links.map(({ shapes }, i) => `<link name="l${i}">${shapes.map(({ text }) => text).join("")}</link>`);
  const found = parseUrdf(`<robot name="r">${text.join("")}${joints.map((joint) => joint.text).join("")}</robot>`, "r");
  links.forEach(({ shapes }, i) => {
    const expected = shapes.flatMap(({ read }) => (read === undefined ? [] : [read]));
    if (!isDeepStrictEqual(found.links[i]!.visuals, expected))
      failed(`link ${i}: ${JSON.stringify(found.links[i]!.visuals)}, expected ${JSON.stringify(expected)}`);
    const left = shapes.length - expected.length;
    const named = found.problems.visuals.filter((problem) => problem.startsWith(`r: link "l${i}": `));
    if (named.length !== left) failed(`${left} shapes of link ${i} are left out, told of ${named.length}: ${named}`);
  });
  joints.forEach(({ read, isNoted }, i) => {
    const { effort, damping, motion, range } = found.joints[i]!;
    const own = { effort, damping, x: motion?.origin.xyz[0], range };
    if (!isDeepStrictEqual(own, read)) failed(`joint ${i}: ${JSON.stringify(own)}, expected ${JSON.stringify(read)}`);
    const named = found.problems.mechanics.filter((problem) => problem.startsWith(`r: joint "j${i}": `));
    if (named.length !== Number(isNoted)) failed(`joint ${i} has ${Number(isNoted)} faults, told of ${named}`);
  });
  for (const problem of [...found.problems.visuals, ...found.problems.mechanics])
    if (problem.includes("\n")) failed(`a problem of several lines: ${problem}`);
}

const PIECES = [
  "<",
  ">",
  "/>",
  '"',
  "&amp;",
  "&x;",
  "<joint/>",
  "</link>",
  "<!--",
  "l0",
  "0 0 0",
  "1e999",
  "-",
  "<mimic joint='j0'/>",
  "\u0000",
];

/** A description with characters changed is a robot all the same, or refused in one line. */
async function damagedText({ robot, damages }: UrdfCase["text"]): Promise<string> {
  let text = urdfOf(robotOf(robot).written);
  for (const n of damages) {
    const c = new Choices(n);
    const [piece, less] = [c.pick(PIECES), c.below(3)];
    const at = c.below(text.length);
    text = text.slice(0, at) + piece + text.slice(at + less * 4);
  }
  try {
    const model = await modelFromXml(text, "r");
    const { problems } = model;
    model.delete();
    for (const problem of problems)
      if (!/^r: [^\n]+$/.test(problem)) failed(`a problem that is not one line: ${problem}`);
    return problems.length > 0 ? "read with problems" : "read";
  } catch (error) {
    if (!(error instanceof InputError)) throw error;
    if (!/^r: [^\n]+$/.test(error.message)) failed(`not one line of the file: ${error.message}`);
    return "refused";
  }
}
