import { computed, signal } from "@preact/signals";
import type { LiveSource } from "../source/live-source.js";
import type { SimulationMessage } from "../wire/messages.js";
import { Applied, type AppliedRow, isBefore } from "./applied.js";
import { LatestFirst } from "./latest-first.js";

const SERVICE = {
  pause: "/torquelens/pause",
  step: "/torquelens/step",
  reset: "/torquelens/reset",
  perturb: "/torquelens/perturb",
} as const;
/** Between two perturbations, milliseconds: at most 15 a second, well below what the server lets in. */
const PAUSE = 67;

/** One change of the simulation, as a row of a perturbation file without its step. */
type Perturbation =
  | { readonly target: readonly number[] }
  | { readonly wrench: readonly number[] | null }
  | { readonly occlude: readonly number[] | null }
  | { readonly light: number };

export type Force = readonly [x: number, y: number, z: number];

interface Answer {
  readonly success: boolean;
  readonly message: string;
}

/** What the page asks of a simulation, and what became of it. */
export class Simulator {
  readonly isOffered = computed(
    () => this.source.services.names.value.has(SERVICE.pause) || this.source.parameters.values.value.has("task"),
  );
  readonly isPaused = computed(() => this.source.parameters.values.value.get("paused") === true);
  /** Why the last request was refused, in the server's words; empty where it was not. */
  readonly refusal = signal("");
  /** The goal that was asked for, until the simulation has it. */
  readonly goal = signal<readonly number[] | undefined>(undefined);
  /** The force that is held on the tip's link, N. */
  readonly force = signal<Force | undefined>(undefined);
  /** True while a rectangle is drawn on the camera's image. */
  readonly isPainting = signal(false);
  readonly applied = new Applied();
  readonly #queue = new LatestFirst<Perturbation>((change) => this.#perturb(change), PAUSE);
  /** The step from which on the simulation has the goal. */
  #goalFrom: AppliedRow | undefined;

  constructor(readonly source: LiveSource) {}

  /** Takes the simulation's newest state. */
  reached({ episode, episode_tick: tick, task, condition }: SimulationMessage): void {
    const at = { episode, tick };
    this.applied.reached(at, JSON.stringify([task, condition]));
    if (this.#goalFrom && !isBefore(at, this.#goalFrom) && !this.#queue.waits("target")) this.#forgetGoal();
  }

  /** @param goal in the form of the perturbation "target" */
  moveGoal(goal: readonly number[]): void {
    this.goal.value = goal;
    this.#goalFrom = undefined;
    this.#queue.put("target", { target: goal.map((value) => rounded(value, 4)) });
  }

  push([x, y, z]: Force): void {
    this.force.value = [x, y, z];
    this.#queue.put("wrench", { wrench: [rounded(x, 3), rounded(y, 3), rounded(z, 3), 0, 0, 0] });
  }

  release(): void {
    if (!this.force.value) return;
    this.force.value = undefined;
    this.#queue.put("wrench", { wrench: null });
  }

  /** @param area x, y, width and height, pixels; null uncovers the camera */
  occlude(area: readonly number[] | null): void {
    this.#queue.put("occlude", { occlude: area });
  }

  dim(light: number): void {
    this.#queue.put("light", { light });
  }

  pause(isPaused: boolean): void {
    void this.#ask(SERVICE.pause, { data: isPaused });
  }

  step(): void {
    void this.#ask(SERVICE.step, {});
  }

  async reset(): Promise<void> {
    this.applied.clear();
    this.#forgetGoal();
    await this.#ask(SERVICE.reset, {});
  }

  async #perturb(change: Perturbation): Promise<void> {
    const answer = await this.#ask(SERVICE.perturb, { perturbation: JSON.stringify(change) });
    if (answer) {
      const row = JSON.parse((answer as Answer & { readonly applied: string }).applied) as AppliedRow;
      this.applied.add(row);
      if ("target" in change) this.#goalFrom = row;
    } else if ("target" in change && !this.#queue.waits("target")) this.#forgetGoal();
  }

  /** The answer; undefined where it was refused. */
  async #ask(service: string, request: object): Promise<Answer | undefined> {
    try {
      const answer = (await this.source.services.call(service, request)) as Answer;
      this.refusal.value = answer.success ? "" : answer.message;
      return answer.success ? answer : undefined;
    } catch (error) {
      this.refusal.value = (error as Error).message;
      return undefined;
    }
  }

  #forgetGoal(): void {
    this.goal.value = undefined;
    this.#goalFrom = undefined;
  }
}

const rounded = (value: number, digits: number): number => Number(value.toFixed(digits));
