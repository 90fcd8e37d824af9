import { own } from "../../own.js";
import type { Random } from "../../sim/random.js";
import type { NetworkSpec } from "../../sim/tasks/lesson.js";
import type { TaskCamera, TaskEpisode } from "../../sim/tasks/task.js";
import { configurationOf } from "../episodes/act.js";
import { cellOf } from "../network/network.js";

/**
 * Draws freshly posed frames: every frame is new, which rules out overfitting. Fills `image` [B × H × W × 3],
 * `configuration` [B × n] and `places` [B × L × 2] (columns and rows of cells).
 */
export function drawFrames(
  task: TaskEpisode & TaskCamera,
  landmarks: readonly string[],
  spec: NetworkSpec,
  source: Random,
  image: Uint8Array,
  configuration: Float32Array,
  places: Float32Array,
): void {
  const pixels = spec.width * spec.height * 3;
  for (let frame = 0; frame * pixels < image.length; frame++) {
    task.scatter(source);
    const observed = task.observe();
    image.set(observed.image, frame * pixels);
    configuration.set(configurationOf(task, observed), frame * spec.configuration);
    const seen = task.imagePoints();
    landmarks.forEach((name, landmark) => {
      places.set(cellOf(spec, own(seen, name)!.x, own(seen, name)!.y), 2 * (frame * landmarks.length + landmark));
    });
  }
}
