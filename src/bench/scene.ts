import { feedsOf } from "../explain/feeds.js";
import type { Policy } from "../policy/policy.js";
import type { Tensors } from "../runtime/models.js";
import { SimulatedSource } from "../sim/source.js";
import { loadTask } from "../sim/tasks/tasks.js";

/** Pictures of a task where its episodes begin, rgb8. */
export async function picturesOf(name: string, width: number, height: number): Promise<Uint8Array[]> {
  const task = await loadTask(name, { width, height });
  const pictures = task.conditions.map((_, condition) => {
    task.reset(0, condition, condition);
    return task.observe().image.slice();
  });
  task.delete();
  return pictures;
}

/** A policy's inputs where its task begins. */
export async function sceneFor(policy: Policy, name: string): Promise<Tensors> {
  const image = policy.modalities.find(({ kind }) => kind === "image");
  if (image?.kind !== "image") throw new Error(`${policy.path}: no image`);
  const task = await loadTask(name, { width: image.width, height: image.height });
  const source = new SimulatedSource({ task, seed: 0, episodes: 1, speed: 0 });
  try {
    for await (const observation of source.observations()) return feedsOf(policy, observation);
    throw new Error(`task ${name}: no observation`);
  } finally {
    await source.close();
  }
}
