import { expect, test } from "vitest";
import { mean } from "#src/numbers/mean.js";
import { random } from "#src/sim/random.js";
import type { Canvas } from "#src/sim/worlds/canvas.js";
import type { World, WorldEntry, WorldFacts } from "#src/sim/worlds/world.js";
import { Adam, clipFactor, gradientNorm } from "#src/train/network/adam.js";
import { sharedFloats } from "#src/train/network/parameters.js";
import { estimateAdvantages, normalise } from "#src/train/ppo/advantages.js";
import { actingModel } from "#src/train/ppo/policy-model.js";
import type { PpoRecipe } from "#src/train/ppo/recipe.js";
import { ppoRecipe } from "#src/train/ppo/recipes.js";
import { allocateRollout, allocateStanding } from "#src/train/ppo/rollout.js";
import { ppoStep } from "#src/train/ppo/step.js";
import { worldNetwork } from "#src/train/ppo/subject.js";
import { type ActorContext, actorContext, collectWork, learnWork } from "#src/train/ppo/work.js";

const [SIDE, BAR, LENGTH] = [9, 3, 8];
/** Steps of a life. */
const LIFE = 3;
const FACTS: WorldFacts = {
  name: "bars",
  picture: { width: SIDE, height: SIDE, channels: 1 },
  frames: 1,
  classes: ["dark", "bar"],
  salient: ["bar"],
  empty: ["dark"],
  actions: { kind: "discrete", names: ["left", "middle", "right"] },
  controlPeriod: 0.1,
  limit: 100,
};

/**
 * A bright bar at one of three places, drawn anew at each step: the action of its name is worth 1. An episode succeeds
 * whose last action was right.
 */
class Bars implements World {
  readonly facts = FACTS;
  #draws = random(0);
  #bar = 0;
  #steps = 0;

  constructor(readonly canvas: Canvas) {}

  reset(seed: number, episode: number): void {
    this.#draws = random(seed, episode);
    this.#steps = 0;
    this.#draw();
  }

