import { reachOf } from "../../evaluation/focus.js";
import { imageOf } from "../../evaluation/world-play.js";
import type { Policy } from "../../policy/policy.js";
import { ARM, TARGET } from "../../sim/render/sight.js";
import type { Simulated } from "../../sim/simulated.js";
import { SimulatedWorld } from "../../sim/simulated-world.js";
import type { TaskCamera } from "../../sim/tasks/task.js";
import { loadTask, taskNames } from "../../sim/tasks/tasks.js";
import { worldNamed } from "../../sim/worlds/worlds.js";

/** A task or a world whose pixels that matter are known. */
export interface Scene {
  readonly simulated: Simulated;
  /** 1 at the pixels of what matters now, else 0, [height × width]: fixations, as it were. */
  fixations(): Uint8Array;
}

/** Loads the task or the world of that name as a policy sees it. */
export async function sceneOf(policy: Policy, name: string): Promise<Scene> {
  if (!taskNames.includes(name)) {
    const world = await SimulatedWorld.load(worldNamed(name));
    return { simulated: world, fixations: () => world.salient() };
  }
  const { width, height } = imageOf(policy);
  const task = await loadTask(name, { width, height });
  return { simulated: task, fixations: () => armFixations(task) };
}

/** The target's pixels, and the arm's near its tip and the goal. */
function armFixations(task: Pick<TaskCamera, "sight" | "imagePoints">): Uint8Array {
  const { width, height, segmentation } = task.sight();
  const points = Object.values(task.imagePoints());
  const reach = reachOf(height);
  return segmentation.map((label, pixel) => {
    if (label !== ARM) return Number(label === TARGET);
    const [x, y] = [(pixel % width) + 0.5, Math.floor(pixel / width) + 0.5];
    return Number(points.some((point) => Math.hypot(point.x - x, point.y - y) <= reach));
  });
}
