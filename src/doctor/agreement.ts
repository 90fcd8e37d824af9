import type { ManyObservations } from "../evaluation/what-if/many.js";
import type { Policy } from "../policy/policy.js";
import { type Change, changesFor, type Given } from "./changes.js";
import type { Finding } from "./finding.js";
import { presentOf, type Recorded } from "./recorded.js";

const CHECK = "commands";

/** Observations that each fault is tried on. */
const TRIED = 24;
/** Disagreement, in parts of what commands vary by, up to which the inputs are right, and from which they are not. */
const AGREES = 0.15;
const DISAGREES = 0.5;
/** Part of the disagreement that mending a fault must leave at most. */
const MENDED = 0.5;
/** Disagreement below which nothing is tried, and part of it that is left where a fault is certain all the same. */
const NOTHING = 0.01;
const CERTAIN = 0.1;

/**
 * Compares what the policy commands for a recording's inputs with what was commanded then; where they differ, finds the
 * fault without which they would not.
 */
export async function agreement(policy: Policy, recorded: Recorded, many: ManyObservations): Promise<Finding[]> {
  const both = recorded.observations.flatMap((observation, i) => {
    const command = recorded.commands[i];
    return command ? [{ observation, command }] : [];
  });
  if (both.length < 4)
    return [
      {
        check: CHECK,
        grade: "unknown",
        text:
          "the recording has no commands to compare with: swapped red and blue, and images upside down or mirrored, are not " +
          "looked for (no statistic of a picture tells them); the order of joints is checked by statistics only. Record what " +
          "is commanded, as a Float64MultiArray on /command",
      },
    ];
  const tried = both.filter((_, i) => i % Math.ceil(both.length / TRIED) === 0);
  // Targets vary by where the arm is; what counts is how far they are from there, where that varies less.
  const changes = both.map(({ observation, command }) =>
    command.map((value, j) => value - presentOf(policy, observation, j)),
  );
  const [whole, apart] = [spreadOf(both.map(({ command }) => command)), spreadOf(changes)];
  const scale = whole.map((value, j) => Math.min(value, apart[j]!));
  const error = async (change?: Change) => {
    // There are many orders: each is tried on fewer moments.
    const moments = change?.name.startsWith("order") ? tried.filter((_, i) => i % 3 === 0) : tried;
    const given = moments.map(({ observation }): Given => (change ? change.mend(observation) : observation));
    const found = await many.commands(given);
    const targets = found.map((command, i) => command.map((value, j) => value + presentOf(policy, given[i]!, j)));
    return misfit(
      targets.map((target) => ordered(target, change?.outputs)),
      moments.map(({ command }) => command),
      scale,
    );
  };
  const now = await error();
  const from = `with those on ${recorded.origin} (${percent(now)} of what they vary by, over ${tried.length} moments)`;
  const agrees: Finding = { check: CHECK, grade: "good", text: `the policy's commands agree ${from}` };
  if (now <= NOTHING) return [agrees];
  let best: { readonly change: Change; readonly left: number } | undefined;
  for (const change of changesFor(policy)) {
    const left = await error(change);
    if (!best || left < best.left) best = { change, left };
  }
  const part = now > AGREES ? MENDED : CERTAIN;
  if (best && best.left < DISAGREES && best.left < part * now) {
    const { words, hint } = best.change;
    return [
      {
        check: CHECK,
        grade: "fault",
        text: `${words}: without that the commands agree to ${percent(best.left)}, with it they differ by ${percent(now)}; ${hint}`,
      },
    ];
  }
  if (now <= AGREES) return [agrees];
  const grade =
    now > DISAGREES && recorded.policySha256 === policy.sha256 ? "fault" : now > DISAGREES ? "warning" : "good";
  const why =
    grade === "good"
      ? ""
      : "; no single fault of the inputs explains it: another policy or another card was in use, or people drove";
  return [
    {
      check: CHECK,
      grade,
      text: `the policy's commands ${grade === "good" ? "are near those" : "differ from those"} on ${recorded.origin} (${percent(now)} of what they vary by)${why}`,
    },
  ];
}

const percent = (part: number) => `${(100 * part).toPrecision(2)} %`;

const ordered = (command: Float32Array, places: readonly number[] | undefined) =>
  places ? Float32Array.from(places, (place) => command[place]!) : command;

/** Standard deviation of each command, at least a hundredth of the largest. */
function spreadOf(commands: readonly Float64Array[]): number[] {
  const each = Array.from(commands[0]!, (_, j) => {
    const values = commands.map((command) => command[j]!);
    const mean = values.reduce((sum, value) => sum + value, 0) / values.length;
    return Math.sqrt(values.reduce((sum, value) => sum + (value - mean) ** 2, 0) / values.length);
  });
  const least = Math.max(...each) / 100;
  return each.map((value) => Math.max(value, least, Number.MIN_VALUE));
}

/** Root mean square of the difference, in spreads. */
function misfit(
  found: readonly ArrayLike<number>[],
  commands: readonly Float64Array[],
  scale: readonly number[],
): number {
  let sum = 0;
  for (const [i, command] of commands.entries())
    for (const [j, spread] of scale.entries()) sum += ((found[i]![j]! - command[j]!) / spread) ** 2;
  return Math.sqrt(sum / (commands.length * scale.length));
}
