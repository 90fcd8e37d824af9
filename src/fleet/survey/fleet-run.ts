import { own } from "../../own.js";
import type { Part } from "../dataset/layout.js";
import type { RunRow } from "../dataset/read-runs-table.js";

/** A moment of a run: its value, and where a player must seek, seconds from the bag's first message. */
export interface Extreme {
  readonly value: number;
  readonly seek: number;
}

/** What a fleet's report keeps of a run. */
export interface FleetRun {
  readonly bag: string;
  /** The bag, with slice and episode where they are not the first. */
  readonly name: string;
  readonly robot: string;
  /** Stamp of its first image, milliseconds since 1970. */
  readonly time: number;
  readonly seek: number;
  readonly seconds: number;
  readonly ticks: number;
  /** Mean share of each modality, [M]; NaN where no tick counts. */
  readonly shares: Float32Array;
  /** Smallest and largest share of each modality, [M]. */
  readonly least: readonly Extreme[];
  readonly most: readonly Extreme[];
  readonly residual: Extreme;
  /** Longest stretch at a limit, seconds. */
  readonly limit: Extreme;
  readonly success: boolean | undefined;
}

/** Runs whose shares can be compared: of one policy, explained in one way. */
export interface Group {
  readonly policy: string;
  readonly method: string;
  readonly references: string;
  readonly featurePoints: string;
  readonly modalities: readonly string[];
  readonly runs: FleetRun[];
}

const numberOf = (value: unknown): number => (typeof value === "number" ? value : Number.NaN);
const textOf = (value: unknown): string => (typeof value === "string" ? value : "");

/** Modalities of a row, by the names of its columns. */
const modalitiesOf = (row: RunRow): string[] =>
  Object.keys(row).flatMap((name) => (name.startsWith("share_std_") ? [name.slice("share_std_".length)] : []));

/** What tells a row's group from others. */
export const groupKey = (part: Part, row: RunRow): string =>
  JSON.stringify([part.policy, row.policy_files, row.method, row.references, row.feature_points, modalitiesOf(row)]);

export const newGroup = (part: Part, row: RunRow): Group => ({
  policy: part.policy,
  method: textOf(row.method),
  references: textOf(row.references),
  featurePoints: textOf(row.feature_points),
  modalities: modalitiesOf(row),
  runs: [],
});

export function fleetRun(part: Part, row: RunRow, modalities: readonly string[]): FleetRun {
  const extreme = (value: string, seek: string): Extreme => ({
    value: numberOf(own(row, value)),
    seek: numberOf(own(row, seek)),
  });
  const bag = textOf(row.bag);
  const [slice, episode] = [numberOf(row.slice), numberOf(row.episode)];
  const name = `${bag}${slice > 0 ? ` slice ${slice}` : ""}${episode > 0 ? `#${episode}` : ""}`;
  return {
    ...{ bag, name, robot: part.robot },
    time: Number((row.t_ns as bigint) / 1_000_000n),
    seek: numberOf(row.seek),
    seconds: numberOf(row.seconds),
    ticks: numberOf(row.ticks),
    shares: Float32Array.from(modalities, (modality) => numberOf(own(row, `share_${modality}`))),
    least: modalities.map((modality) => extreme(`share_min_${modality}`, `share_min_seek_${modality}`)),
    most: modalities.map((modality) => extreme(`share_max_${modality}`, `share_max_seek_${modality}`)),
    residual: extreme("residual_max", "residual_max_seek"),
    limit: extreme("limit_seconds", "limit_seek"),
    success: typeof row.success === "boolean" ? row.success : undefined,
  };
}
