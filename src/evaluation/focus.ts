import { type Explanation, isMeaningful } from "../explain/explanation.js";
import type { Sink } from "../explain/pipeline.js";
import type { Heatmap } from "../image/heatmap.js";
import type { ImagePoint } from "../sim/render/view.js";
import type { TaskCamera } from "../sim/tasks/task.js";

/** Radius of "near" as a part of the image's height: 8 pixels at 64. */
const NEAR = 8 / 64;

/** The radius, pixels. */
export const reachOf = (height: number): number => NEAR * height;

/** The arm counts as moving while a joint turns faster than this, rad/s. */
const MOVING = 0.1;

/** Mean over the moving ticks of the part of the image's relevance near the task's image points. */
export class Focus implements Sink {
  #sum = 0;
  #ticks = 0;

  constructor(readonly task: Pick<TaskCamera, "imagePoints">) {}

  write({ observation, heatmaps, flags }: Explanation): void {
    const moving = observation.joints.velocity.some((velocity) => Math.abs(velocity) > MOVING);
    if (!moving || !isMeaningful(flags)) return;
    this.#sum += nearShare(heatmaps.image!, Object.values(this.task.imagePoints()));
    this.#ticks++;
  }

  async close(): Promise<void> {}

  get mean(): number {
    return this.#sum / this.#ticks;
  }
}

/** Part of a heatmap's relevance, by magnitude, that is near any of the points. */
export function nearShare({ width, height, data }: Heatmap, points: readonly ImagePoint[]): number {
  const reach = reachOf(height);
  let near = 0;
  let all = 0;
  data.forEach((relevance, pixel) => {
    const [x, y] = [(pixel % width) + 0.5, Math.floor(pixel / width) + 0.5];
    const size = Math.abs(relevance);
    all += size;
    if (points.some((point) => Math.hypot(point.x - x, point.y - y) <= reach)) near += size;
  });
  return near / all;
}
