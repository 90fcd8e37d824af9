import { afterEach, expect, test } from "vitest";
import { Session } from "#src/runtime/session.js";
import { random } from "#src/sim/random.js";
import { loadTask } from "#src/sim/tasks/tasks.js";
import { withPolicy } from "#src/train/episodes/act.js";
import { exportPolicy } from "#src/train/network/export.js";
import { armNetwork } from "#src/train/ppo/arm-network.js";
import { armRecipe } from "#src/train/ppo/arm-recipes.js";
import { actingModel } from "#src/train/ppo/policy-model.js";
import type { ArmPpoRecipe } from "#src/train/ppo/recipe.js";
import { type PpoCheckpoint, type PpoOptions, PpoTraining } from "#src/train/ppo/training.js";

const reacher = armRecipe("reacher", {});
const ARM: ArmPpoRecipe = {
  ...reacher,
  spec: { ...reacher.spec, width: 32, height: 32, channels: [4, 4, 4], hidden: [8, 8] },
  // Episodes of 50 steps end within the second rollout.
  ppo: { ...reacher.ppo, totalSteps: 512, worlds: 4, rolloutSteps: 32, epochs: 2, minibatches: 2 },
};

const open: PpoTraining[] = [];
afterEach(async () => {
  await Promise.all(open.splice(0).map((training) => training.close()));
});

async function train(seed: number, options: Partial<PpoOptions> = {}) {
  const training = await PpoTraining.start({ seed, world: "reacher", recipe: ARM, ...options });
  open.push(training);
  await training.train();
  return training;
}

test("an arm's training is the same for one seed, also where it goes on from a checkpoint", async () => {
  const kept: PpoCheckpoint[] = [];
  const whole = await train(5, { keepEvery: 0, keep: async (checkpoint) => void kept.push(checkpoint) });
  expect(whole.history.state.points.reduce((sum, { episodes }) => sum + episodes, 0)).toBe(8);
  for (const at of [0, 1, 2]) {
    const resumed = await train(5, { resume: kept[at]! });
    expect(resumed.parameters).toEqual(whole.parameters);
    expect(resumed.history.state).toEqual(whole.history.state);
    expect(resumed.standardisation).toEqual(whole.standardisation);
  }
  expect((await train(6)).parameters).not.toEqual(whole.parameters);
});

test("an arm learns by all of its parameters, its control by all but the convolutions", async () => {
  const [control, policy] = [await train(7, { recipe: { ...ARM, vision: false } }), await train(7)];
  const start = await train(7, { recipe: { ...ARM, ppo: { ...ARM.ppo, rate: 0 } } });
  for (const name of control.layout.slots.keys()) {
    const of = ({ layout, parameters }: PpoTraining) => layout.view(parameters, name);
    expect(of(policy), name).not.toEqual(of(start));
    if (name.startsWith("conv")) expect(of(control), name).toEqual(of(start));
    else expect(of(control), name).not.toEqual(of(start));
  }
});

test("deviations of actions stay within a bound that falls to the recipe's", async () => {
  const deviations = async (ppo: Partial<ArmPpoRecipe["ppo"]>): Promise<number[]> => {
    const kept: PpoCheckpoint[] = [];
    const recipe = { ...ARM, ppo: { ...ARM.ppo, ...ppo } };
    const { layout } = await train(7, { recipe, keepEvery: 0, keep: async (at) => void kept.push(at) });
    return kept.map(({ parameters }) => Math.exp(Math.max(...layout.view(parameters, "policy.deviation"))));
  };
  // Nothing is learned, so that deviations are the bound itself: a half, and after four rollouts a thirty-second.
  const bounds = [1 / 4, 1 / 8, 1 / 16, 1 / 32];
  for (const [i, found] of (await deviations({ rate: 0, deviationEnd: 1 / 32 })).entries())
    expect(found).toBeCloseTo(bounds[i]!, 6);
  for (const found of await deviations({ rate: 0 })) expect(found).toBeCloseTo(0.5, 6);
  // Where it learns, a smaller deviation than the bound stays.
  const learned = await deviations({ rate: 0.1 });
  const bounded = await deviations({ rate: 0.1, deviationEnd: 1 / 32 });
  expect(bounded.every((found, i) => found <= bounds[i]! * 1.000001)).toBe(true);
  expect(learned.some((found, i) => found > bounds[i]!)).toBe(true);
});

