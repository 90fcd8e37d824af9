import { computed, signal } from "@preact/signals";
import type { SimulationMessage } from "#src/messages/types.js";
import type { LiveSource } from "../source/live-source.js";
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

/** One change of the simulation, as a row of a perturbation file without its step: one of its keys. */
interface Perturbation {
  readonly target?: readonly number[];
  readonly wrench?: readonly number[] | null;
  readonly occlude?: readonly number[] | null;
  readonly light?: number;
}
type Kind = keyof Perturbation;

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
  /** Why a request was refused, in the server's words, until one of its kind succeeds; empty where none was. */
  readonly refusal = signal("");
  #refused = "";
  /** What was asked for, until the simulation has it. */
  readonly asked = signal<Perturbation>({});
  /** The force that is held on the tip's link, N. */
  readonly force = signal<Force | undefined>(undefined);
  /** True while a rectangle is drawn on the camera's image. */
  readonly isPainting = signal(false);
  readonly applied = new Applied();
  readonly #queue = new LatestFirst<readonly [Kind, Perturbation]>((change) => this.#perturb(...change), PAUSE);
  /** The steps from which on the simulation has what was asked for. */
  readonly #from = new Map<Kind, AppliedRow>();

  constructor(readonly source: LiveSource) {}

  /** Takes the simulation's newest state. */
  reached({ episode, episode_tick: tick, task, condition }: SimulationMessage): void {
    const at = { episode, tick };
    this.applied.reached(at, JSON.stringify([task, condition]));
    for (const [kind, from] of this.#from) if (!isBefore(at, from)) this.#forget(kind);
  }

  /** @param goal in the form of the perturbation "target" */
  moveGoal(goal: readonly number[]): void {
    this.#put("target", { target: goal.map((value) => rounded(value, 4)) });
  }

  push([x, y, z]: Force): void {
    this.force.value = [x, y, z];
    this.#put("wrench", { wrench: [rounded(x, 3), rounded(y, 3), rounded(z, 3), 0, 0, 0] });
  }

  release(): void {
    if (!this.force.value) return;
    this.force.value = undefined;
    this.#put("wrench", { wrench: null });
  }

  /** @param area x, y, width and height, pixels; null uncovers the camera */
  occlude(area: readonly number[] | null): void {
    this.#put("occlude", { occlude: area });
  }

  dim(light: number): void {
    this.#put("light", { light });
  }

  pause(isPaused: boolean): void {
    void this.#ask(SERVICE.pause, { data: isPaused });
  }

  step(): void {
    void this.#ask(SERVICE.step, {});
  }

  async reset(): Promise<void> {
    this.applied.clear();
    this.#from.clear();
    this.asked.value = {};
    await this.#ask(SERVICE.reset, {});
  }

  #put(kind: Kind, change: Perturbation): void {
    this.asked.value = { ...this.asked.value, ...change };
    this.#from.delete(kind);
    this.#queue.put(kind, [kind, change]);
  }

  async #perturb(kind: Kind, change: Perturbation): Promise<void> {
    const answer = await this.#ask(SERVICE.perturb, { perturbation: JSON.stringify(change) }, kind);
    const row = answer && (JSON.parse((answer as Answer & { readonly applied: string }).applied) as AppliedRow);
    if (row) this.applied.add(row);
    if (this.#queue.waits(kind)) return;
    if (row) this.#from.set(kind, row);
    else this.#forget(kind);
  }

  /** The answer; undefined where it was refused. @param kind what was asked, of several that a service does */
  async #ask(service: string, request: object, kind = service): Promise<Answer | undefined> {
    try {
      const answer = (await this.source.services.call(service, request)) as Answer;
      if (!answer.success) throw new Error(answer.message);
      if (this.#refused === kind) this.refusal.value = "";
      return answer;
    } catch (error) {
      this.#refused = kind;
      this.refusal.value = (error as Error).message;
      return undefined;
    }
  }

  #forget(kind: Kind): void {
    const { [kind]: _, ...rest } = this.asked.value;
    this.asked.value = rest;
    this.#from.delete(kind);
  }
}

const rounded = (value: number, digits: number): number => Number(value.toFixed(digits));
