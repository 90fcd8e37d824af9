import type { Observation } from "#src/explain/observation.js";
import { applyNode } from "#src/graph/apply.js";
import * as b from "#src/graph/build.js";
import { writeModel } from "#src/graph/onnx-write.js";
import type { Value } from "#src/graph/value.js";
import type { Policy } from "#src/policy/policy.js";

/** Small networks with the heads that policies of today have, and their cards. Weights are random numbers from seeds. */

export interface Head {
  readonly bytes: Uint8Array;
  readonly card: object;
}

/** Numbers in [−scale, scale), each call others, the same every time. */
export function numbers(seed: number): (size: number, scale: number) => number[] {
  let state = seed;
  return (size, scale) =>
    Array.from({ length: size }, () => {
      state = (state * 16807) % 2147483647;
      return scale * ((2 * state) / 2147483647 - 1);
    });
}

/** Weights and layers from one seed. */
function layers(seed: number) {
  const next = numbers(seed);
  const weight = (shape: readonly number[], scale: number) =>
    b.tensor(
      "float32",
      shape,
      next(
        shape.reduce((x, y) => x * y),
        scale,
      ),
    );
  const dense = (x: Value, to: number): Value => {
    const from = x.shape.at(-1)!;
    return b.add(b.matmul(x, weight([from, to], Math.sqrt(3 / from))), weight([to], 0.1));
  };
  const norm = (x: Value): Value => {
    const size = x.shape.at(-1)!;
    const ones = b.full([size], 1);
    return applyNode("LayerNormalization", [x, ones, weight([size], 0.1)], { axis: -1 }).outputs[0]!;
  };
  /** Attention of one head; tokens are [N, D]. */
  const attend = (queries: Value, keys: Value, values: Value): Value => {
    const size = queries.shape.at(-1)!;
    const scores = b.mul(b.matmul(dense(queries, size), b.matrixTranspose(dense(keys, size))), 1 / Math.sqrt(size));
    return dense(b.matmul(b.softmax(scores), dense(values, size)), size);
  };
  const convolved = (image: Value, channels: number, stride: number): Value => {
    const c = image.shape[1]!;
    return b.relu(
      b.conv(
        image,
        weight([channels, c, 3, 3], Math.sqrt(3 / (9 * c))),
        { strides: [stride, stride] },
        weight([channels], 0.1),
      ),
    );
  };
  return { weight, dense, norm, attend, convolved };
}

const pixels = (image: Value): Value => b.mul(b.cast(b.transpose(image, [0, 3, 1, 2]), "float32"), 1 / 255);

const image = { modality: "image", encoding: "rgb8", layout: "NHWC", range: [0, 255] };

const model = (inputs: readonly Value[], outputs: Readonly<Record<string, Value>>): Uint8Array =>
  writeModel({
    name: "head",
    inputs: new Map(inputs.map((value) => [value.name!, value])),
    outputs: new Map(Object.entries(outputs)),
    metadata: new Map(),
    opset: 18,
  });

/** Joints of a pair of arms with grippers, as ALOHA names its motors. */
export const ALOHA: readonly string[] = ["left", "right"].flatMap((side) =>
  ["waist", "shoulder", "elbow", "forearm_roll", "wrist_angle", "wrist_rotate", "gripper"].map((j) => `${side}_${j}`),
);

/** Standard deviation and mean of the normalised outputs of `act`, one per joint. */
export const ACT_STATISTICS = {
  mean: ALOHA.map((_, j) => 0.1 * j - 0.6),
  std: ALOHA.map((_, j) => 0.2 + 0.01 * j),
};

/**
 * An action chunking transformer: tokens of the image's features and of the joint positions, an encoder layer, learned
 * queries that attend to it, a chunk [1, 8, 14] of absolute joint positions, normalised outside the model.
 */