test("the inputs of an arm's hidden layers begin with mean 0 and deviation 1", async () => {
  const { standardisation, layout, parameters } = await train(7, {
    recipe: { ...ARM, ppo: { ...ARM.ppo, totalSteps: 1, rate: 0 } },
  });
  const { mean, scale } = standardisation!;
  const task = await loadTask("reacher", { ...ARM.spec, targets: "random" });
  const plain = { mean: new Float32Array(18), scale: new Float32Array(18).fill(1), torqueLimit: [1, 1] };
  const rows: number[][] = [];
  const source = random(3);
  await withPolicy(exportPolicy(ARM.spec, layout, parameters, plain, { points: true }), async (act) => {
    for (let episode = 0; episode < 20; episode++) {
      task.reset(99, episode);
      for (let tick = 0; tick < task.ticks; tick++) {
        const { points, configuration } = await act(task);
        rows.push([...points, ...configuration]);
        task.step([source.between(-0.3, 0.3), source.between(-0.3, 0.3)]);
      }
    }
  });
  task.delete();
  rows[0]!.forEach((_, j) => {
    const column = rows.map((row) => (row[j]! - mean[j]!) * scale[j]!);
    const centre = column.reduce((a, b) => a + b) / column.length;
    const deviation = Math.sqrt(column.reduce((sum, x) => sum + (x - centre) ** 2, 0) / column.length);
    expect(Math.abs(centre), `${j}`).toBeLessThan(1);
    // The end effector moves in a plane: two of its numbers never vary.
    if (j === 14 || j === 17) expect(deviation, `${j}`).toBeLessThan(1e-3);
    else expect(deviation, `${j}`).toBeGreaterThan(0.6);
    expect(deviation, `${j}`).toBeLessThan(1.6);
  });
});

test("the file of an arm commands what the network in training does, in newton metres", async () => {
  const { layout, parameters, standardisation } = await train(8);
  const torqueLimit = [0.3, 0.2];
  const bytes = exportPolicy(ARM.spec, layout, parameters, { ...standardisation!, torqueLimit });
  const task = await loadTask("reacher", { ...ARM.spec, targets: "random" });
  const network = armNetwork(ARM.spec, ARM.sharpness, standardisation);
  const acting = await Session.create(actingModel(network, 1));
  const { height, width } = ARM.spec;
  await withPolicy(bytes, async (act) => {
    for (let episode = 0; episode < 5; episode++) {
      task.reset(4, episode);
      const { image } = task.observe();
      const { torque, configuration } = await act(task);
      const planes = Uint8Array.from(image, (_, i) => {
        const pixel = i % (height * width);
        return image[3 * pixel + Math.floor(i / (height * width))]!;
      });
      const weights = acting.inputNames.flatMap((name) => {
        const slot = layout.slots.get(name);
        if (slot === undefined) return [];
        return [[name, { dtype: "float32" as const, shape: slot.shape, data: layout.view(parameters, name).slice() }]];
      });
      const outputs = await acting.run({
        ...Object.fromEntries(weights),
        image: { dtype: "uint8", shape: [1, 3, height, width], data: planes },
        configuration: { dtype: "float32", shape: [1, 10], data: configuration },
      });
      const parts = outputs.policy!.data as Float32Array;
      expect(Math.hypot(...parts)).toBeGreaterThan(1e-3);
      for (const [joint, limit] of torqueLimit.entries()) {
        expect(torque[joint]! / limit).toBeCloseTo(parts[joint]!, 4);
      }
    }
  });
  await acting.release();
  task.delete();
});

test("another task, algorithm or recipe is refused with what there is", () => {
  expect(() => armRecipe("peg", {})).toThrow('task peg cannot be trained by "ppo", expected imitation, gps');
  expect(() => armRecipe("reacher", { algorithm: "gps", recipe: "ppo" })).toThrow(
    "recipe ppo is for the algorithm ppo, not gps",
  );
  expect(() => armRecipe("reacher", { algorithm: "ppo", recipe: "levine" })).toThrow(
    "recipe levine is not for the algorithm ppo",
  );
  expect(armRecipe("reacher", { algorithm: "ppo" })).toBe(reacher);
});
