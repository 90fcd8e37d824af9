import { afterAll, expect, test } from "vitest";
import { loadTask } from "#src/sim/tasks/tasks.js";
import { runEpisodes } from "#src/train/episodes/episodes.js";

const task = await loadTask("reacher", { width: 32, height: 32, targets: "random" });
const corners = task.conditions.map((_, condition) => {
  task.reset(0, 0, condition);
  return String(task.goal());
});
afterAll(() => task.delete());

/** Goals of eight episodes without torques. */
async function goals(conditions?: number): Promise<string[]> {
  const found: string[] = [];
  const episodes = [0, 1, 2, 3, 4, 5, 6, 7];
  const act = async () => {
    if (found.length === 0 || found.at(-1) !== String(task.goal())) found.push(String(task.goal()));
    return { torque: new Float64Array(2) };
  };
  await runEpisodes(task, act as never, { seed: 3, episodes, kind: {}, expert: false, noise: 0, conditions });
  return found;
}

test("a part of the episodes has the goals of the conditions, the others those of their kind", async () => {
  const usual = await goals();
  expect(usual.filter((goal) => corners.includes(goal))).toEqual([]);
  const always = await goals(1);
  expect(always.filter((goal) => !corners.includes(goal))).toEqual([]);
  expect(new Set(always).size).toBeGreaterThan(1);
  const some = await goals(0.5);
  const other = some.filter((goal) => !corners.includes(goal));
  expect(other.length).toBeGreaterThan(0);
  expect(other.length).toBeLessThan(some.length);
  // Those that keep their kind are the same episodes as without conditions.
  for (const goal of other) expect(usual).toContain(goal);
});
