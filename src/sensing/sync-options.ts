import { InputError } from "../errors.js";
import { nanoseconds } from "./stamp.js";
import { SYNC_POLICIES, type SyncPolicy } from "./timeline.js";

/** How messages are synchronised; may be changed while running. Times in seconds. */
export interface SyncOptions {
  /** How joint states are brought to an image's stamp; default `interpolate`. */
  readonly sync?: SyncPolicy;
  /** Largest distance of other messages from the image's stamp; default one control period. */
  readonly slop?: number;
  /** Older images are not explained; default ten control periods. Infinity: no limit. */
  readonly maxAge?: number;
  /** Messages stamped further ahead of the clock are refused; default 0.5. */
  readonly maxFuture?: number;
  /** A longer time without images begins an episode and clears the policy's memory. Default 1. */
  readonly episodeGap?: number;
  /** A clock or stamp that jumps back further begins an episode. Default 0.1. */
  readonly clockJump?: number;
}

/** Complete `SyncOptions`, in nanoseconds. */
export interface SyncSettings {
  readonly policy: SyncPolicy;
  readonly slop: bigint;
  readonly maxAge: bigint;
  readonly maxFuture: bigint;
  readonly episodeGap: bigint;
  readonly clockJump: bigint;
}

/** @throws InputError naming the option for anything but a time of 0 or more, or for an unknown policy */
export function settingsOf(options: SyncOptions, controlPeriod: number): SyncSettings {
  const { sync = "interpolate" } = options;
  if (!SYNC_POLICIES.includes(sync))
    throw new InputError(`sync: found ${JSON.stringify(sync)}, expected one of ${SYNC_POLICIES.join(", ")}`);
  const time = (name: Exclude<keyof SyncOptions, "sync">, otherwise: number): bigint => {
    const value = options[name] ?? otherwise;
    if (value >= 0) return nanoseconds(value);
    throw new InputError(`${name}: found ${value}, expected a number of seconds, 0 or more`);
  };
  return {
    policy: sync,
    slop: time("slop", controlPeriod),
    maxAge: time("maxAge", 10 * controlPeriod),
    maxFuture: time("maxFuture", 0.5),
    episodeGap: time("episodeGap", 1),
    clockJump: time("clockJump", 0.1),
  };
}
