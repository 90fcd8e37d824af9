import { plural } from "../../numbers/format.js";

/** Outcome of a replay. */
export interface ReplaySummary {
  readonly output: string;
  readonly explained: number;
  readonly images: number;
  /** Images without matching joint states or other inputs. */
  readonly unmatched: number;
  /** Explanations of joint states or images that several publishers mixed. */
  readonly mixed: number;
  readonly episodes: number;
  readonly seconds: number;
}

export function replayText({ output, explained, images, unmatched, mixed, episodes, seconds }: ReplaySummary): string {
  const rate = (explained / seconds).toFixed(1);
  const without = unmatched === 0 ? "" : `; ${unmatched} without matching inputs`;
  const published = mixed === 0 ? "" : `; ${mixed} from mixed publishers`;
  return [
    `explained ${explained} of ${images} images in ${plural(episodes, "episode")}, ${rate} per second${without}${published}`,
    `written   ${output}`,
    "",
  ].join("\n");
}
