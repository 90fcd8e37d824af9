import type { Observation } from "../explain/observation.js";
import { own } from "../own.js";
import type { CardSlice } from "../policy/card-schema.js";
import type { ValueModality } from "../policy/modalities.js";
import type { Policy } from "../policy/policy.js";
import { type Change, changesFor, type Given } from "./changes.js";
import type { Finding } from "./finding.js";

const CHECK = "ranges";

/** A turn and a bit: more than joints in rad show. */
const MOST_RADIANS = 2 * Math.PI + 0.35;
/** Deviations of the training data by which a recording's mean may be off, and by which it surely is. */
const NEAR = 3;
const FAR = 6;
/** Part of the misfit that mending a fault must leave at most. */
const MENDED = 0.4;

/** Compares a recording's values with what the card says of the training data, and joint positions with a turn. */
export function ranges(policy: Policy, observations: readonly Observation[]): Finding[] {
  const findings = [...trained(policy, observations)];
  if (findings.every(({ grade }) => grade === "good")) findings.push(...turns(policy, observations));
  const isFound = findings.some(({ grade }) => grade !== "good");
  return isFound ? findings.filter(({ grade }) => grade !== "good") : findings.slice(0, 1);
}

/** A modality with the mean and deviation of its training data. */
interface Known {
  readonly modality: ValueModality;
  readonly mean: readonly number[];
  readonly std: readonly number[];
}

function knownOf(policy: Policy): Known[] {
  return policy.modalities.flatMap((modality): Known[] => {
    if (modality.kind !== "values") return [];
    const slices = own(policy.card.inputs, modality.input);
    const slice = Array.isArray(slices) ? slices.find((one: CardSlice) => one.modality === modality.name) : undefined;
    return slice?.mean && slice.std ? [{ modality, mean: slice.mean, std: slice.std }] : [];
  });
}

function trained(policy: Policy, observations: readonly Observation[]): Finding[] {
  const known = knownOf(policy);
  if (known.length === 0) return [];
  const now = misfit(known, observations);
  if (now.worst < NEAR)
    return [
      {
        check: CHECK,
        grade: "good",
        text: `values lie where the training data did (their means within ${now.worst.toFixed(1)} deviations)`,
      },
    ];
  let best: { readonly change: Change; readonly left: number } | undefined;
  for (const change of changesFor(policy).filter(
    ({ name, outputs }) => !outputs && /^(normalised|degrees|radians|order)/.test(name),
  )) {
    const { mean } = misfit(known, observations.map(change.mend));
    if (!best || mean < best.left) best = { change, left: mean };
  }
  if (best && best.left < MENDED * now.mean && best.left < NEAR)
    return [
      {
        check: CHECK,
        grade: "fault",
        text: `${best.change.words}: they are ${now.mean.toFixed(1)} deviations off the training data, without that ${best.left.toFixed(1)}; ${best.change.hint}`,
      },
    ];
  const grade = now.worst > FAR ? "warning" : "good";
  return [
    { check: CHECK, grade, text: `${now.element} is ${now.worst.toFixed(1)} deviations off the training data's mean` },
  ];
}

/** Deviations between the recording's means and those of the training data, and how far spreads are apart. */
function misfit(known: readonly Known[], given: readonly Given[]) {
  let [sum, count, worst, element] = [0, 0, 0, ""];
  for (const { modality, mean, std } of known)
    for (const [i, middle] of mean.entries()) {
      const values = given.flatMap(({ values: all }) => {
        const value = own(all, modality.name)?.[i];
        return value === undefined ? [] : [value];
      });
      if (values.length === 0) continue;
      const own_ = values.reduce((total, value) => total + value, 0) / values.length;
      const spread = Math.sqrt(values.reduce((total, value) => total + (value - own_) ** 2, 0) / values.length);
      const off = Math.abs(own_ - middle) / std[i]! + Math.max(0, Math.log(Math.max(spread, 1e-12) / std[i]!));
      sum += off;
      count++;
      if (off > worst) [worst, element] = [off, `${modality.name}.${modality.elements[i]}`];
    }
  return { mean: count === 0 ? 0 : sum / count, worst, element };
}

function turns({ modalities }: Policy, observations: readonly Observation[]): Finding[] {
  const positions = modalities.filter(
    (one): one is ValueModality => one.kind === "values" && one.quantity === "joint_position",
  );
  const values = positions.flatMap(({ name }) =>
    observations.flatMap(({ values: all }) => Array.from(own(all, name) ?? [])),
  );
  if (values.length === 0) return [];
  const largest = values.reduce((most, value) => Math.max(most, Math.abs(value)), 0);
  const outside = values.filter((value) => Math.abs(value) > MOST_RADIANS).length / values.length;
  const isDegrees = outside > 0.2 && largest > 4 * Math.PI;
  if (isDegrees)
    return [
      {
        check: CHECK,
        grade: "fault",
        text: `joint states are in degrees, the policy expects radians: ${Math.round(100 * outside)} % of the positions are beyond a turn, up to ${largest.toFixed(0)}; convert what the driver publishes`,
      },
    ];
  return [{ check: CHECK, grade: "good", text: `joint positions up to ${largest.toFixed(2)}, as in rad` }];
}
