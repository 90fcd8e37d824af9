import { InputError } from "../errors.js";
import { parseNumber } from "../numbers/decimal.js";
import type { Grid } from "./curve.js";
import type { Run } from "./run.js";
import { flagsAt } from "./run.js";

/** An event that runs are aligned at. */
export type EventSpec =
  | { readonly kind: "flag"; readonly flag: string; readonly text: string }
  | { readonly kind: "topic"; readonly topic: string; readonly text: string }
  | { readonly kind: "tick"; readonly tick: number; readonly text: string }
  | { readonly kind: "time"; readonly seconds: number; readonly text: string }
  | { readonly kind: "end"; readonly text: string };

const EXPECTED = "flag:NAME, topic:/NAME, tick:N, time:SECONDS or end";

/**
 * `flag:in_contact` (where a flag comes up), `topic:/target` (each message), `tick:20` (the 20th control step of the
 * run, from 0), `time:1.5` (seconds from the run's first tick) or `end` (the last tick). Throws InputError.
 */
export function parseEvent(text: string): EventSpec {
  const colon = text.indexOf(":");
  const [kind, value] = colon < 0 ? [text, ""] : [text.slice(0, colon), text.slice(colon + 1)];
  const amount = parseNumber(value) ?? Number.NaN;
  if (kind === "end" && colon < 0) return { kind, text };
  if (kind === "flag" && value !== "") return { kind, flag: value, text };
  if (kind === "topic" && value !== "") return { kind, topic: value, text };
  if (kind === "tick" && Number.isSafeInteger(amount) && amount >= 0) return { kind, tick: amount, text };
  if (kind === "time" && Number.isFinite(amount) && amount >= 0) return { kind, seconds: amount, text };
  throw new InputError(`event "${text}": expected ${EXPECTED}`);
}

/** Stamps of the run at which the event happens, nanoseconds. */
export function eventStamps(run: Run, event: EventSpec): bigint[] {
  switch (event.kind) {
    case "end":
      return [run.stamp[run.ticks - 1]!];
    case "tick":
      return event.tick < run.ticks ? [run.stamp[event.tick]!] : [];
    case "time": {
      const [first, last] = [run.stamp[0]!, run.stamp[run.ticks - 1]!];
      const after = Math.round(event.seconds * 1e9);
      return after <= Number(last - first) ? [first + BigInt(after)] : [];
    }
    case "flag":
      return Array.from(run.stamp).filter(
        (_, i) => i > 0 && flagsAt(run, i).includes(event.flag) && !flagsAt(run, i - 1).includes(event.flag),
      );
    case "topic":
      return (run.messages.get(event.topic) ?? []).flatMap((time) => stampOf(run, time));
  }
}

/** A log time in the images' clock; empty if it is outside the run. */
function stampOf(run: Run, logTime: bigint): bigint[] {
  const next = run.logTime.findIndex((time) => time >= logTime);
  if (next < 0 || (next === 0 && logTime < run.logTime[0]!)) return [];
  return [run.stamp[next]! - (run.logTime[next]! - logTime)];
}

/** Seconds around an event, 101 points. @param window seconds before and after */
export function eventGrid(window: number): Grid {
  return { from: -window, to: window, points: 101 };
}
