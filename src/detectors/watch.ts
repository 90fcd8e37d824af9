import { median } from "../numbers/quantile.js";
import type { Detector, Found } from "./detector.js";
import { LOOK_BACK, type Moment, periodsTo, secondsBetween, type Tick, tickOf } from "./moment.js";
import type { Reference } from "./reference.js";
import type { Seen } from "./seen.js";
import { DETECTOR_ROWS, type DetectorName, detectorNamed } from "./table.js";

/** A stretch of ticks with faulty input. */
export interface Alarm {
  readonly detector: DetectorName;
  /** Camera or joint; empty where it is of none. */
  readonly subject: string;
  readonly text: string;
  /** Tick of the run, from 0, at which it began, at which that was known, and of the last one so far. */
  readonly from: number;
  readonly known: number;
  readonly to: number;
  /** Stamp of the tick at which it began, nanoseconds. */
  readonly stamp: bigint;
  /** How far beyond the threshold at its strongest, from 1 on. */
  readonly score: number;
  /** True where another detector fired before: what the arm does then is no good run's. */
  readonly isSecondary: boolean;
}

/** What a detector found, from the tick at which it began to the one at which that was known. */
type Known = Omit<Found, "since" | "isSure"> & Pick<Alarm, "from" | "known" | "stamp">;

/** Ticks for which an alarm explains what other detectors find. */
const LASTING = 200;

/** Watches a run tick by tick. */
export class Watch {
  #ticks: Tick[] = [];
  #index = -1;
  #intervals: number[] = [];
  #held = new Map<DetectorName, number>();
  #alarms = new Map<DetectorName, Alarm>();
  #waiting = new Map<DetectorName, Known>();

  /**
   * @param isEndless true for a run without end, of which the present counts: an alarm that is over is forgotten, and
   *   explains what is of its own kind (stamps that jump also explain joints). Left out, alarms are kept and explain what comes later in the run.
   */
  constructor(
    private readonly reference?: Reference,
    private readonly isEndless = false,
  ) {}

  /** Alarms of the run so far, in the order in which they were known. */
  get alarms(): readonly Alarm[] {
    return [...this.#alarms.values()];
  }

  /** Takes the next tick. Returns the alarms that hold at it, without secondary ones. */
  add(seen: Seen): readonly Alarm[] {
    if (seen.first) this.#begin();
    const tick = tickOf(seen);
    const before = this.#ticks.at(-1);
    this.#ticks = [...this.#ticks.slice(1 - LOOK_BACK), tick];
    this.#index++;
    if (this.isEndless) this.#forget();
    if (before && this.#intervals.length < LOOK_BACK)
      this.#intervals.push(secondsBetween(before, tick) / periodsTo(tick));
    const moment: Moment = {
      ticks: this.#ticks,
      index: this.#index,
      period: this.#intervals.length > 0 ? median(this.#intervals) : undefined,
      reference: this.reference,
    };
    const now: Alarm[] = [];
    // A detector that begins to find something goes before those after it, of the same kind or of the motion: what they
    // find waits until it is known.
    const begun = new Set<Detector["about"]>();
    for (const [name, { hold = 1, about, needsReference, find }] of DETECTOR_ROWS) {
      if (needsReference && !this.reference) continue;
      const found = find(moment);
      const held = found ? (this.#held.get(name) ?? 0) + 1 : 0;
      this.#held.set(name, held);
      const isKnown = found !== undefined && (held >= hold || found.isSure === true);
      if (found && !isKnown) begun.add(about);
      const known = this.#waiting.get(name) ?? (isKnown ? this.#knownNow(found, held) : undefined);
      if (!known) continue;
      const isWaiting = begun.has(about) || (about === "motion" && begun.size > 0);
      if (isWaiting && !this.#alarms.has(name)) {
        this.#waiting.set(name, known);
        continue;
      }
      this.#waiting.delete(name);
      const alarm = this.#note(name, known);
      if (!alarm.isSecondary) now.push(alarm);
    }
    return now;
  }

  #begin(): void {
    this.#ticks = [];
    this.#index = -1;
    this.#intervals = [];
    this.#held = new Map();
    this.#alarms = new Map();
    this.#waiting = new Map();
  }

  /** Forgets alarms that are over. */
  #forget(): void {
    for (const [name, { to }] of this.#alarms) if (this.#index - to > LOOK_BACK) this.#alarms.delete(name);
  }

  /** True where another detector has fired before, not long ago. */
  #isExplained(detector: DetectorName): boolean {
    const { about } = detectorNamed(detector);
    return [...this.#alarms].some(([name, { to, isSecondary }]) => {
      if (name === detector || isSecondary || this.#index - to >= LASTING) return false;
      const { about: of } = detectorNamed(name);
      // How far a joint should have moved follows from the stamps; what a picture shows does not.
      return !this.isEndless || of === about || (of === "clock" && about !== "image");
    });
  }

  /** True where an alarm is explained by another; in an endless run it no longer is once that one is over. */
  #isSecondary(detector: DetectorName, before: Alarm | undefined): boolean {
    if (before && (!this.isEndless || !before.isSecondary)) return before.isSecondary;
    return this.#isExplained(detector);
  }

  #knownNow({ since = 0, isSure: _, ...found }: Found, held: number): Known {
    const from = Math.max(0, this.#index - Math.max(since, held - 1));
    const stamp = (this.#ticks.at(from - this.#index - 1) ?? this.#ticks[0]!).stamp;
    return { ...found, from, known: this.#index, stamp };
  }

  #note(detector: DetectorName, { subject, text, score, from, known, stamp }: Known): Alarm {
    const before = this.#alarms.get(detector);
    const alarm: Alarm = {
      detector,
      ...(before && before.score >= score ? { subject: before.subject, text: before.text } : { subject, text }),
      from: before?.from ?? from,
      known: before?.known ?? known,
      to: this.#index,
      stamp: before?.stamp ?? stamp,
      score: Math.max(before?.score ?? 0, score),
      isSecondary: this.#isSecondary(detector, before),
    };
    this.#alarms.set(detector, alarm);
    return alarm;
  }
}
