/** The part of the time that drawing may take. */
const PART = 0.2;
/** What is done within a frame or two of the screen cannot be timed more finely, and takes nothing from others, milliseconds. */
const QUICK = 25;
/** Longest time between two drawings, milliseconds. */
const LONGEST = 2000;

/** When to draw next, so that drawing leaves most of the time to others. Times are milliseconds. */
export class Pace {
  #began = Number.NEGATIVE_INFINITY;
  /** How long a drawing takes, smoothed. */
  #took = 0;

  /** @param shortest time between two drawings, however fast they are */
  constructor(private readonly shortest: number) {}

  /** Takes note of a drawing. */
  drew(began: number, took: number): void {
    this.#began = began;
    this.#took = this.#took === 0 ? took : 0.7 * this.#took + 0.3 * took;
  }

  /** How long the next drawing must wait; 0 where it need not. @param isUrgent true while the user turns or drags */
  wait(now: number, isUrgent: boolean): number {
    const period = this.#took <= QUICK ? 0 : this.#took / (isUrgent ? 2 * PART : PART);
    const least = isUrgent ? period : Math.max(this.shortest, period);
    return Math.max(0, this.#began + Math.min(LONGEST, least) - now);
  }
}
