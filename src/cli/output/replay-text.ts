import { plural } from "../../numbers/format.js";
import type { DropReason } from "../../sensing/counters.js";

/**
 * Outcome of a replay. Every image of `images` is counted once: explained, unmatched, damaged, dropped for another
 * reason, skipped or failed.
 */
export interface ReplaySummary {
  readonly output: string;
  readonly explained: number;
  /** Images of the policy's first camera in the recording. */
  readonly images: number;
  /** Images without matching joint states, other cameras' images or other inputs. */
  readonly unmatched: number;
  /** Images that could not be read from the recording, or whose pixels could not be decoded. */
  readonly damaged: number;
  /** Images that were not used for another reason, by reason; reasons without images are left out. */
  readonly dropped: Readonly<Partial<Record<OtherReason, number>>>;
  /** Images left out by `--every`. */
  readonly skipped: number;
  /** Images whose explanation ended with an error. */
  readonly failed: number;
  /** Explanations of joint states or images that several publishers mixed. */
  readonly mixed: number;
  readonly episodes: number;
  readonly seconds: number;
  /** Damaged parts of the recording, their seconds, and lost messages by topic; missing where nothing is lost. */
  readonly lost?: {
    readonly parts: number;
    readonly seconds: number;
    readonly messages: Readonly<Record<string, number>>;
  };
}

type OtherReason = Exclude<DropReason, "unmatched" | "damaged">;

const REASONS: Readonly<Record<OtherReason, string>> = {
  encoding: "of an unfit encoding",
  size: "of an unfit size",
  malformed: "malformed",
  not_a_number: "with values that are not numbers",
  too_old: "too old",
  in_future: "stamped in the future",
  out_of_order: "out of order",
};

export const replayText = (summary: ReplaySummary): string =>
  `${explainedLine(summary)}\nwritten   ${summary.output}\n`;

/** How much was explained, one line. */
export function explainedLine(summary: ReplaySummary): string {
  const { explained, images, unmatched, damaged, dropped, skipped, failed, mixed, episodes, seconds } = summary;
  const rate = (explained / seconds).toFixed(1);
  const parts: [count: number, what: string][] = [
    [unmatched, "without matching inputs"],
    [damaged, "damaged in the recording"],
    ...Object.entries(REASONS).map(([why, what]): [number, string] => [dropped[why as OtherReason] ?? 0, what]),
    [skipped, "left out by --every"],
    [failed, "that could not be explained"],
    [mixed, "from mixed publishers"],
  ];
  const rest = parts.map(([count, what]) => (count === 0 ? "" : `; ${count} ${what}`)).join("");
  return `explained ${explained} of ${images} images in ${plural(episodes, "episode")}, ${rate} per second${rest}`;
}
