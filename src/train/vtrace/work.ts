import { Session } from "../../runtime/session.js";
import { random } from "../../sim/random.js";
import { WorldBatch } from "../../sim/worlds/batch.js";
import type { WorldEntry } from "../../sim/worlds/world.js";
import { worldNamed } from "../../sim/worlds/worlds.js";
import { Step } from "../network/step.js";
import type { StepModel } from "../network/step-model.js";
import { keepWorlds, restoreWorlds } from "../ppo/standing.js";
import type { MemberSetup, Request, Rows } from "../team/work.js";
import { Actors } from "./actors.js";
import { agentOf } from "./agents.js";
import type { Agent } from "./network.js";
import type { VtraceRecipe } from "./recipe.js";
import type { AgentStanding } from "./standing.js";
import { allocateTrajectories, feedsOfTrajectories } from "./trajectories.js";

/** Start parameters of a worker that acts and learns; the arrays are in shared memory. */
export interface VtraceSetup extends MemberSetup {
  readonly seed: number;
  readonly world: string;
  readonly recipe: VtraceRecipe;
  /** The older parameters, which act. */
  readonly acting: Float32Array;
  readonly model: Uint8Array;
  readonly step: StepModel;
  readonly standing: AgentStanding;
  /** True where the worlds go on from `standing`. */
  readonly resumed: boolean;
}

/** Asks for trajectories of all of a worker's worlds, and their gradients. */
export interface UpdateRequest extends Request {
  readonly kind: "update";
  /** Number of the update. */
  readonly iteration: number;
}

/** Seeds of a training's episodes, and of its draws of actions. */
const [EPISODES, ACTIONS] = [1_000_003, 1_000_004];

/** What a worker works with. */
interface VtraceContext {
  readonly setup: VtraceSetup;
  readonly agent: Agent;
  readonly batch: WorldBatch;
  readonly actors: Actors;
  readonly step: Step;
}

/** @param entry by default the world of the setup's name */
export async function vtraceContext(
  setup: VtraceSetup,
  entry: WorldEntry = worldNamed(setup.world),
): Promise<VtraceContext> {
  const { recipe, worker, seed, standing, model, step, resumed } = setup;
  const agent = agentOf(entry.facts, recipe);
  const batch = await WorldBatch.load(entry, {
    count: recipe.vtrace.worlds / recipe.workers,
    seed: random(seed, EPISODES, worker).integer(2 ** 31),
    frames: recipe.frames,
  });
  const session = await Session.create(model, { threads: 1, spinning: false });
  const actors = new Actors(agent, batch, session, recipe.vtrace.rewardScale ?? 1);
  if (resumed) {
    restoreWorlds(batch, standing, worker * batch.count);
    actors.restore(standing, worker * batch.count);
  }
  return { setup, agent, batch, actors, step: await Step.create(step, agent.layout, "cpu") };
}

/** Acts by the older parameters, then computes the gradients of the newest ones; a row of scalars, then episodes. */
export function updateWork({ setup, agent, batch, actors, step }: VtraceContext) {
  const { seed, worker, acting, parameters, gradient, standing, recipe } = setup;
  const trajectories = allocateTrajectories(agent, recipe.vtrace.unroll, batch.count);
  const feeds = feedsOfTrajectories(trajectories);
  return {
    async answer({ iteration }: UpdateRequest): Promise<Rows> {
      const ended = await actors.play(acting, trajectories, random(seed, ACTIONS, iteration, worker));
      keepWorlds(batch, standing, worker * batch.count);
      actors.keep(standing, worker * batch.count);
      return [await step.run(feeds, parameters, gradient), ...ended];
    },
  };
}
