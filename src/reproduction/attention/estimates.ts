import type { Change } from "../../evaluation/attention/play.js";
import type { Played } from "./items.js";
import type { MapsFound } from "./maps.js";

/** The maps of a kind; undefined where they could not be made. */
export const mapsOfKind = ({ maps }: { readonly maps: readonly MapsFound[] }, kind: string): MapsFound | undefined =>
  maps.find((one) => one.kind === kind);

/** Episodes played with a change of the attention; undefined where none were. */
export const playedWith = ({ played }: { readonly played: readonly Played[] }, change: Change): Played | undefined =>
  played.find((one) => one.change === change);

/** What an episode is worth: of worlds the sum of its rewards, of arms 1 for success. */
export const worthOf = ({ returns, success }: Played): readonly number[] =>
  returns.length > 0 ? returns : success.map(Number);

/** Differences of two lists, episode by episode. */
export const differences = (a: readonly number[], b: readonly number[]): number[] => a.map((value, k) => value - b[k]!);
