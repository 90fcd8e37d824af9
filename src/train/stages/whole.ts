import { concat, input, mean, mul, square, sub } from "../../graph/build.js";
import type { NetworkSpec } from "../../sim/tasks/lesson.js";
import { labelOf, sceneOf } from "../episodes/demonstrations.js";
import { headInputs, imageTensor, layers, look } from "../network/network.js";
import type { Layout } from "../network/parameters.js";
import { type StepModel, stepModel } from "../network/step-model.js";
import { floats, type Request, type WorkerContext } from "../team/work.js";
import { stepSource } from "./step-source.js";

/** A step, and the range of demonstrations to learn from. */
export interface WholeRequest extends Request {
  readonly fit: number;
  readonly step: number;
  readonly from: number;
  readonly rows: number;
  readonly kind: typeof WHOLE;
}

/** Name of a step from pixels to torques in requests. */
export const WHOLE = "whole";

/**
 * Mean squared error of the torques, learned by all layers from the pixels on (Levine et al. 2016 §5). Batch: `image`
 * uint8 [B, H, W, 3]; `configuration` [B, n]; `centre` and `scale` standardise the head's inputs; `torque`
 * [B, J], as parts of the limits.
 */
export function wholeStep(spec: NetworkSpec, layout: Layout, batch: number): StepModel {
  const image = input("image", "uint8", [batch, spec.height, spec.width, 3]);
  const configuration = input("configuration", "float32", [batch, spec.configuration]);
  const centre = input("centre", "float32", [headInputs(spec)]);
  const scale = input("scale", "float32", [headInputs(spec)]);
  const torque = input("torque", "float32", [batch, spec.torques]);
  const parameters = layout.inputs(WHOLE);
  const { points } = look(spec, parameters, imageTensor(image, 1 / 255), configuration);
  const x = mul(sub(concat([points, configuration], 1), centre), scale);
  const loss = mean(square(sub(layers(parameters, x), torque)));
  return stepModel(layout, WHOLE, batch, parameters, [image, configuration, centre, scale, torque], { loss });
}

/** A step on randomly drawn rows of the demonstrations, whose images are rendered again. */
export const wholeWork = {
  [WHOLE]: (worker: WorkerContext) => {
    const { spec, episodes, seed, worker: index, demonstrations } = worker.setup;
    return {
      async answer({ fit, step, from, rows }: WholeRequest) {
        const batch = worker.batch(WHOLE);
        const source = stepSource(seed, 1 + fit, step, index);
        const task = await worker.task(episodes);
        const pixels = spec.height * spec.width * 3;
        const shape = [batch, spec.height, spec.width, 3];
        const image = { dtype: "uint8" as const, shape, data: new Uint8Array(batch * pixels) };
        const configuration = floats(batch, spec.configuration);
        const torque = floats(batch, demonstrations.torques);
        for (let i = 0; i < batch; i++) {
          const row = from + source.integer(rows - from);
          task.restore(sceneOf(demonstrations, row));
          image.data.set(task.observe().image, i * pixels);
          const points = demonstrations.width - spec.configuration;
          const first = row * demonstrations.width + points;
          configuration.data.set(
            demonstrations.inputs.subarray(first, first + spec.configuration),
            i * spec.configuration,
          );
          torque.data.set(labelOf(demonstrations, row), i * demonstrations.torques);
        }
        const centre = floats(demonstrations.width);
        centre.data.set(demonstrations.mean);
        const scale = floats(demonstrations.width);
        scale.data.set(demonstrations.scale);
        return [await worker.step(WHOLE, { image, configuration, centre, scale, torque })];
      },
    };
  },
};
