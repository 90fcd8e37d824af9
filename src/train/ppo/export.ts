import { constant, input } from "../../graph/build.js";
import { Literal } from "../../graph/literal.js";
import { writeModel } from "../../graph/onnx-write.js";
import type { CardInput } from "../../policy/card-schema.js";
import type { WorldFacts } from "../../sim/worlds/world.js";
import type { Layout } from "../network/parameters.js";
import { type PixelSpec, plainNetwork } from "./network.js";
import { type PpoRecipe, specOf } from "./recipe.js";

/** Names of a policy's tensors. */
const [IMAGE, LOGITS, ACTION] = ["image", "logits", "action"] as const;

/**
 * The policy of a world as a file: `image` uint8 [1, C, H, W] to `logits` [1, actions], or to `action` [1, n], the mean.
 * The pixels' 1/255 is part of the first convolution's weights. The value and its head are left out.
 */
export function exportWorldPolicy(
  facts: WorldFacts,
  recipe: PpoRecipe,
  layout: Layout,
  vector: Float32Array,
  metadata: ReadonlyMap<string, string>,
): Uint8Array {
  const spec: PixelSpec = specOf(facts, recipe);
  const parameters = Object.fromEntries(
    [...layout.slots].map(([name, { shape }]) => {
      const scale = name === "conv1.weight" ? 1 / 255 : 1;
      const numbers = Float64Array.from(layout.view(vector, name), (value) => value * scale);
      return [name, constant(Literal.from("float32", shape, numbers), name)];
    }),
  );
  const image = input(IMAGE, "uint8", [1, spec.channels, spec.height, spec.width]);
  const { policy } = plainNetwork(spec, parameters, image);
  return writeModel({
    name: "policy",
    inputs: new Map([[IMAGE, image]]),
    outputs: new Map([[outputOf(facts), policy]]),
    metadata: new Map(metadata),
    opset: 18,
  });
}

const outputOf = ({ actions }: WorldFacts): string => (actions.kind === "discrete" ? LOGITS : ACTION);

/** The card of a policy trained in a world of discrete actions or of continuous ones. */
export function worldCard(
  facts: WorldFacts,
  { frames }: Pick<PpoRecipe, "frames">,
  training: Readonly<Record<string, unknown>>,
): CardInput {
  const { name, picture, controlPeriod, actions } = facts;
  return {
    torquelens_card: 1,
    name,
    control_period: controlPeriod,
    ...(actions.kind === "discrete"
      ? { actions: { output: LOGITS, names: [...actions.names], values: "logits" } }
      : { outputs: { [ACTION]: { kind: "other", elements: [...actions.names], unit: [...actions.units] } } }),
    inputs: {
      [IMAGE]: {
        modality: "image",
        encoding: picture.channels === 1 ? "mono8" : "rgb8",
        layout: "NCHW",
        range: [0, 255],
        ...(frames > 1 && { frames }),
      },
    },
    training,
  };
}
