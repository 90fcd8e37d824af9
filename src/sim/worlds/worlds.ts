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

/** The world whose policies fit where a name is that of its unseen conditions; any other name. */
export const trainedIn = (name: string): string => own(WORLDS, name)?.facts.unseenOf ?? name;

/** The world with the unseen conditions of one that policies are trained in. @throws InputError where there is none */
export function unseenOf(world: string): string {
  const found = worldNames.find((name) => own(WORLDS, name)?.facts.unseenOf === world);
  if (found === undefined) throw new InputError(`${world}: no world has its unseen conditions`);
  return found;
}

/** @throws InputError for an unknown name */
export function worldNamed(name: string): WorldEntry {
  const entry = own(WORLDS, name);
  if (entry === undefined) throw new InputError(`no world named "${name}"; expected ${worldNames.join(", ")}`);
  return entry;
}
