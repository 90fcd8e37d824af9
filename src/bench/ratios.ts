import { wholePercent } from "../numbers/format.js";

/** Times of one run, milliseconds. */
export interface Times {
  readonly wallMs: number;
  /** Processor time over all threads; includes threads that spin, hardly depends on other processes. */
  readonly cpuMs: number;
}

/** How many times as long one thing takes as another. */
export interface Ratios {
  readonly wall: number;
  readonly cpu: number;
}

/** A comparison of what `name` says, with the part of the processors that other processes took, where it is known. */
export interface Comparison {
  readonly name: string;
  readonly ratios: Ratios;
  readonly others: number | undefined;
}

export const ratiosOf = (one: Times, other: Times): Ratios => ({
  wall: one.wallMs / other.wallMs,
  cpu: one.cpuMs / other.cpuMs,
});

/** Ratios part where one is more than so many times the other. */
const PARTING = 1.5;
/** A machine is busy where other processes take more than this part of its processors. */
const BUSY = 0.1;

const parting = ({ wall, cpu }: Ratios): number => Math.max(wall / cpu, cpu / wall);

/**
 * One line where a busy machine makes ratios of wall times differ from those of processor times; the comparison where
 * they differ most is named.
 */
export function busyWarning(comparisons: readonly Comparison[]): string | undefined {
  const apart = comparisons.filter(
    ({ ratios, others }) => parting(ratios) > PARTING && (others === undefined || others > BUSY),
  );
  const [worst] = apart.sort((a, b) => parting(b.ratios) - parting(a.ratios));
  if (worst === undefined) return undefined;
  const { name, ratios, others } = worst;
  const taken = others === undefined ? "" : `: other programs took ${wholePercent(others)} of its processors`;
  const found = `${name}: ${ratios.wall.toFixed(2)} × by wall time, ${ratios.cpu.toFixed(2)} × by processor time`;
  return `${found}; the machine was busy${taken}; trust processor time`;
}
