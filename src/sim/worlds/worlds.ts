import { InputError } from "../../errors.js";
import { own } from "../../own.js";
import { BREAKOUT } from "./breakout/entry.js";
import { HIGHWAY } from "./highway/entry.js";
import { RED_FETCH_GREEN } from "./red-fetch-green/entry.js";
import { TABLETOP, TABLETOP_UNSEEN } from "./tabletop/entry.js";
import type { WorldEntry } from "./world.js";

/** The simulated worlds. An entry loads the world's code on first use. */
const WORLDS: Readonly<Record<string, WorldEntry>> = Object.fromEntries(
  [RED_FETCH_GREEN, BREAKOUT, HIGHWAY, TABLETOP, TABLETOP_UNSEEN].map((entry) => [entry.facts.name, entry]),
);

/** Names of the simulated worlds. */
export const worldNames: readonly string[] = Object.keys(WORLDS);

/** @throws InputError for an unknown name */
export function worldNamed(name: string): WorldEntry {
  const entry = own(WORLDS, name);
  if (entry === undefined) throw new InputError(`no world named "${name}"; expected ${worldNames.join(", ")}`);
  return entry;
}
