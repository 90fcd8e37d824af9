import fc from "fast-check";
import type { CardInput } from "#src/policy/card-schema.js";
import { Choices, choices } from "../choices.js";

/** Names that YAML could take for something else. */
const NAMES = [
  "shoulder",
  "elbow",
  "wrist 1",
  "true",
  "1e3",
  "null",
  "~",
  "a: b",
  "#x",
  "- y",
  "ä",
  "0x1F",
  "{z}",
  "2026-01-01",
  "'q",
  "  w ",
];
const TENSORS = ["image", "state", "input.1", "obs/goal", "7", "x:0", "h"];
const numbers = (c: Choices, count: number, least = -3) =>
  Array.from({ length: count }, (_, i) => least + c.below(60) / 8 + i);

/** A sound card, as one number of decisions. */
export function cardOf(n: number, m: number): CardInput {
  const c = new Choices(n);
  const d = new Choices(m);
  const joints = NAMES.slice(c.below(6)).slice(0, 1 + c.below(3));
  const inputs: Record<string, CardInput["inputs"][string]> = {};
  const reference: NonNullable<CardInput["reference"]> = {};
  const cameras = c.below(3);
  for (let i = 0; i < cameras; i++) {
    const encoding = c.pick(["rgb8", "bgr8", "mono8", "16UC1"] as const);
    const channels = encoding.endsWith("r8") || encoding === "rgb8" ? 3 : 1;
    const layout = c.pick(["NHWC", "NCHW", "NTCHW"] as const);
    inputs[TENSORS[i * 2]!] = {
      modality: i === 0 ? "image" : `camera_${i}`,
      encoding,
      layout,
      range: c.pick<[number, number]>([
        [0, 255],
        [-1, 1],
        [0.5, 2],
      ]),
      ...(c.flag() && { resize: "area" as never }),
      ...(c.flag() && { crop: c.pick<"centre" | [number, number, number, number]>(["centre", [1, 0, 20, 30]]) }),
      ...(c.flag() && { mean: numbers(c, channels), std: numbers(c, channels, 0.5) }),
      ...(!layout.includes("T") && c.flag() && { frames: 2 + c.below(3) }),
    };
  }
  if (cameras === 0 || d.flag()) {
    const slices: Exclude<CardInput["inputs"][string], { encoding: unknown }> = [];
    let start = 0;
    const add = (modality: string, size: number, more: object = {}) => {
      slices.push({ modality, start, size, ...more });
      if (d.below(3) === 1)
        reference[modality] = d.pick(["zero" as const, { mean: numbers(d, size) }, { values: numbers(d, size) }]);
      start += size;
    };
    add("joint_position", joints.length, d.flag() ? { unit: "rad" } : {});
    if (d.flag()) add("joint_velocity", joints.length, { elements: [...joints] });
    if (d.flag()) add("tip", 3, { quantity: "end_effector_position" });
    if (d.flag()) add("goal_1", 2 + d.below(3), { quantity: "other", mean: undefined });
    inputs[TENSORS[1 + 2 * d.below(3)]!] = slices.map(({ mean: _, ...slice }) => slice) as never;
  }
  const limits = d.pick<number | number[] | undefined>([12, numbers(d, joints.length, 0.5), undefined]);
  return {
    torquelens_card: 1,
    name: d.pick(NAMES),
    control_period: 0.001 * (1 + d.below(200)),
    joints,
    torque: {
      output: d.pick(TENSORS),
      ...(limits !== undefined && { limits }),
      ...(d.flag() && { step: d.below(4) }),
      ...(d.flag() && { mean: numbers(d, joints.length), std: numbers(d, joints.length, 0.5) }),
    },
    inputs,
    reference,
    ...(limits === undefined && { idle_threshold: 0.01 }),
    ...(cameras > 0 &&
      c.flag() && {
        attention: { "to maps": { modality: "image", stride: c.pick<number | [number, number]>([8, [4, 2]]) } },
      }),
    ...(d.flag() && { state: { h: "next h", "7": "true" } }),
    ...(d.flag() && { missing_velocity: "differentiate" as const }),
    ...(d.flag() && { feature_points: { origin: d.pick(["policy" as const, "corner" as const, { mean: [0.5, 1] }]) } }),
    ...(d.flag() && {
      arm: d.pick([
        { link: "tool 0" },
        { file: "arm.urdf", link: "tip" },
        { file: "a b.xml", site: "s" },
        { link: "l", tf: "map" },
      ]),
    }),
    ...(d.flag() && { training: { seeds: [1, 2], note: "a: b # c", by: { task: null, rate: 0.93 } } }),
  };
}

export const cardDecisions = fc.tuple(choices, choices);
