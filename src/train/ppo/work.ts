import { own } from "../../own.js";
import { Session, type TensorData } from "../../runtime/session.js";
import { type Random, random } from "../../sim/random.js";
import { WorldBatch } from "../../sim/worlds/batch.js";
import { actionLength } from "../../sim/worlds/world.js";
import { DEVIATION } from "../network/deviation.js";
import { Step } from "../network/step.js";
import type { StepModel } from "../network/step-model.js";
import { floats, type MemberSetup, type Request, type Rows } from "../team/work.js";
import { commandOf } from "./commands.js";
import type { ActorCritic } from "./network.js";
import type { ArmPpoRecipe, PpoRecipe } from "./recipe.js";
import type { Rollout, Standing } from "./rollout.js";
import { keepWorlds, restoreWorlds } from "./standing.js";
import { type Subject, subjectOf } from "./subject.js";

/** Start parameters of a worker that acts and learns; the arrays are in shared memory. */
export interface ActorSetup extends MemberSetup {
  readonly seed: number;
  /** Name of the world, or of the arm's task. */
  readonly world: string;
  readonly recipe: PpoRecipe | ArmPpoRecipe;
  readonly acting: Uint8Array;
  readonly step: StepModel;
  readonly rollout: Rollout;
  readonly standing: Standing;
  /** True where the worlds go on from `standing`. */
  readonly resumed: boolean;
}

/** Asks for a rollout. */
export interface CollectRequest extends Request {
  readonly kind: "collect";
  /** Number of the rollout. */
  readonly iteration: number;
  /** What a failed episode costs now, in the world's unit. */
  readonly failureCost: number;
}

/** Asks for the gradients of a minibatch: `order` from `from` on. */
export interface LearnRequest extends Request {
  readonly kind: "learn";
  readonly from: number;
  readonly clip: number;
}

/** Seeds of a training's episodes, and of its draws of actions. */
const [EPISODES, ACTIONS] = [1_000_003, 1_000_004];

/** What both kinds of work need. */
export interface ActorContext {
  readonly setup: ActorSetup;
  readonly network: ActorCritic;
  readonly batch: WorldBatch;
  readonly acting: Session;
  readonly step: Step;
}

/** @param subject by default that of the setup's name and recipe */
export async function actorContext(setup: ActorSetup, subject?: Subject): Promise<ActorContext> {
  const { recipe, rollout, worker, seed, standing, acting, step } = setup;
  const { entry, network } = subject ?? (await subjectOf(setup.world, recipe));
  const batch = await WorldBatch.load(entry, {
    count: rollout.worlds / recipe.workers,
    seed: random(seed, EPISODES, worker).integer(2 ** 31),
    frames: recipe.frames,
  });
  if (setup.resumed) restoreWorlds(batch, standing, worker * batch.count);
  const session = await Session.create(acting, { threads: 1, spinning: false });
  return { setup, network, batch, acting: session, step: await Step.create(step, network.layout, "cpu") };
}

