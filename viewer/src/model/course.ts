import { signal } from "@preact/signals";
import { nanoseconds } from "#src/messages/stamp.js";
import type { ExplanationMessage } from "#src/messages/types.js";
import type { OutputMeaning } from "#src/outputs/kinds.js";
import { courseOf } from "../ui/outputs.js";
import { History } from "./history.js";

/** Ticks kept: an hour at 20 Hz. */
const KEPT = 72_000;

/** A moment that a flag marks, seconds. */
export interface Mark {
  readonly time: number;
  readonly flags: readonly string[];
  /** Log time of its tick, nanoseconds. */
  readonly logTime: bigint;
}

/** Shares, torques, flags and latency of past ticks. */
export class Course {
  /** Modalities, then joints: names of the columns are `share NAME` and `torque NAME`, then `latency` and `residual`. */
  modalities: readonly string[] = [];
  joints: readonly string[] = [];
  /** Kind and unit of each joint's torque, or of what else is shown: of actions their probabilities. */
  outputs: readonly OutputMeaning[] = [];
  history = new History([], 1);
  marks: Mark[] = [];
  /** Rises with every tick. */
  readonly version = signal(0);
  #layout = "";
  #origin: bigint | undefined;
  #flags = "";

  /** @param logTime nanoseconds; left out: the stamp */
  add(explanation: ExplanationMessage, logTime = nanoseconds(explanation.header.stamp)): void {
    const { modalities, torques, shares, latency_ms, conservation_residual, flags } = explanation;
    const layout = JSON.stringify([
      modalities,
      torques.map(({ joint, kind, unit, measured_from: from }) => [joint, kind, unit, from]),
    ]);
    const stamp = nanoseconds(explanation.header.stamp);
    this.#origin ??= stamp;
    const time = Number(stamp - this.#origin) / 1e9;
    const last = this.history.span?.[1] ?? Number.NEGATIVE_INFINITY;
    if (layout !== this.#layout || time < last) {
      this.clear();
      this.#layout = layout;
      this.#origin = stamp;
      this.modalities = modalities;
      this.joints = torques.map(({ joint }) => joint);
      this.outputs = courseOf(explanation).outputs;
      const columns = [...modalities.map((name) => `share ${name}`), ...this.joints.map((name) => `torque ${name}`)];
      this.history = new History([...columns, "latency", "residual"], KEPT);
      this.add(explanation, logTime);
      return;
    }
    this.history.push(time, [...shares, ...courseOf(explanation).values, latency_ms, conservation_residual]);
    // A state that goes on is one mark, where it began.
    const shown = flags.join(" ");
    if (shown !== this.#flags && shown !== "") this.marks.push({ time, flags, logTime });
    this.#flags = shown;
    while (this.marks.length > 0 && this.marks[0]!.time < this.history.span![0]) this.marks.shift();
    this.version.value++;
  }

  /** Seconds in the course of a stamp; undefined before the first tick. */
  secondsOf(stamp: bigint): number | undefined {
    return this.#origin === undefined ? undefined : Number(stamp - this.#origin) / 1e9;
  }

  /** The stamp, nanoseconds, of a time in the course. */
  stampOf(seconds: number): bigint {
    return (this.#origin ?? 0n) + BigInt(Math.round(seconds * 1e9));
  }

  clear(): void {
    this.history.clear();
    this.marks = [];
    this.#flags = "";
    this.#layout = "";
    this.#origin = undefined;
    this.version.value++;
  }
}
