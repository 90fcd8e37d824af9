import fc from "fast-check";
import { sizeOf } from "#src/graph/shape.js";
import type { CardInput } from "#src/policy/card-schema.js";
import type { TensorData } from "#src/runtime/session.js";
import { randoms } from "../../evaluate.js";
import { Choices, choices } from "../choices.js";
import { ACTIVATIONS, clip } from "./activations.js";
import { float, Growing, type Made, type Step } from "./growing.js";
import { IMAGES, JOINS } from "./images.js";
import { SEQUENCES } from "./sequences.js";
import { dense, VECTORS } from "./vectors.js";

/** A random policy, as the decisions that it is made of. */
export interface PolicyCase {
  readonly seed: number;
  readonly opset: number;
  readonly image: { readonly height: number; readonly width: number; readonly channels: 1 | 3; readonly how: number };
  readonly configuration: number;
  readonly trunk: readonly Decision[];
  readonly join: Decision;
  readonly head: readonly Decision[];
  readonly torques: number;
  readonly squash: Decision;
}

type Decision = readonly [step: string, choices: number];

const squashWith =
  (op: string): Step =>
  (x, c, net) => {
    const limits = [x.shape[1]!];
    const scaled = net.binary(
      "Mul",
      op === "clip" ? clip(net, x, -0.8, 0.8) : net.unary(op, x, op === "HardSigmoid" ? { alpha: float(0.3) } : {}),
      net.constant(limits, net.numbers(limits, 0.5, 13)),
    );
    return c.flag() ? net.binary("Add", scaled, net.constant(limits, net.numbers(limits, -4, 4))) : scaled;
  };

const SQUASHES: Readonly<Record<string, Step>> = {
  none: (x) => x,
  tanh: squashWith("Tanh"),
  sigmoid: squashWith("Sigmoid"),
  softsign: squashWith("Softsign"),
  "hard sigmoid": squashWith("HardSigmoid"),
  clip: squashWith("clip"),
};

const IN_TRUNK = { ...IMAGES, ...ACTIVATIONS };
const IN_HEAD = { ...VECTORS, ...SEQUENCES, ...ACTIVATIONS };

const decision = (table: Readonly<Record<string, Step>>): fc.Arbitrary<Decision> =>
  fc.tuple(fc.constantFrom(...Object.keys(table)), choices);

export const policyCases: fc.Arbitrary<PolicyCase> = fc.record({
  seed: fc.integer({ min: 1, max: 1e6 }),
  opset: fc.integer({ min: 9, max: 23 }),
  image: fc.record({
    height: fc.integer({ min: 4, max: 9 }),
    width: fc.integer({ min: 4, max: 9 }),
    channels: fc.constantFrom<1 | 3>(3, 1),
    how: choices,
  }),
  configuration: fc.integer({ min: 1, max: 5 }),
  trunk: fc.array(decision(IN_TRUNK), { maxLength: 5 }),
  join: decision(JOINS),
  head: fc.array(decision(IN_HEAD), { maxLength: 5 }),
  torques: fc.integer({ min: 1, max: 3 }),
  squash: decision(SQUASHES),
});

export interface RandomPolicy {
  readonly bytes: Uint8Array;
  readonly card: CardInput;
  /** An observation in the declared ranges. */
  readonly feeds: Readonly<Record<string, TensorData>>;
}

/** Writes the policy that a case stands for. */
export function policyOfCase(made: PolicyCase): RandomPolicy {
  const { seed, opset, image, configuration, torques } = made;
  const net = new Growing(opset, seed);
  const c = new Choices(image.how);
  const [layout, dtype] = [c.pick(["NCHW", "NHWC"] as const), c.pick(["float32", "uint8"] as const)];
  const range =
    dtype === "uint8"
      ? ([0, 255] as const)
      : c.pick<readonly [number, number]>([
          [0, 1],
          [-1, 1],
          [-2, 3],
        ]);
  const { height, width, channels } = image;
  const shape = layout === "NHWC" ? [1, height, width, channels] : [1, channels, height, width];
  const pixels = net.input("image", dtype, shape);
  const state = net.input("state", "float32", [1, configuration]);
  let x = framed(net, pixels, layout, dtype);
  x = grown(net, x, made.trunk, IN_TRUNK);
  const features = grown(net, x, [made.join], JOINS);
  x = features.shape.length === 4 ? net.add("Flatten", [features], {}, [1, sizeOf(features.shape)]) : features;
  x = joined(net, x, state);
  x = grown(net, x, made.head, IN_HEAD);
  if (x.shape.length !== 2) x = net.reshape(x, [1, sizeOf(x.shape)]);
  const [squash, n] = made.squash;
  const torque = SQUASHES[squash]!(dense(x, torques, new Choices(n), net), new Choices(Math.floor(n / 64)), net)!;
  const joints = Array.from({ length: torques }, (_, i) => `j${i}`);
  const card: CardInput = {
    torquelens_card: 1,
    name: "random",
    control_period: 0.05,
    joints,
    torque: { output: "torque", limits: 20 },
    inputs: {
      image: { modality: "image", encoding: channels === 3 ? "rgb8" : "mono8", layout, range: [...range] },
      state: [{ modality: "proprioception", start: 0, size: configuration, quantity: "other" }],
    },
  };
  const data = randoms(sizeOf(shape), seed + 7, ...range);
  return {
    bytes: net.bytes(torque),
    card,
    feeds: {
      image: { dtype, shape, data: dtype === "uint8" ? Uint8Array.from(data) : data },
      state: { dtype: "float32", shape: state.shape, data: randoms(configuration, seed + 8, -2, 2) },
    },
  };
}

/** Applies the decisions that fit, one after another. */
function grown(net: Growing, from: Made, plan: readonly Decision[], table: Readonly<Record<string, Step>>): Made {
  return plan.reduce((x, [name, n]) => {
    const next = table[name]?.(x, new Choices(n), net);
    return next && sizeOf(next.shape) <= 600 ? next : x;
  }, from);
}

/** Pixels as floats near 1, channels first. */
function framed(net: Growing, pixels: Made, layout: "NHWC" | "NCHW", dtype: "float32" | "uint8"): Made {
  const floats =
    dtype === "uint8" ? net.binary("Div", net.add("Cast", [pixels], { to: 1 }, pixels.shape), 255) : pixels;
  return layout === "NHWC" ? net.transpose(floats, [0, 3, 1, 2]) : floats;
}

/** The configuration beside features [1, n], or as one more token. */
function joined(net: Growing, x: Made, state: Made): Made {
  if (x.shape.length === 2) return net.add("Concat", [x, state], { axis: 1 }, [1, x.shape[1]! + state.shape[1]!]);
  const [, time, width] = x.shape as [number, number, number];
  const size = state.shape[1]!;
  const token = net.reshape(net.add("MatMul", [state, net.weights([size, width], size)], {}, [1, width]), [
    1,
    1,
    width,
  ]);
  return net.add("Concat", [x, token], { axis: 1 }, [1, time + 1, width]);
}