/** Acts in the worker's part of the worlds; a row for each episode that ended: return, steps, 1 where it succeeded. */
export function collectWork({ setup, network: { layout, head }, batch, acting }: ActorContext) {
  const { rollout, standing, parameters, worker, seed, recipe } = setup;
  const { count } = batch;
  const { rewardScale = 1, lifeEnds = false, gamma } = recipe.ppo;
  const first = worker * count;
  const names = acting.inputNames.filter((name) => layout.slots.has(name));
  const weights = Object.fromEntries(
    names.map((name): [string, TensorData & { data: Float32Array }] => [
      name,
      floats(...layout.slots.get(name)!.shape),
    ]),
  );
  const { actions: space } = batch.facts;
  const length = actionLength(space);
  const command = commandOf(space);
  const deviation = layout.slots.has(DEVIATION) ? layout.view(parameters, DEVIATION) : NONE;
  const told = new Float64Array(count * length);

  const numbers = floats(count, rollout.configuration);
  const look = async (data: Uint8Array, configurations: Float32Array) => {
    numbers.data.set(configurations);
    const outputs = await acting.run({
      ...weights,
      image: { dtype: "uint8", shape: batch.shape, data },
      ...(rollout.configuration > 0 && { configuration: numbers }),
    });
    return { policy: outputs.policy!.data as Float32Array, value: outputs.value!.data as Float32Array };
  };

  /** Draws the actions of all worlds into the rollout from `row` on. */
  const draw = (policy: Float32Array, row: number, source: Random): void => {
    const { actions, logProbabilities, width } = rollout;
    for (let i = 0; i < count; i++) {
      const to = (row + i) * width;
      logProbabilities[row + i] = head.draw(policy, i * head.outputs, deviation, source, actions, to);
      command(actions, to, told, i * length);
    }
  };

  return {
    async answer({ iteration, failureCost }: CollectRequest): Promise<Rows> {
      for (const name of names) own(weights, name)!.data.set(layout.view(parameters, name));
      const source = random(seed, ACTIONS, iteration, worker);
      const ended: number[][] = [];
      for (let step = 0; step < rollout.steps; step++) {
        const row = step * rollout.worlds + first;
        const seen = batch.observations as Uint8Array;
        rollout.images.set(seen, row * rollout.pixels);
        const { policy, value } = await look(seen, batch.configurations);
        rollout.configurations.set(batch.configurations, row * rollout.configuration);
        rollout.values.set(value, row);
        draw(policy, row, source);
        batch.step(told);
        for (let i = 0; i < count; i++) {
          const cost = batch.terminated[i] === 1 && batch.successes[i] === 0 ? failureCost : 0;
          rollout.rewards[row + i] = rewardScale * (batch.rewards[i]! - cost);
        }
        for (let i = 0; i < count; i++) {
          const [terminated, truncated] = [batch.terminated[i] === 1, batch.truncated[i] === 1];
          rollout.ends[row + i] = terminated || truncated || (lifeEnds && batch.livesLost[i] === 1) ? 1 : 0;
          if (terminated || truncated) ended.push([batch.returns[i]!, batch.lengths[i]!, batch.successes[i]!]);
        }
        await addCutOff(row);
      }
      rollout.last.set((await look(batch.observations as Uint8Array, batch.configurations)).value, first);
      keepWorlds(batch, standing, first);
      return ended;
    },
  };

  /** Adds what an episode would have gone on with where its limit cut it off, not its end. */
  async function addCutOff(row: number): Promise<void> {
    const cut = (i: number): boolean => batch.truncated[i] === 1 && batch.terminated[i] === 0;
    if (!batch.truncated.some((_, i) => cut(i))) return;
    const { value } = await look(batch.lastObservations as Uint8Array, batch.lastConfigurations);
    for (let i = 0; i < count; i++) if (cut(i)) rollout.rewards[row + i]! += gamma * value[i]!;
  }
}

const NONE = new Float32Array(0);

/** Gradients of the worker's part of a minibatch; a row of the step's scalars. */
export function learnWork({ setup, step, network }: ActorContext) {
  const { rollout, parameters, gradient, worker } = setup;
  const { batch } = step.model;
  const { pixels, configuration: size, width } = rollout;
  const image = { dtype: "uint8" as const, shape: [batch, ...network.image], data: new Uint8Array(batch * pixels) };
  const configuration = floats(batch, size);
  const actions = floats(batch, width);
  const rows = {
    logProbability: [floats(batch), rollout.logProbabilities],
    advantage: [floats(batch), rollout.normalised],
    returns: [floats(batch), rollout.returns],
    ...(setup.recipe.ppo.valueClip !== undefined && { values: [floats(batch), rollout.values] as const }),
  } as const;
  const clip = floats();
  const columns = Object.values(rows);
  const feeds = {
    image,
    ...(size > 0 && { configuration }),
    actions,
    clip,
    ...Object.fromEntries(Object.entries(rows).map(([name, [t]]) => [name, t])),
  };
  return {
    async answer(request: LearnRequest): Promise<Rows> {
      const start = request.from + worker * batch;
      for (let i = 0; i < batch; i++) {
        const row = rollout.order[start + i]!;
        image.data.set(rollout.images.subarray(row * pixels, (row + 1) * pixels), i * pixels);
        configuration.data.set(rollout.configurations.subarray(row * size, (row + 1) * size), i * size);
        for (let j = 0; j < width; j++) actions.data[i * width + j] = rollout.actions[row * width + j]!;
        for (const [tensor, source] of columns) tensor.data[i] = source[row]!;
      }
      clip.data[0] = request.clip;
      return [await step.run(feeds, parameters, gradient)];
    },
  };
}
