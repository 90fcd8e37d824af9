import { InputError } from "../../errors.js";
import type { Conditions } from "../../fleet/survey/fleet-findings.js";

const KEYS = ["policy", "date", "robot"] as const;
type Key = (typeof KEYS)[number];

/** Conditions on the folders of a data set, such as `robot=arm-7`. @throws InputError for other text, and a key twice */
export function conditionsOf(option: string, given: readonly string[]): Conditions {
  const conditions = new Map<Key, string>();
  for (const text of given) {
    const at = text.indexOf("=");
    const key = KEYS.find((known) => known === text.slice(0, at));
    const value = text.slice(at + 1);
    if (key === undefined || value === "")
      throw new InputError(`${option} ${text}: expected policy=NAME, robot=NAME or date=YYYY-MM-DD (or its beginning)`);
    if (conditions.has(key)) throw new InputError(`${option} ${text}: a second condition on ${key}, expected one`);
    conditions.set(key, value);
  }
  return conditions;
}
