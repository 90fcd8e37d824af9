import type { CardInput } from "../policy/card-schema.js";
import type { NetworkSpec } from "../sim/tasks/lesson.js";
import type { Task } from "../sim/tasks/task.js";
import { attentionField } from "./network/attention.js";
import { TENSORS } from "./network/export.js";

/**
 * The card of a policy trained on a simulated task. `arm` is the MJCF file relative to the card, and the tip's site.
 * @param spec the network, whose maps of attention the card tells of; default none
 */
export function trainedCard(
  task: Task,
  arm: { readonly file: string; readonly site: string },
  training: Readonly<Record<string, unknown>>,
  spec?: NetworkSpec,
): CardInput {
  const place = spec && attentionField(spec);
  let start = 0;
  const configuration = task.modalities.map(({ name, size }) => {
    const slice = { modality: name, start, size };
    start += size;
    return slice;
  });
  return {
    torquelens_card: 1,
    name: task.name,
    control_period: task.controlPeriod,
    joints: [...task.joints],
    torque: { output: TENSORS.torque, limits: [...task.torqueLimit] },
    inputs: {
      [TENSORS.image]: { modality: "image", encoding: "rgb8", layout: "NHWC", range: [0, 255] },
      [TENSORS.configuration]: configuration,
    },
    ...(place && {
      attention: {
        [TENSORS.attention]: {
          modality: TENSORS.image,
          stride: place.stride,
          field: place.size,
          padding: place.padding,
        },
      },
    }),
    arm,
    training,
  };
}
