import { mkdir, writeFile } from "node:fs/promises";
import { dirname } from "node:path";
import { stringify } from "yaml";
import { applyNode } from "#src/graph/apply.js";
import * as b from "#src/graph/build.js";
import { writeModel } from "#src/graph/onnx-write.js";
import { random } from "#src/sim/random.js";
import type { WorldFacts } from "#src/sim/worlds/world.js";
import { worldNamed } from "#src/sim/worlds/worlds.js";

interface Change {
  /** Rows of the embedding; default the world's words. */
  readonly rows?: number;
  /** Cells of the mask in a row and a column; undefined: the policy has none. */
  readonly mask?: number | undefined;
  readonly language?: object | undefined;
  /** Other keys of the card. */
  readonly card?: object;
  readonly isWithMask?: boolean;
}

/** A policy of the tabletop with random weights: a picture's and the words' features, logits, a mask; and its card. */
function listeningPolicy({ rows, mask = 16, language, card = {}, isWithMask = true }: Change = {}): {
  readonly bytes: Uint8Array;
  readonly card: object;
} {
  const { facts } = worldNamed("tabletop") as { facts: WorldFacts };
  const numbers = random(5);
  const weight = (shape: readonly number[], scale: number) => {
    const count = shape.reduce((x, y) => x * y);
    const values = Array.from({ length: count }, () => scale * numbers.normal());
    return b.tensor("float32", shape, values);
  };
  const { vocabulary, length } = facts.language!;
  const actions = facts.actions.names.length;
  const image = b.input("image", "uint8", [1, 3, 64, 64]);
  const instruction = b.input("instruction", "int64", [1, length]);
  const previous = b.input("previous_action", "float32", [1, actions]);
  const seen = b.relu(
    b.conv(b.cast(image, "float32"), weight([4, 3, 8, 8], 3e-3), { strides: [8, 8] }, weight([4], 0.1)),
  );
  const heard = applyNode("Gather", [weight([rows ?? vocabulary.words.length, 6], 0.3), instruction], { axis: 0 })
    .outputs[0]!;
  const features = b.concat([b.reshape(seen, [1, 256]), b.reshape(heard, [1, 6 * length]), previous], 1);
  const size = features.shape[1]!;
  const logits = b.matmul(features, weight([size, actions], 0.1));
  const cells = b.reshape(b.matmul(features, weight([size, mask * mask], 0.1)), [1, 1, mask, mask]);
  return {
    bytes: writeModel({
      name: "policy",
      inputs: new Map([
        ["image", image],
        ["instruction", instruction],
        ["previous_action", previous],
      ]),
      outputs: new Map([["actions", logits], ...(isWithMask ? [["mask", cells] as const] : [])]),
      metadata: new Map(),
      opset: 18,
    }),
    card: {
      torquelens_card: 1,
      name: "tabletop",
      control_period: facts.controlPeriod,
      actions: {
        output: "actions",
        names: [...facts.actions.names],
        values: "logits",
        ...(isWithMask && { mask: "mask" }),
      },
      inputs: {
        image: { modality: "image", encoding: "rgb8", layout: "NCHW", range: [0, 255] },
        instruction: [{ modality: "language", start: 0, size: length }],
        previous_action: [{ modality: "previous_action", start: 0, size: actions }],
      },
      language: {
        vocabulary: [...vocabulary.words],
        padding: "<pad>",
        begin: "<begin>",
        end: "<end>",
        unknown: "<unknown>",
        ...language,
      },
      ...card,
    },
  };
}

/** Writes it with its card beside it. @returns its path */
export async function writeListeningPolicy(path: string, change: Change = {}): Promise<string> {
  const { bytes, card } = listeningPolicy(change);
  await mkdir(dirname(path), { recursive: true });
  await writeFile(path, bytes);
  await writeFile(path.replace(/onnx$/, "yaml"), stringify(card));
  return path;
}
