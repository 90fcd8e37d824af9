import { own } from "../../own.js";
import type { Session, TensorData } from "../../runtime/session.js";
import type { Random } from "../../sim/random.js";
import type { WorldBatch } from "../../sim/worlds/batch.js";
import { actionLength } from "../../sim/worlds/world.js";
import { DEVIATION } from "../network/deviation.js";
import { commandOf } from "../ppo/commands.js";
import { nextOf } from "../query/export.js";
import { floats } from "../team/work.js";
import type { Agent } from "./network.js";
import type { AgentStanding } from "./standing.js";
import type { Trajectories } from "./trajectories.js";

type Floats = TensorData & { data: Float32Array };

/** Plays a worker's worlds by the parameters that act, and writes what they do as trajectories. */
export class Actors {
  /** State that each world's policy carries, its last action and that action's reward. */
  readonly #carried: Readonly<Record<string, Floats>>;
  readonly #action: Floats;
  readonly #reward: Floats;
  readonly #weights: Readonly<Record<string, Floats>>;
  /** 1 where the next step is not an episode's first. */
  readonly #keep: Float32Array;
  readonly #told: Float64Array;

  constructor(
    private readonly agent: Agent,
    private readonly batch: WorldBatch,
    private readonly session: Session,
    private readonly rewardScale: number,
  ) {
    const { count, facts } = batch;
    const { layout, state, head } = agent;
    this.#carried = Object.fromEntries(Object.entries(state).map(([name, shape]) => [name, floats(count, ...shape)]));
    this.#action = floats(count, head.width);
    this.#reward = floats(count, 1);
    const names = session.inputNames.filter((name) => layout.slots.has(name));
    this.#weights = Object.fromEntries(names.map((name) => [name, floats(...layout.slots.get(name)!.shape)]));
    this.#keep = new Float32Array(count).fill(1);
    this.#told = new Float64Array(count * actionLength(facts.actions));
  }

  /**
   * Plays the trajectories' steps. A row for each episode that ended: return, steps, 1 where it succeeded.
   * @param parameters those that act
   */
  async play(parameters: Float32Array, trajectories: Trajectories, draws: Random): Promise<number[][]> {
    const { layout } = this.agent;
    for (const [name, weight] of Object.entries(this.#weights)) weight.data.set(layout.view(parameters, name));
    const deviation = layout.slots.has(DEVIATION) ? layout.view(parameters, DEVIATION) : NONE;
    for (const [name, { data }] of Object.entries(trajectories.carried)) data.set(own(this.#carried, name)!.data);
    this.#keep.fill(1);
    const ended: number[][] = [];
    const steps = trajectories.rewards.shape[0]!;
    for (let t = 0; t < steps; t++) {
      this.#see(trajectories, t);
      const policy = await this.#look();
      this.#act(policy, deviation, trajectories, t, draws);
      this.batch.step(this.#told);
      ended.push(...this.#observe(trajectories, t));
    }
    this.#see(trajectories, steps);
    return ended;
  }

  /** Writes what the policies see before step `t`. */
  #see({ image, previous_action, previous_reward, keeps }: Trajectories, t: number): void {
    const { observations, count } = this.batch;
    image.data.set(observations as Uint8Array, t * observations.length);
    previous_action.data.set(this.#action.data, t * this.#action.data.length);
    previous_reward.data.set(this.#reward.data, t * count);
    keeps.data.set(this.#keep, t * count);
  }

  /** The policy's outputs; the carried state is then that after the step. */
  async #look(): Promise<Float32Array> {
    const { observations, shape } = this.batch;
    const names = Object.keys(this.#carried);
    const outputs = await this.session.run({
      ...this.#weights,
      image: { dtype: "uint8", shape, data: observations as Uint8Array },
      ...(names.length > 0 && { previous_action: this.#action, previous_reward: this.#reward, ...this.#carried }),
    });
    for (const name of names) own(this.#carried, name)!.data.set(own(outputs, nextOf(name))!.data as Float32Array);
    return outputs.policy!.data as Float32Array;
  }

  #act(policy: Float32Array, deviation: Float32Array, trajectories: Trajectories, t: number, draws: Random): void {
    const { head } = this.agent;
    const { count, facts } = this.batch;
    const { actions, logProbability } = trajectories;
    const command = commandOf(facts.actions);
    const length = this.#told.length / count;
    for (let i = 0; i < count; i++) {
      const to = (t * count + i) * head.width;
      logProbability.data[t * count + i] = head.draw(policy, i * head.outputs, deviation, draws, actions.data, to);
      command(actions.data, to, this.#told, i * length);
    }
    this.#action.data.set(actions.data.subarray(t * count * head.width, (t + 1) * count * head.width));
  }

  /** Writes what a step gave; where it ended an episode, the next one begins without memory. */
  #observe({ rewards, goesOn }: Trajectories, t: number): number[][] {
    const { count, rewards: given, terminated, truncated, returns, lengths, successes } = this.batch;
    const ended: number[][] = [];
    for (let i = 0; i < count; i++) {
      const isOver = terminated[i] === 1 || truncated[i] === 1;
      const row = t * count + i;
      rewards.data[row] = Math.max(-1, Math.min(1, this.rewardScale * given[i]!));
      goesOn.data[row] = this.#keep[i] = isOver ? 0 : 1;
      this.#reward.data[i] = isOver ? 0 : given[i]!;
      if (!isOver) continue;
      ended.push([returns[i]!, lengths[i]!, successes[i]!]);
      for (const tensor of [this.#action, ...Object.values(this.#carried)]) rowOf(tensor.data, i, count).fill(0);
    }
    return ended;
  }

  /** Writes the policies' state into rows of the standing, from `first` on. */
  keep({ memory, told }: AgentStanding, first: number): void {
    const { count } = this.batch;
    const width = this.agent.head.width;
    this.#eachMemory(memory, first, (stored, held) => stored.set(held));
    for (let i = 0; i < count; i++) {
      told.set(rowOf(this.#action.data, i, count), (first + i) * (width + 1));
      told[(first + i) * (width + 1) + width] = this.#reward.data[i]!;
    }
  }

  /** Goes on from rows of the standing. */
  restore({ memory, told }: AgentStanding, first: number): void {
    const { count } = this.batch;
    const width = this.agent.head.width;
    this.#eachMemory(memory, first, (stored, held) => held.set(stored));
    for (let i = 0; i < count; i++) {
      const at = (first + i) * (width + 1);
      rowOf(this.#action.data, i, count).set(told.subarray(at, at + width));
      this.#reward.data[i] = told[at + width]!;
    }
  }

  #eachMemory(memory: Float32Array, first: number, visit: (stored: Float32Array, held: Float32Array) => void): void {
    const { count } = this.batch;
    const states = Object.values(this.#carried);
    const length = states.reduce((sum, { data }) => sum + data.length / count, 0);
    for (let i = 0; i < count; i++) {
      let at = (first + i) * length;
      for (const { data } of states) {
        const held = rowOf(data, i, count);
        visit(memory.subarray(at, at + held.length), held);
        at += held.length;
      }
    }
  }
}

const NONE = new Float32Array(0);

/** Row `i` of `count`. */
const rowOf = (data: Float32Array, i: number, count: number): Float32Array => {
  const length = data.length / count;
  return data.subarray(i * length, (i + 1) * length);
};
