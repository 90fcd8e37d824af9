import type { Bag, Topic } from "../../bag/bag.js";
import type { BagSourceOptions } from "../../bag/bag-source.js";
import { OWN_TOPICS } from "../../bag/explained-bag.js";
import { InputError } from "../../errors.js";
import { hasMemory } from "../../explain/memory.js";
import { parseNumber } from "../../numbers/decimal.js";
import { put } from "../../own.js";
import type { Policy } from "../../policy/policy.js";
import { hasQuantity } from "../../sensing/values.js";

/** Options that name the topics and constants that a policy is fed from. */
export interface InputOptions {
  readonly image: readonly string[];
  readonly joints: readonly string[];
  readonly value: readonly string[];
}

/** Options that select what is read, explained and copied from a recording. */
export interface SelectionOptions extends InputOptions {
  readonly copy: string;
  readonly start?: number;
  readonly end?: number;
  readonly every: number;
}

/** @throws InputError if ticks would be skipped for a policy that remembers earlier ticks */
export function checkEvery(policy: Policy, every: number): void {
  if (every === 1 || (!hasMemory(policy) && !hasQuantity(policy, "previous_action"))) return;
  throw new InputError(`--every ${every}: ${policy.card.name} remembers earlier ticks, expected 1`);
}

export function selectionOf(
  bag: Bag,
  { image, joints, value, copy, start, end, every }: SelectionOptions,
): BagSourceOptions {
  const length = Number(bag.end - bag.start);
  /** Undefined where it is after the recording. */
  const after = (seconds: number) => {
    const nanoseconds = Math.round(seconds * 1e9);
    return nanoseconds > length ? undefined : bag.start + BigInt(nanoseconds);
  };
  if (start !== undefined && after(start) === undefined)
    throw new InputError(`--start ${start}: the recording is ${(length / 1e9).toFixed(3)} s long`);
  if (start !== undefined && end !== undefined && end < start)
    throw new InputError(`--end ${end}: expected ${start} (--start) or more`);
  return {
    ...inputsOf({ image, joints, value }),
    copied: copiedOf(bag, copy),
    start: start === undefined ? undefined : after(start),
    end: end === undefined ? undefined : after(end),
    every,
  };
}

/** The topics and constants that the options name. */
export function inputsOf({
  image,
  joints,
  value,
}: InputOptions): Required<Pick<BagSourceOptions, "image" | "joints" | "values" | "given">> {
  const pairs = image.map((text) => {
    const at = text.startsWith("/") ? -1 : text.indexOf("=");
    return [at < 0 ? "" : text.slice(0, at), text.slice(at + 1)];
  });
  return { image: Object.fromEntries(pairs), joints, ...valuesOf(value) };
}

/** `MODALITY=NUMBERS` or `MODALITY=TOPIC`. */
function valuesOf(given: readonly string[]): Required<Pick<BagSourceOptions, "values" | "given">> {
  const values: Record<string, number[]> = {};
  const topics: Record<string, string> = {};
  for (const text of given) {
    const [, modality, what] = /^([^=]+)=(.+)$/s.exec(text) ?? [];
    if (modality === undefined || what === undefined)
      throw new InputError(`--value ${text}: expected MODALITY=NUMBERS, separated by commas, or MODALITY=TOPIC`);
    if (Object.hasOwn(values, modality) || Object.hasOwn(topics, modality))
      throw new InputError(`--value ${text}: ${modality} already has a value`);
    if (what.startsWith("/")) put(topics, modality, what);
    else
      put(
        values,
        modality,
        what.split(",").map((number) => numberOf(number, text)),
      );
  }
  return { values, given: topics };
}

function numberOf(text: string, option: string): number {
  const value = parseNumber(text);
  if (value !== undefined) return value;
  throw new InputError(
    `--value ${option}: found ${JSON.stringify(text)}, expected a number or a topic that begins with /`,
  );
}

function copiedOf(bag: Bag, copy: string): (topic: Topic) => boolean {
  if (copy === "none") return () => false;
  const isForeign = ({ name }: Topic) => !name.startsWith(OWN_TOPICS);
  if (copy === "all") return isForeign;
  const wanted = new Set(copy.split(",").map((name) => name.trim()));
  const known = bag.topics.filter(isForeign).map(({ name }) => name);
  const unknown = [...wanted].find((name) => !known.includes(name));
  if (unknown === undefined) return ({ name }) => wanted.has(name);
  const what = unknown === "" ? "found an empty name" : `no topic ${unknown}`;
  throw new InputError(`--copy ${copy}: ${what}, expected all, none or some of ${known.join(",")}`);
}
