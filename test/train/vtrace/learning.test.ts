import { expect, test } from "vitest";
import { mean } from "#src/numbers/mean.js";
import { random } from "#src/sim/random.js";
import type { Canvas } from "#src/sim/worlds/canvas.js";
import type { World, WorldEntry, WorldFacts } from "#src/sim/worlds/world.js";
import { clipFactor, gradientNorm } from "#src/train/network/adam.js";
import { sharedFloats } from "#src/train/network/parameters.js";
import { RmsProp } from "#src/train/network/rms-prop.js";
import { agentOf } from "#src/train/vtrace/agents.js";
import type { VtraceRecipe } from "#src/train/vtrace/recipe.js";
import { vtraceRecipe } from "#src/train/vtrace/recipes.js";
import { allocateAgentStanding } from "#src/train/vtrace/standing.js";
import { actingModel, vtraceStep } from "#src/train/vtrace/step.js";
import { updateWork, vtraceContext } from "#src/train/vtrace/work.js";

const [SIDE, BAR, LENGTH] = [9, 3, 12];
const FACTS: WorldFacts = {
  name: "bars-before",
  picture: { width: SIDE, height: SIDE, channels: 1 },
  frames: 1,
  classes: ["dark", "bar"],
  salient: ["bar"],
  empty: ["dark"],
  actions: { kind: "discrete", names: ["left", "middle", "right"] },
  controlPeriod: 0.1,
  limit: 100,
};

/** A bright bar at one of three places, drawn anew at each step: worth 1 is the action of the bar one step before. */
class BarsBefore implements World {
  readonly facts = FACTS;
  #draws = random(0);
  #bar = 0;
  #before = 0;
  #steps = 0;

  constructor(readonly canvas: Canvas) {}

  reset(seed: number, episode: number): void {
    this.#draws = random(seed, episode);
    this.#steps = 0;
    this.#draw();
  }

  step(actions: ArrayLike<number>, at = 0) {
    const reward = Number(this.#steps > 0 && actions[at] === this.#before);
    const terminated = ++this.#steps === LENGTH;
    this.#draw();
    return { reward, terminated, truncated: false, success: false };
  }

  progress = (): number => this.#steps / LENGTH;
  segmentation(): void {}
  save = (): Float64Array => Float64Array.of(this.#bar, this.#steps);
  restore(): void {}

  #draw(): void {
    this.#before = this.#bar;
    this.#bar = this.#draws.integer(3);
    const { data, offset, column, row } = this.canvas;
    for (let y = 0; y < SIDE; y++)
      for (let x = 0; x < SIDE; x++) data[offset + y * row + x * column] = Math.floor(x / BAR) === this.#bar ? 255 : 0;
  }
}

const ENTRY: WorldEntry = { facts: FACTS, load: async () => (canvas) => new BarsBefore(canvas) };
const usual = vtraceRecipe("red-fetch-green", "query");
const RECIPE: VtraceRecipe = {
  ...usual,
  network: {
    convolutions: [{ filters: 4, kernel: BAR, stride: BAR }],
    memory: 8,
    memoryKernel: 3,
    keys: 2,
    frequencies: [2, 2],
    queries: 2,
    queryHidden: [8],
    answer: [16, 16],
    core: 16,
  },
  workers: 1,
  vtrace: { ...usual.vtrace, worlds: 16, unroll: 12, gamma: 0.5, rate: 0.005, lag: 2 },
};
const UPDATES = 110;

/** Mean return of the episodes that ended in each update. */
async function train(): Promise<number[]> {
  const { worlds, gradientNorm: most, rate, decay, epsilon, lag } = RECIPE.vtrace;
  const agent = agentOf(FACTS, RECIPE);
  const { layout } = agent;
  const parameters = sharedFloats(layout.size);
  agent.initialise(parameters, random(1));
  const acting = sharedFloats(layout.size);
  const gradient = sharedFloats(layout.size);
  const context = await vtraceContext(
    {
      worker: 0,
      parameters,
      gradient,
      seed: 1,
      world: FACTS.name,
      recipe: RECIPE,
      acting,
      model: actingModel(agent, worlds),
      step: vtraceStep(agent, worlds, RECIPE.vtrace),
      standing: allocateAgentStanding(worlds, 2, agent),
      resumed: false,
    },
    ENTRY,
  );
  const work = updateWork(context);
  const optimiser = new RmsProp(layout.size, decay, epsilon);
  const before: Float32Array[] = [];
  const returns: number[] = [];
  for (let iteration = 0; iteration < UPDATES; iteration++) {
    acting.set(before[0] ?? parameters);
    const [, ...ended] = await work.answer({ kind: "update", iteration });
    before.push(parameters.slice());
    if (before.length > lag) before.shift();
    optimiser.step(parameters, [gradient], rate, clipFactor(gradientNorm([gradient], 0, layout.size), most));
    returns.push(mean(ended.map(([sum]) => sum!)));
  }
  await context.step.session.release();
  return returns;
}

test("a policy learns by V-trace, by older actors, what only one that remembers can do", async () => {
  const returns = await train();
  // Without memory every action is worth 1/3 a step: the bar before does not tell the next one.
  const [chance, most] = [(LENGTH - 1) / 3, LENGTH - 1];
  expect(mean(returns.slice(0, 5))).toBeLessThan(chance + 1);
  expect(mean(returns.slice(-10))).toBeGreaterThan(0.8 * most);
});
