import { constant, input } from "../../graph/build.js";
import { Literal } from "../../graph/literal.js";
import { writeModel } from "../../graph/onnx-write.js";
import { own } from "../../own.js";
import type { CardInput } from "../../policy/card-schema.js";
import type { ContinuousActions, WorldFacts } from "../../sim/worlds/world.js";
import type { Layout } from "../network/parameters.js";
import { attentionGrid, placeField } from "../pixels/attention-grid.js";
import { plainNetwork } from "../pixels/network.js";
import type { PixelLayers, PixelSpec } from "../pixels/spec.js";
import { rangesOf } from "./commands.js";
import { type PpoRecipe, specOf } from "./recipe.js";

/** Names of a policy's tensors. */
const [IMAGE, LOGITS, ACTION, ATTENTION] = ["image", "logits", "action", "attention"] as const;

/**
 * The policy of a world as a file: `image` uint8 [1, C, H, W] to `logits` [1, actions], or to `action` [1, n], the mean.
 * The pixels' 1/255 is part of the first convolution's weights, the commands' ranges are part of the last layer's. The
 * value and its head are left out. A network with attention has another output, `attention` [1, 1, h, w], on its places.
 */
export function exportWorldPolicy(
  facts: WorldFacts,
  recipe: Pick<PpoRecipe, "frames" | "network">,
  layout: Layout,
  vector: Float32Array,
  metadata: ReadonlyMap<string, string>,
): Uint8Array {
  const spec: PixelSpec = specOf(facts, recipe);
  const inUnits = changedParameters(facts);
  const parameters = Object.fromEntries(
    [...layout.slots].map(([name, { shape }]) => {
      const change = own(inUnits, name) ?? unchanged;
      const numbers = Float64Array.from(layout.view(vector, name), change);
      return [name, constant(Literal.from("float32", shape, numbers), name)];
    }),
  );
  const image = input(IMAGE, "uint8", [1, spec.channels, spec.height, spec.width]);
  const { policy, attention } = plainNetwork(spec, parameters, image);
  return writeModel({
    name: "policy",
    inputs: new Map([[IMAGE, image]]),
    outputs: new Map([
      [outputOf(facts), policy],
      ...(attention.size > 0 ? [[ATTENTION, attentionGrid(spec, attention)] as const] : []),
    ]),
    metadata: new Map(metadata),
    opset: 18,
  });
}

/** A parameter's element in the file, from the one in training. */
type Change = (value: number, at: number) => number;

const unchanged: Change = (value) => value;

/** The parameters that are other numbers in a file: pixels come as they are, commands leave in their units. */
function changedParameters({ actions }: WorldFacts): Readonly<Record<string, Change>> {
  const pixels = { "conv1.weight": (value: number) => value / 255 };
  if (actions.kind === "discrete") return pixels;
  const ranges = rangesOf(actions);
  return {
    ...pixels,
    "policy.weight": (value, at) => ranges[at % ranges.length]!.half * value,
    "policy.bias": (value, at) => ranges[at]!.half * value + ranges[at]!.middle,
  };
}

const outputOf = ({ actions }: WorldFacts): string => (actions.kind === "discrete" ? LOGITS : ACTION);

/** The larger of a command's two bounds. */
const limitsOf = ({ low, high }: ContinuousActions): number[] =>
  high.map((bound, i) => Math.max(Math.abs(bound), Math.abs(low[i]!)));

/** What a place of the attention sees, in the card's words. */
function geometryOf(network: PixelLayers) {
  const { size, stride, padding } = placeField(network);
  return { stride, field: size, padding };
}

/** The card of a policy trained in a world of discrete actions or of continuous ones. */
export function worldCard(
  facts: WorldFacts,
  { frames, network }: { readonly frames: number; readonly network?: PixelLayers },
  training: Readonly<Record<string, unknown>>,
): CardInput {
  const { name, picture, controlPeriod, actions } = facts;
  return {
    torquelens_card: 1,
    name,
    control_period: controlPeriod,
    ...(actions.kind === "discrete"
      ? { actions: { output: LOGITS, names: [...actions.names], values: "logits" } }
      : {
          outputs: {
            [ACTION]: {
              kind: "other",
              elements: [...actions.names],
              unit: [...actions.units],
              limits: limitsOf(actions),
            },
          },
        }),
    inputs: {
      [IMAGE]: {
        modality: IMAGE,
        encoding: picture.channels === 1 ? "mono8" : "rgb8",
        layout: "NCHW",
        range: [0, 255],
        ...(frames > 1 && { frames }),
      },
    },
    ...(network?.attention && { attention: { [ATTENTION]: { modality: IMAGE, ...geometryOf(network) } } }),
    training,
  };
}
