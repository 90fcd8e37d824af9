import { cast, concat, constant, mul, reshape, sub } from "../../graph/build.js";
import { Literal } from "../../graph/literal.js";
import type { Shape } from "../../graph/shape.js";
import type { Value } from "../../graph/value.js";
import type { Random } from "../../sim/random.js";
import type { NetworkSpec } from "../../sim/tasks/lesson.js";
import { DEVIATION, FIRST_DEVIATION } from "../network/deviation.js";
import { linear, type Parameters } from "../network/linear.js";
import { headInputs, headShapes, hiddenLayers, look, visionShapes } from "../network/network.js";
import { initialise, Layout } from "../network/parameters.js";
import { gaussian } from "./heads.js";
import type { ActorCritic, Observed } from "./network.js";

/** Mean and 1 / standard deviation of the first hidden layer's inputs: feature points, then the configuration. */
export interface Standardisation {
  readonly mean: Float32Array;
  readonly scale: Float32Array;
}

/** Factor on the last layer's He weights at the start: hardly any torque. */
const POLICY_GAIN = 0.01;

/**
 * The network of an arm's policy with one more output of its last hidden layer, the value. Torques are parts of their
 * limits.
 * @param standardisation default none
 */
export function armNetwork(
  spec: NetworkSpec,
  sharpness: number,
  standardisation: Standardisation = unscaled(headInputs(spec)),
): ActorCritic {
  const head = gaussian(spec.torques);
  const value: Record<string, Shape> = { "value.weight": [spec.hidden[1], 1], "value.bias": [1] };
  const layout = new Layout({
    readout: {},
    convolutions: visionShapes(spec),
    head: { ...headShapes(spec), ...value, ...head.extra },
  });
  const [mean, scale] = [standardisation.mean, standardisation.scale].map((numbers) =>
    constant(Literal.from("float32", [numbers.length], numbers)),
  ) as [Value, Value];
  return {
    head,
    layout,
    image: [3, spec.height, spec.width],
    configuration: spec.configuration,

    initialise(vector: Float32Array, random: Random): void {
      initialise(layout, vector, random, { sharpness });
      const torques = layout.view(vector, "fc3.weight");
      for (let i = 0; i < torques.length; i++) torques[i]! *= POLICY_GAIN;
      layout.view(vector, DEVIATION).fill(FIRST_DEVIATION);
    },

    outputs(p, observed) {
      const hidden = hiddenLayers(p, mul(sub(inputsOfHead(spec, p, observed), mean), scale));
      const value = reshape(linear(p, hidden, "value"), [observed.image.shape[0]!]);
      return { policy: linear(p, hidden, "fc3"), value };
    },
  };
}

const unscaled = (size: number): Standardisation => ({
  mean: new Float32Array(size),
  scale: new Float32Array(size).fill(1),
});

/** The first hidden layer's inputs as they come, [B, 2C + n]. */
export function inputsOfHead(spec: NetworkSpec, p: Parameters, { image, configuration }: Observed): Value {
  const { points } = look(spec, p, mul(cast(image, "float32"), 1 / 255), configuration!);
  return concat([points, configuration!], 1);
}