  step(actions: ArrayLike<number>, at = 0) {
    const reward = Number(actions[at] === this.#bar);
    const terminated = ++this.#steps === LENGTH;
    this.#draw();
    const success = terminated && reward === 1;
    return { reward, terminated, truncated: false, success, lifeLost: this.#steps % LIFE === 0 };
  }

  progress = (): number => this.#steps / LENGTH;
  segmentation(): void {}
  save = (): Float64Array => Float64Array.of(this.#bar, this.#steps);
  restore(): void {}

  #draw(): void {
    this.#bar = this.#draws.integer(3);
    const { data, offset, column, row } = this.canvas;
    for (let y = 0; y < SIDE; y++)
      for (let x = 0; x < SIDE; x++) data[offset + y * row + x * column] = Math.floor(x / BAR) === this.#bar ? 255 : 0;
  }
}

const ENTRY: WorldEntry = { facts: FACTS, load: async () => (canvas) => new Bars(canvas) };
const usual = ppoRecipe("red-fetch-green", {});
const RECIPE: PpoRecipe = {
  ...usual,
  network: { convolutions: [{ filters: 4, kernel: BAR, stride: BAR }], hidden: 16 },
  workers: 1,
  ppo: { ...usual.ppo, worlds: 8, rolloutSteps: 32, epochs: 4, minibatches: 4, rate: 0.005 },
};
const ROLLOUTS = 20;

/** What a training by a recipe acts and learns with. */
async function began(recipe: PpoRecipe, seed: number) {
  const { ppo } = recipe;
  const network = worldNetwork(FACTS, RECIPE);
  const { layout } = network;
  const [parameters, gradient] = [sharedFloats(layout.size), sharedFloats(layout.size)];
  network.initialise(parameters, random(seed));
  const rollout = allocateRollout(ppo, network);
  const size = rollout.order.length / ppo.minibatches;
  const setup = {
    ...{ worker: 0, seed, world: FACTS.name, recipe, parameters, gradient, rollout, resumed: false },
    standing: allocateStanding(ppo.worlds, 2, SIDE * SIDE),
    acting: actingModel(network, ppo.worlds),
    step: ppoStep(network, size, ppo),
  };
  const context = await actorContext(setup, { entry: ENTRY, network });
  return { context, layout, parameters, gradient, rollout, size };
}

const end = ({ acting, step }: ActorContext) => Promise.all([acting.release(), step.session.release()]);

/** Mean return of the episodes that ended in each rollout. */
async function course(seed: number): Promise<number[]> {
  const { ppo } = RECIPE;
  const { context, layout, parameters, gradient, rollout, size } = await began(RECIPE, seed);
  const [collect, learn] = [collectWork(context), learnWork(context)];
  const adam = new Adam(...layout.range("whole"), 0.9, 0.999, 1e-5);
  const returns: number[] = [];
  for (let iteration = 0; iteration < ROLLOUTS; iteration++) {
    returns.push(mean(await collect.answer({ kind: "collect", iteration, failureCost: 0 }), ([sum]) => sum!));
    estimateAdvantages(rollout, ppo, rollout.advantages, rollout.returns);
    for (let epoch = 0; epoch < ppo.epochs; epoch++) {
      const draws = random(seed, iteration, epoch);
      const keys = Array.from(rollout.order, () => draws.uniform());
      rollout.order.set(Array.from(keys.keys()).sort((a, b) => keys[a]! - keys[b]!));
      for (let from = 0; from < rollout.order.length; from += size) {
        normalise(rollout.advantages, rollout.order.subarray(from, from + size), rollout.normalised);
        await learn.answer({ kind: "learn", from, clip: ppo.clip });
        const norm = gradientNorm([gradient], adam.from, adam.to);
        adam.step(parameters, [gradient], ppo.rate, clipFactor(norm, ppo.gradientNorm));
      }
    }
  }
  await end(context);
  return returns;
}

// A third of the eight actions of an episode is right by chance.
test.each([1, 2])("a policy learns to act by what it sees, seed %s", async (seed) => {
  const returns = await course(seed);
  expect(returns[0]).toBeLessThan(LENGTH / 2);
  expect(returns.at(-1)).toBeGreaterThan(0.9 * LENGTH);
});

test.each([false, true])(
  "a lost life ends nothing but what advantages are cut at, where the recipe says so: %s",
  async (lifeEnds) => {
    const { context, rollout } = await began({ ...RECIPE, ppo: { ...RECIPE.ppo, lifeEnds } }, 1);
    const ended = await collectWork(context).answer({ kind: "collect", iteration: 0, failureCost: 0 });
    await end(context);
    const { steps, worlds } = rollout;
    expect(ended.map(([, length]) => length)).toEqual(Array.from({ length: (worlds * steps) / LENGTH }, () => LENGTH));
    for (let step = 0; step < steps; step++) {
      const at = (step % LENGTH) + 1;
      const isEnd = at === LENGTH || (lifeEnds && at % LIFE === 0);
      expect([...rollout.ends.subarray(step * worlds, (step + 1) * worlds)], `step ${step}`).toEqual(
        Array.from({ length: worlds }, () => Number(isEnd)),
      );
    }
  },
);

test("the end of a failed episode costs what the rollout is asked to take off, in the reward's scale", async () => {
  const rewards = async (failureCost: number): Promise<Float32Array> => {
    const { context, rollout } = await began({ ...RECIPE, ppo: { ...RECIPE.ppo, rewardScale: 0.5 } }, 1);
    await collectWork(context).answer({ kind: "collect", iteration: 0, failureCost });
    await end(context);
    return rollout.rewards;
  };
  const [free, costly] = [await rewards(0), await rewards(6)];
  const { worlds } = RECIPE.ppo;
  const ends = Array.from(free, (_, i) => Math.floor(i / worlds) % LENGTH === LENGTH - 1);
  // A reward of 0 at the end is a failure.
  expect(Array.from(costly)).toEqual(Array.from(free, (reward, i) => (ends[i] && reward === 0 ? -3 : reward)));
  expect(new Set(Array.from(costly).filter((_, i) => ends[i]))).toEqual(new Set([-3, 0.5]));
});
