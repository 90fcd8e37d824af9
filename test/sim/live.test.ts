import { setImmediate as turn } from "node:timers/promises";
import { describe, expect, it } from "vitest";
import { InputError } from "#src/errors.js";
import type { Explanation } from "#src/explain/explanation.js";
import type { Observation } from "#src/explain/observation.js";
import { type Perturbation, parsePerturbations } from "#src/sim/perturbations.js";
import { random } from "#src/sim/random.js";
import { SimulatedSource, type SimulationOptions } from "#src/sim/source.js";
import { Reacher } from "#src/sim/tasks/reacher/reacher.js";
import { loadTask, taskNames } from "#src/sim/tasks/tasks.js";

/** All that a policy sees at a tick, and the torque that it then commands. */
interface Seen {
  readonly observation: Observation;
  readonly torque: Float32Array;
}

/** Runs under the task's expert. @param act called before each tick's torque is given */
async function simulate(
  options: Omit<SimulationOptions, "task">,
  act: (source: SimulatedSource, tick: number) => unknown = () => {},
): Promise<Seen[]> {
  const task = await Reacher.load({ width: 40, height: 32 });
  const source = new SimulatedSource({ speed: 0, ...options, task });
  const seen: Seen[] = [];
  for await (const observation of source.observations()) {
    const torque = Float32Array.from(task.expert());
    seen.push({ observation, torque });
    await act(source, observation.tick);
    source.accept({ torque } as Explanation);
  }
  await source.close();
  return seen;
}

/** Without what tells how a run was made, which a playback need not share: pauses and speed. */
const made = ({ observation, torque }: Seen) => {
  const { simulation, ...rest } = observation;
  const { isPaused: _, speed: __, ...state } = simulation!;
  return { ...rest, state, torque };
};

/** A random change, as a client sends it. */
function change(numbers: ReturnType<typeof random>): string {
  const some = (low: number, high: number) => numbers.between(low, high);
  return JSON.stringify(
    [
      { target: [some(-0.15, 0.15), some(-0.15, 0.15)] },
      { wrench: [some(-0.1, 0.1), some(-0.1, 0.1), 0, 0, 0, some(-0.01, 0.01)] },
      { wrench: null, light: some(0.2, 2) },
      { occlude: [numbers.integer(20), numbers.integer(16), 8, 8], torque_noise: some(0, 0.3) },
      { occlude: null },
    ][numbers.integer(5)],
  );
}

describe("a perturbation of a running simulation", () => {
  it.each([
    { seed: 1, episodes: 3 },
    { seed: 2, condition: "second", ticks: 120 },
    { seed: 3, rest: 0.3, ticks: 150 },
  ])("is played back bit for bit from its row: %o", async (options) => {
    const numbers = random(options.seed, 77);
    const rows: Perturbation[] = [];
    const live = await simulate(options, async (source, tick) => {
      const { gate } = source;
      if (tick === 10) gate.pause();
      if (tick === 14) gate.resume();
      if (gate.isPaused) setImmediate(() => void gate.step(1));
      if (tick === 30) source.speed = 1000;
      if (numbers.uniform() < 0.2) rows.push(source.perturb(change(numbers)));
      if (numbers.uniform() < 0.1) rows.push(source.perturb(change(numbers)), source.perturb(change(numbers)));
      await turn();
    });
    expect(rows.length).toBeGreaterThan(10);
    const task = await Reacher.load({ width: 40, height: 32 });
    const perturbations = parsePerturbations(JSON.stringify(rows), "saved.json", task);
    task.delete();
    expect(perturbations).toEqual(rows);
    const again = await simulate({ ...options, perturbations });
    expect(again.map(made)).toEqual(live.map(made));
    const undisturbed = await simulate(options);
    expect(undisturbed.map(made)).not.toEqual(live.map(made));
  });

  it("is in the next tick's observation, also over the end of an episode", async () => {
    const rows: Perturbation[] = [];
    const seen = await simulate({ ticks: 60 }, (source, tick) => {
      if (tick === 5) rows.push(source.perturb("{light: 0}"));
      if (tick === 49) rows.push(source.perturb("occlude: [0, 0, 40, 32]"));
    });
    expect(rows).toEqual([
      { episode: 0, tick: 6, light: 0 },
      { episode: 1, tick: 0, occlude: [0, 0, 40, 32] },
    ]);
    const isBlack = seen.map(({ observation }) => observation.images.image!.data.every((value) => value === 0));
    expect(isBlack).toEqual(Array.from({ length: 60 }, (_, tick) => tick > 5));
    expect(seen[5]!.observation.simulation).toMatchObject({ light: 1, occlude: null, episode: 0, tick: 5 });
    expect(seen[6]!.observation.simulation).toMatchObject({ light: 0, occlude: null });
    expect(seen[50]!.observation.simulation).toMatchObject({ light: 1, occlude: [0, 0, 40, 32], episode: 1, tick: 0 });
  });

  it.each([
    ["[", "perturbation: not YAML, line 1: Flow sequence must end with a ]"],
    ["", "perturbation: found null, expected target, wrench, torque_noise, occlude, light or fault"],
    [
      "{}",
      "perturbation: tick: nothing to change; expected one of target, wrench, torque_noise, occlude, light, fault",
    ],
    ["{light: -1}", "perturbation: light: found -1, expected a number, 0 to 10"],
    ["{light: 1, tick: 3}", /^perturbation: tick: unknown key, expected target, wrench/],
    ["{lights: 1}", /^perturbation: lights: unknown key, expected target, wrench/],
    ["{target: [9, 9]}", "perturbation: target: [9, 9]: expected [x, y] in metres within 0.25 of the shoulder"],
    ["{occlude: [30, 0, 20, 5]}", /^perturbation: occlude: .* inside the 40×32 image/],
    ["{wrench: [0, 0, 2000, 0, 0, 0]}", "perturbation: wrench: [0, 0, 2000, 0, 0, 0]: expected at most 1000 N and N·m"],
    ["{wrench: [.inf, 0, 0, 0, 0, 0]}", "perturbation: wrench[0]: found Infinity, expected a finite number"],
  ])("is refused where it does not fit: %s", async (text, message) => {
    const task = await Reacher.load({ width: 40, height: 32 });
    const source = new SimulatedSource({ task, speed: 0 });
    expect(() => source.perturb(text)).toThrow(InputError);
    expect(() => source.perturb(text)).toThrow(message);
    await source.close();
  });

  it("that makes the simulation unstable ends the episode and not the run", async () => {
    const problems: string[] = [];
    const unstable = (problem: string) => problems.push(problem);
    const push = "{wrench: [1000, 1000, 0, 0, 0, 0]}";
    const seen = await simulate({ ticks: 60, unstable }, (source, tick) => tick === 4 && source.perturb(push));
    expect(problems).toEqual([expect.stringContaining("the simulation became unstable")]);
    const begins = seen.findIndex(({ observation }) => observation.simulation!.episode === 1);
    expect(begins).toBeGreaterThan(4);
    expect(begins).toBeLessThan(50);
    const plain = await simulate({ episodes: 3 });
    const count = seen.length - begins;
    const poses = (run: Seen[]) => run.map(({ observation }) => observation.joints);
    expect(poses(seen.slice(begins))).toEqual(poses(plain.slice(50, 50 + count)));
    const perturbations: Perturbation[] = [{ tick: 5, wrench: [1000, 1000, 0, 0, 0, 0] }];
    await expect(simulate({ ticks: 60, perturbations, unstable })).rejects.toThrow(/became unstable/);
  });
});

