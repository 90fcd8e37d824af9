import { mkdir, writeFile } from "node:fs/promises";
import { join } from "node:path";
import * as g from "#src/graph/build.js";
import { writeModel } from "#src/graph/onnx-write.js";

/** Statistics of a feature, as LeRobot names them. */
export type Stats = Readonly<Record<string, Readonly<Record<string, readonly number[]>>>>;

/** A safetensors file of float32 vectors. */
function safetensors(tensors: Readonly<Record<string, readonly number[]>>): Buffer {
  let offset = 0;
  const header: Record<string, object> = {};
  for (const [name, values] of Object.entries(tensors)) {
    header[name] = { dtype: "F32", shape: [values.length], data_offsets: [offset, offset + 4 * values.length] };
    offset += 4 * values.length;
  }
  const text = Buffer.from(JSON.stringify(header));
  const length = Buffer.alloc(8);
  length.writeBigUInt64LE(BigInt(text.length));
  return Buffer.concat([length, text, Buffer.from(Float32Array.from(Object.values(tensors).flat()).buffer)]);
}

/** A policy of a camera and some joints with chunks of four actions; `inside` is a list that its graph holds. */
export function model(inside: readonly number[] = [], size = 6): Uint8Array {
  const image = g.input("observation.images.top", "float32", [1, 3, 8, 8]);
  const state = g.input("observation.state", "float32", [1, size]);
  const known = inside.length > 0 ? g.sub(state, g.tensor("float32", [1, size], inside)) : state;
  const seen = g.reshape(g.mean(image, [2, 3], false), [1, 3]);
  const joined = g.concat([seen, known], 1);
  const weight = g.tensor(
    "float32",
    [3 + size, 4 * size],
    Array.from({ length: (3 + size) * 4 * size }, (_, i) => Math.sin(i)),
  );
  const action = g.reshape(g.matmul(joined, weight), [1, 4, size]);
  const inputs = new Map([image, state].map((value) => [value.name!, value]));
  return writeModel({ name: "act", inputs, outputs: new Map([["action", action]]), metadata: new Map(), opset: 18 });
}

export const JOINTS = ["shoulder_pan", "shoulder_lift", "elbow_flex", "wrist_flex", "wrist_roll", "gripper"];

/** `config.json` of an ACT policy with the model's features. */
export const config = (change: object = {}) => ({
  type: "act",
  n_obs_steps: 1,
  input_features: {
    "observation.images.top": { type: "VISUAL", shape: [3, 8, 8] },
    "observation.state": { type: "STATE", shape: [6] },
  },
  output_features: { action: { type: "ACTION", shape: [6] } },
  normalization_mapping: { VISUAL: "MEAN_STD", STATE: "MEAN_STD", ACTION: "MEAN_STD" },
  chunk_size: 4,
  n_action_steps: 4,
  ...change,
});

export const info = (change: object = {}) => ({
  codebase_version: "v3.0",
  robot_type: "so101_follower",
  fps: 25,
  features: {
    action: { dtype: "float32", shape: [6], names: JOINTS.map((name) => `${name}.pos`) },
    "observation.state": { dtype: "float32", shape: [6], names: JOINTS.map((name) => `${name}.pos`) },
  },
  ...change,
});

interface Folder {
  readonly config?: object;
  readonly stats: Stats;
  /** Where the statistics are: as LeRobot 0.4 and later writes them, or as those before. */
  readonly format?: "processors" | "buffers";
  readonly modes?: object;
  readonly model?: Uint8Array;
  readonly info?: object | undefined;
}

/** Writes a policy's folder as LeRobot does, and the export beside it. */
export async function writeFolder(folder: string, given: Folder): Promise<void> {
  await mkdir(join(folder, "meta"), { recursive: true });
  const json = (name: string, data: object) => writeFile(join(folder, name), JSON.stringify(data));
  await json("config.json", given.config ?? config());
  await writeFile(join(folder, "model.onnx"), given.model ?? model());
  if (given.info) await json("meta/info.json", given.info);
  const flat = Object.fromEntries(
    Object.entries(given.stats).flatMap(([key, stats]) =>
      Object.entries(stats).map(([stat, values]) => [`${key}.${stat}`, values]),
    ),
  );
  if (given.format === "buffers") {
    const buffer = (name: string, side: string) => {
      const [, key, stat] = /^(.*)\.(\w+)$/.exec(name)!;
      return `${side}.buffer_${key!.replaceAll(".", "_")}.${stat}`;
    };
    const named = Object.entries(flat).map(([name, values]) => [
      buffer(name, name.startsWith("action") ? "unnormalize_outputs" : "normalize_inputs"),
      values,
    ]);
    await writeFile(
      join(folder, "model.safetensors"),
      safetensors({ "model.weight": [1, 2], ...Object.fromEntries(named) }),
    );
    return;
  }
  for (const [name, registry, step] of [
    ["policy_preprocessor", "normalizer_processor", 3],
    ["policy_postprocessor", "unnormalizer_processor", 0],
  ] as const) {
    const state = `${name}_step_${step}_${registry}.safetensors`;
    const modes = given.modes ?? config().normalization_mapping;
    const steps = [
      { registry_name: "rename_observations_processor", config: { rename_map: {} } },
      { registry_name: registry, config: { eps: 1e-8, features: {}, norm_map: modes }, state_file: state },
    ];
    await json(`${name}.json`, { name, steps });
    await writeFile(join(folder, state), safetensors(flat));
  }
}
