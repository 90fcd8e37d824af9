import type { OptionTable } from "../../parameters/option-table.js";
import type { SyncOptions } from "../../sensing/sync-options.js";
import { SYNC_POLICIES } from "../../sensing/timeline.js";

const SECONDS = [0, 3600] as const;

/** How messages are synchronised, and when an episode begins. */
export const SYNC_PARAMETERS = {
  sync_policy: {
    option: "sync",
    type: "string",
    choices: SYNC_POLICIES,
    default: "interpolate",
    description: "How joint states are brought to an image's stamp.",
    changeable: "always",
  },
  sync_slop: {
    option: "slop",
    unset: 0,
    type: "double",
    range: SECONDS,
    default: 0,
    description: "Largest distance of a joint state from an image's stamp, seconds; 0: one control period.",
    changeable: "always",
  },
  max_age: {
    option: "maxAge",
    unset: 0,
    type: "double",
    range: SECONDS,
    default: 0,
    description: "Images older than this are not explained, seconds; 0: ten control periods.",
    changeable: "always",
  },
  max_future: {
    option: "maxFuture",
    type: "double",
    range: SECONDS,
    default: 0.5,
    description: "Messages stamped further ahead of the clock are refused, seconds.",
    changeable: "always",
  },
  episode_gap: {
    option: "episodeGap",
    type: "double",
    range: SECONDS,
    default: 1,
    description: "A longer time without images begins an episode and clears the policy's memory, seconds.",
    changeable: "always",
  },
  clock_jump: {
    option: "clockJump",
    type: "double",
    range: SECONDS,
    default: 0.1,
    description: "A clock or stamp that jumps back further than this begins an episode, seconds.",
    changeable: "always",
  },
} as const satisfies OptionTable<SyncOptions>;
