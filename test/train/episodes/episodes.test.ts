import { afterAll, expect, test } from "vitest";
import type { Task } from "#src/sim/tasks/task.js";
import { loadTask } from "#src/sim/tasks/tasks.js";
import type { Act } from "#src/train/episodes/act.js";
import { runEpisodes, type Tick } from "#src/train/episodes/episodes.js";

const task = await loadTask("reacher", { width: 32, height: 32, targets: "random" });
const corners = task.conditions.map((_, condition) => {
  task.reset(0, 0, condition);
  return String(task.goal());
});
afterAll(() => task.delete());

const NONE = new Float32Array(0);

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

/** Two episodes without torques, the first pushed beyond what the simulation bears. */
async function pushed(arm: Task, pushAt: number, record?: (tick: Tick) => void) {
  let acts = 0;
  const act: Act = async (moved) => {
    moved.push(acts++ === pushAt ? [1e6, 1e6, 0, 0, 0, 0] : null);
    return { torque: new Float64Array(moved.joints.length), points: NONE, configuration: NONE };
  };
  const options = { seed: 3, episodes: [0, 1], kind: {}, expert: false, noise: 0 };
  return runEpisodes(arm, act, options, record);
}

test.each(["reacher", "peg"])(
  "an episode that becomes unstable ends there, and the next is as ever: %s",
  async (name) => {
    const arm = await loadTask(name, { width: 16, height: 16 });
    const [plain, found] = [await pushed(arm, -1), await pushed(arm, 4)];
    arm.delete();
    expect(found[0]).toEqual({ error: expect.any(Number), success: false });
    expect(found[0]!.error).toBeLessThan(1);
    expect(found[1]).toEqual(plain[1]);
  },
);

test("all rows of an episode that becomes unstable get its first tick", async () => {
  const [plain, found]: [Tick[], Tick[]] = [[], []];
  await pushed(task, -1, (tick) => plain.push(tick));
  await pushed(task, 4, (tick) => found.push(tick));
  const of = (ticks: readonly Tick[], episode: number) => ticks.filter((tick) => tick.episode === episode);
  // The last that was written to a row counts.
  const rows = new Map(of(found, 0).map((tick) => [tick.tick, tick]));
  expect(rows.size).toBe(task.ticks);
  for (const [tick, row] of rows) expect(row).toEqual({ ...of(plain, 0)[0], tick });
  expect(of(found, 1)).toEqual(of(plain, 1));
});