export function act(change: object = {}): Head {
  const { weight, dense, norm, attend, convolved } = layers(11);
  const [camera, qpos] = [b.input("image", "uint8", [1, 24, 32, 3]), b.input("qpos", "float32", [1, 14])];
  const features = convolved(convolved(pixels(camera), 6, 2), 12, 2);
  const [, channels, h, w] = features.shape as [number, number, number, number];
  const cells = b.transpose(b.reshape(features, [channels, h * w]), [1, 0]);
  const tokens = b.add(b.concat([dense(qpos, channels), cells], 0), weight([h * w + 1, channels], 0.3));
  const attended = norm(b.add(tokens, attend(tokens, tokens, tokens)));
  const memory = norm(b.add(attended, dense(b.relu(dense(attended, 24)), channels)));
  const queries = weight([8, channels], 1);
  const decoded = norm(b.add(queries, attend(queries, memory, memory)));
  const hidden = norm(b.add(decoded, dense(b.relu(dense(decoded, 24)), channels)));
  const actions = b.reshape(dense(hidden, 14), [1, 8, 14]);
  const { mean, std } = ACT_STATISTICS;
  const of = (kind: string, from: number, to: number) => ({
    kind,
    start: from,
    elements: ALOHA.slice(from, to),
    mean: mean.slice(from, to),
    std: std.slice(from, to),
  });
  return {
    bytes: model([camera, qpos], { actions }),
    card: {
      torquelens_card: 1,
      name: "act",
      control_period: 0.05,
      joints: [...ALOHA],
      outputs: {
        actions: [
          { ...of("joint_position", 0, 6), step: 2 },
          of("gripper", 6, 7),
          of("joint_position", 7, 13),
          of("gripper", 13, 14),
        ],
      },
      inputs: { image, qpos: [{ modality: "joint_position", start: 0, size: 14 }] },
      ...change,
    },
  };
}

/** Steps of the denoising loop of `diffusion`. */
const DENOISING = 3;

/**
 * A diffusion policy with its denoising loop unrolled: an encoder of image and joint positions conditions a network
 * along the chunk by FiLM, which takes noise away in three steps. Chunk [1, 8, 3] of absolute joint positions; the first
 * step that is executed is number 1, because two observations were seen in training.
 */
export function diffusion(change: object = {}): Head {
  const { weight, dense, convolved } = layers(23);
  const [camera, state] = [b.input("image", "uint8", [1, 24, 32, 3]), b.input("state", "float32", [1, 3])];
  const noise = b.input("noise", "float32", [1, 8, 3]);
  const seen = b.mean(convolved(convolved(pixels(camera), 6, 2), 10, 2), [2, 3]);
  const condition = b.relu(dense(b.concat([seen, state], 1), 16));
  let actions: Value = noise;
  const along = (x: Value, channels: number) => {
    const weights = weight([channels, x.shape[1]!, 3], Math.sqrt(1 / x.shape[1]!));
    return applyNode("Conv", [x, weights, weight([channels], 0.1)], { pads: [1, 1] }).outputs[0]!;
  };
  for (let step = 0; step < DENOISING; step++) {
    const time = b.tensor(
      "float32",
      [1, 4],
      [1, 2, 4, 8].map((f) => Math.sin((f * (DENOISING - step)) / 4)),
    );
    const film = dense(b.relu(dense(b.concat([condition, time], 1), 16)), 24);
    const scale = b.reshape(b.slice(film, 1, 0, 12), [1, 12, 1]);
    const shift = b.reshape(b.slice(film, 1, 12, 24), [1, 12, 1]);
    const hidden = b.relu(b.add(b.mul(along(b.transpose(actions, [0, 2, 1]), 12), b.add(scale, 1)), shift));
    const predicted = b.transpose(along(hidden, 3), [0, 2, 1]);
    actions = b.sub(b.mul(actions, 1.2), b.mul(predicted, 0.6));
  }
  return {
    bytes: model([camera, state, noise], { actions }),
    card: {
      torquelens_card: 1,
      name: "diffusion",
      control_period: 0.1,
      joints: ["base", "shoulder", "elbow"],
      outputs: { actions: { kind: "joint_position", step: 1, std: 0.5 } },
      inputs: {
        image,
        state: [{ modality: "joint_position", start: 0, size: 3 }],
        noise: [{ modality: "noise", start: 0, size: 24 }],
      },
      ...change,
    },
  };
}

/** Names of `vla`'s outputs. */
export const VLA = ["x", "y", "z", "roll", "pitch", "yaw", "gripper"] as const;

/**
 * A vision-language-action policy: patches of the image, embedded words and the state as tokens of one transformer
 * layer; a readout token gives six components of an end-effector delta and the gripper.
 */
