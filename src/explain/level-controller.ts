import { LEVELS, type Level } from "./explanation.js";

export interface LevelControllerOptions {
  /** Time that a tick may take, milliseconds. */
  readonly budgetMs: number;
  /** Levels to choose from, default all. The first is the deepest. */
  readonly levels?: readonly Level[];
  /** Number of ticks that p99 is computed over, default 500. */
  readonly window?: number;
  /** Ticks without an overrun before the next deeper level is tried, default 25. Doubles when that level falls again soon. */
  readonly patience?: number;
  /** Largest patience, default 1,600. */
  readonly maxPatience?: number;
}

/** How the controller came to this level: it started there, fell, rose on trial, or rose and held it for a window. */
type State = "initial" | "fallen" | "trial" | "proved";

/** Part of a window's ticks that may overrun while p99 stays within the budget. */
const TOLERATED = 0.01;
/** A trial succeeded when the level was held for this many times the patience. */
const HELD = 8;

/**
 * Chooses the level of the next tick from the latencies of the last ticks.
 *
 * The level falls as soon as p99 (nearest rank) over the window exceeds the budget. It rises on trial after `patience`
 * ticks without an overrun; during the first window half as many overruns end the trial. A fall from a level that it rose
 * to doubles the patience, unless the level was held for eight times the patience or for `maxPatience` ticks: then the
 * patience is reset. So a level that does not fit is tried less and less often, latencies near the budget do not make the
 * level flap, and a temporary load is soon forgotten.
 */
export class LevelController {
  readonly #levels: readonly Level[];
  readonly #budgetMs: number;
  readonly #basePatience: number;
  readonly #maxPatience: number;
  readonly #overran: Uint8Array;
  readonly #tolerated: number;
  #index = 0;
  /** Ticks at this level. */
  #ticks = 0;
  /** Overruns in the newest window of those ticks. */
  #overruns = 0;
  #sinceOverrun = 0;
  #patience: number;
  #state: State = "initial";

  constructor({ budgetMs, levels = LEVELS, window = 500, patience = 25, maxPatience = 1600 }: LevelControllerOptions) {
    this.#levels = LEVELS.filter((level) => levels.includes(level));
    this.#budgetMs = budgetMs;
    this.#overran = new Uint8Array(window);
    this.#tolerated = Math.floor(TOLERATED * window);
    this.#basePatience = patience;
    this.#maxPatience = maxPatience;
    this.#patience = patience;
  }

  /** The level of the next tick. */
  get level(): Level {
    return this.#levels[this.#index]!;
  }

  /** Adds the latency of a tick at `level`, milliseconds. */
  add(latencyMs: number): void {
    const overran = !(latencyMs <= this.#budgetMs);
    const slot = this.#ticks % this.#overran.length;
    this.#overruns += Number(overran) - this.#overran[slot]!;
    this.#overran[slot] = Number(overran);
    this.#ticks++;
    this.#sinceOverrun = overran ? 0 : this.#sinceOverrun + 1;
    if (this.#state === "trial" && this.#ticks >= this.#overran.length && !overran) this.#state = "proved";
    const tolerated = this.#state === "trial" ? Math.floor(this.#tolerated / 2) : this.#tolerated;
    if (this.#overruns > tolerated) this.#fall();
    else if (this.#index > 0 && this.#sinceOverrun >= this.#patience) this.#rise();
  }

  /** Starts again at the deepest level, as after a change of method. */
  reset(): void {
    this.#go(0, "initial");
    this.#patience = this.#basePatience;
  }

  #fall(): void {
    if (this.#index === this.#levels.length - 1) return;
    const roseHere = this.#state === "trial" || this.#state === "proved";
    const wasHeld = this.#ticks >= Math.min(HELD * this.#patience, this.#maxPatience);
    if (wasHeld) this.#patience = this.#basePatience;
    else if (roseHere) this.#patience = Math.min(2 * this.#patience, this.#maxPatience);
    this.#go(this.#index + 1, "fallen");
  }

  #rise(): void {
    this.#go(this.#index - 1, "trial");
  }

  #go(index: number, state: State): void {
    this.#index = index;
    this.#state = state;
    this.#ticks = 0;
    this.#overruns = 0;
    this.#sinceOverrun = 0;
    this.#overran.fill(0);
  }
}
