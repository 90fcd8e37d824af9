import { LEVELS, type Level } from "./explanation.js";

export interface LevelControllerOptions {
  /** What a tick may take, milliseconds. */
  readonly budgetMs: number;
  /** Levels to choose from, default all; it begins with the deepest. */
  readonly levels?: readonly Level[];
  /** Ticks that p99 is taken over, default 500. */
  readonly window?: number;
  /** Ticks without an overrun before the level above is tried, default 25; a fall back from there soon after doubles it. */
  readonly patience?: number;
  /** What patience grows to at most, default 1,600. */
  readonly maxPatience?: number;
}

/** How the level came about: begun with, fallen to, risen to on trial, or risen to and held for a window. */
type State = "begun" | "fallen" | "trial" | "proved";

/** The part of a window's ticks that may overrun: the rest of p99. */
const TOLERATED = 0.01;
/** A level held for so many times the patience was worth the trial. */
const HELD = 8;

/**
 * Chooses how much to compute at the next tick from how long the last ones took.
 *
 * The level falls as soon as so many of a window's ticks overran the budget that its p99 (nearest rank) is above it. It
 * rises on trial: after `patience` ticks without an overrun, and in the first window half as many overruns as else end the
 * trial. A fall from a level that was risen to doubles the patience, unless the level was held for eight times as long, or
 * for `maxPatience` ticks, which sets it back: what does not fit is tried ever more seldom, latencies about the budget do
 * not make the level flap, and what passes is soon forgotten. `npm run bench:levels` shows what comes of it.
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
  /** Overruns among the newest window of them. */
  #overruns = 0;
  #sinceOverrun = 0;
  #patience: number;
  #state: State = "begun";

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

  /** Takes in what a tick at `level` took, milliseconds. */
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

  /** Begins anew at the deepest level, as after a change of method. */
  reset(): void {
    this.#go(0, "begun");
    this.#patience = this.#basePatience;
  }

  #fall(): void {
    if (this.#index === this.#levels.length - 1) return;
    const wasRisenTo = this.#state === "trial" || this.#state === "proved";
    const wasHeld = this.#ticks >= Math.min(HELD * this.#patience, this.#maxPatience);
    if (wasHeld) this.#patience = this.#basePatience;
    else if (wasRisenTo) this.#patience = Math.min(2 * this.#patience, this.#maxPatience);
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