export function vla(change: object = {}): Head {
  const { weight, dense, norm, attend } = layers(37);
  const [camera, state] = [b.input("image", "uint8", [1, 24, 32, 3]), b.input("state", "float32", [1, 8])];
  const words = b.input("tokens", "int64", [1, 6]);
  const size = 12;
  const patches = b.conv(pixels(camera), weight([size, 3, 8, 8], 0.15), { strides: [8, 8] }, weight([size], 0.1));
  const seen = b.transpose(b.reshape(patches, [size, 12]), [1, 0]);
  const told = b.reshape(applyNode("Gather", [weight([20, size], 1), words], { axis: 0 }).outputs[0]!, [6, size]);
  const readout = weight([1, size], 1);
  const tokens = b.add(b.concat([readout, seen, told, dense(state, size)], 0), weight([20, size], 0.3));
  const attended = norm(b.add(tokens, attend(tokens, tokens, tokens)));
  const mixed = norm(b.add(attended, dense(b.relu(dense(attended, 24)), size)));
  const action = dense(b.slice(mixed, 0, 0, 1), 7);
  return {
    bytes: model([camera, state, words], { action }),
    card: {
      torquelens_card: 1,
      name: "vla",
      control_period: 0.2,
      outputs: { action: [{ kind: "end_effector_delta", size: 6 }, { kind: "gripper" }] },
      inputs: {
        image,
        state: [
          { modality: "pose", start: 0, elements: ["x", "y", "z", "roll", "pitch", "yaw", "spare"] },
          { modality: "opening", start: 7, elements: ["gripper"] },
        ],
        tokens: [{ modality: "language", start: 0, size: 6 }],
      },
      ...change,
    },
  };
}

/** An observation of random numbers for a policy. */
export function observed({ modalities, outputs }: Pick<Policy, "modalities" | "outputs">, seed = 5): Observation {
  const next = numbers(seed);
  return {
    tick: 0,
    stamp: 0n,
    images: {
      image: {
        width: 32,
        height: 24,
        encoding: "rgb8",
        data: Uint8Array.from(next(32 * 24 * 3, 127), (x) => 127 + x),
        frameId: "camera",
      },
    },
    values: Object.fromEntries(
      modalities.flatMap((m) =>
        m.kind === "values"
          ? [[m.name, Float64Array.from(next(m.size, 1), (x) => (m.dtype === "int64" ? Math.floor(10 + 9 * x) : x))]]
          : [],
      ),
    ),
    joints: { names: [], position: new Float64Array(0), velocity: new Float64Array(0) },
    importance: new Float64Array(outputs.length).fill(1),
    flags: [],
    transforms: [],
  };
}

/** Names of `chooser`'s actions. */
export const CHOICES = ["left", "right", "forward", "pickup"] as const;

/** What the output tensor of `chooser` holds of each action. */
export type ChooserOutput = "logits" | "log-softmax" | "softmax" | "several heads" | "mixture" | "drifting";

/**
 * A policy that chooses among four actions by an image and two numbers. Its output is logits, their logarithmic softmax,
 * probabilities by a softmax, alone or behind those of another head, or probabilities that no softmax ends with: a
 * mixture with equal ones, which for speeds above 100 is none any more (`drifting`).
 */
export function chooser(output: ChooserOutput = "logits", change: object = {}): Head {
  const { dense, convolved } = layers(51);
  const [camera, speed] = [b.input("image", "uint8", [1, 24, 32, 3]), b.input("speed", "float32", [1, 2])];
  const features = convolved(convolved(pixels(camera), 4, 2), 6, 3);
  const flat = b.reshape(features, [1, features.shape.reduce((x, y) => x * y)]);
  const hidden = b.relu(dense(b.concat([flat, speed], 1), 12));
  const logits = b.mul(dense(hidden, 4), 3);
  const value = dense(hidden, 1);
  const other = b.softmax(dense(hidden, 3));
  const mixture = b.add(b.mul(b.softmax(logits), 0.9), 0.025);
  const outputs: Readonly<Record<ChooserOutput, Value>> = {
    logits,
    "log-softmax": applyNode("LogSoftmax", [logits], { axis: -1 }).outputs[0]!,
    softmax: b.softmax(logits),
    "several heads": b.reshape(b.concat([other, b.softmax(logits)], 1), [1, 1, 7]),
    mixture,
    drifting: b.add(mixture, b.relu(b.sub(b.slice(speed, 1, 0, 1), 100))),
  };
  return {
    bytes: model([camera, speed], { policy: outputs[output], value }),
    card: {
      torquelens_card: 1,
      name: "chooser",
      control_period: 0.1,
      actions: {
        output: "policy",
        names: [...CHOICES],
        values: output.startsWith("log") ? "logits" : "probabilities",
        ...(output === "several heads" && { start: 3 }),
      },
      inputs: { image, speed: [{ modality: "speed", start: 0, elements: ["forward", "turn"] }] },
      ...change,
    },
  };
}