describe("a running simulation", () => {
  it("pauses, steps and goes on, and is not late by that", async () => {
    const task = await Reacher.load({ width: 8, height: 8 });
    const source = new SimulatedSource({ task, speed: 1000 });
    const { gate } = source;
    const states: boolean[] = [];
    const running = (async () => {
      for await (const observation of source.observations()) {
        states.push(observation.simulation!.isPaused);
        source.accept({ torque: Float32Array.of(0, 0) } as Explanation);
        if (states.length === 3) gate.pause();
        if (states.length === 9) await source.close();
      }
    })();
    while (states.length < 3) await turn();
    for (let i = 0; i < 20; i++) await turn();
    expect(states).toHaveLength(3);
    await gate.step(1);
    expect(states).toHaveLength(4);
    await gate.step(2);
    expect(states).toHaveLength(6);
    gate.resume();
    await running;
    expect(states).toEqual([false, false, false, true, true, true, false, false, false]);
  });

  it("restarts with the first episode, also while it is paused, without what was to come", async () => {
    const seen = await simulate({ ticks: 12 }, (source, tick) => {
      if (tick === 4) {
        source.gate.pause();
        source.perturb("{light: 0}");
        source.restart();
        void source.gate.step(1);
      }
      if (tick === 5) source.gate.resume();
    });
    const at = seen.map(({ observation }) => [observation.simulation!.episode, observation.simulation!.tick]);
    expect(at.slice(3, 7)).toEqual([
      [0, 3],
      [0, 4],
      [0, 0],
      [0, 1],
    ]);
    expect(seen.map(({ observation }) => observation.tick)).toEqual(Array.from({ length: 12 }, (_, i) => i));
    expect(seen.filter(({ observation }) => observation.first).map(({ observation }) => observation.tick)).toEqual([
      0, 5,
    ]);
    const start = ({ observation }: Seen) => ({ ...observation.joints, image: observation.images.image!.data });
    expect(seen.slice(5).map(start)).toEqual(
      seen.slice(0, 7).map((one, i) => (i < 5 ? start(one) : start(seen[5 + i]!))),
    );
  });

  it("changes condition and speed, and refuses wrong ones", async () => {
    const seen = await simulate({ ticks: 8 }, (source, tick) => {
      if (tick === 2) source.condition = "third";
      if (tick === 5) source.condition = undefined;
      expect(() => {
        source.condition = "fifth";
      }).toThrow(/no condition "fifth"; expected first, second, third, fourth/);
      expect(() => {
        source.speed = -1;
      }).toThrow("speed: -1: expected 0, or 0.000001 to 1000");
    });
    expect(seen.map(({ observation: { simulation } }) => [simulation!.condition, simulation!.tick])).toEqual([
      ["", 0],
      ["", 1],
      ["", 2],
      ["third", 0],
      ["third", 1],
      ["third", 2],
      ["", 0],
      ["", 1],
    ]);
    expect(seen[3]!.observation.simulation!.goal).toEqual([-0.15, -0.08]);
  });

  it.each(taskNames)("tells where its goal is, and moves it there again: %s", async (name) => {
    const task = await loadTask(name, { width: 32, height: 32 });
    const goal = task.goal();
    expect(task.goalProblem(goal)).toBeUndefined();
    const before = task.transforms();
    task.moveGoal(goal);
    expect(task.transforms()).toEqual(before);
    const other = goal.map((value) => value - 0.01);
    task.moveGoal(other);
    expect(task.goal()).toEqual(other);
    expect(task.transforms()).not.toEqual(before);
    expect(task.robotDescription).toContain(`<link name="${task.tipLink}"`);
    task.delete();
  });
});
