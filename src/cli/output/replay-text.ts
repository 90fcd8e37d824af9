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
  /** Images that could not be read from the recording. */
  readonly damaged: number;
  readonly episodes: number;
  readonly seconds: number;
  /** Damaged parts of the recording, their seconds, and lost messages by topic; missing where nothing is lost. */
  readonly lost?: {
    readonly parts: number;
    readonly seconds: number;
    readonly messages: Readonly<Record<string, number>>;
  };
}

export function replayText({
  output,
  explained,
  images,
  unmatched,
  mixed,
  damaged,
  episodes,
  seconds,
}: ReplaySummary): string {
  const rate = (explained / seconds).toFixed(1);
  const without = unmatched === 0 ? "" : `; ${unmatched} without matching inputs`;
  const published = mixed === 0 ? "" : `; ${mixed} from mixed publishers`;
  const lost = damaged === 0 ? "" : `; ${damaged} damaged in the recording`;
  return [
    `explained ${explained} of ${images} images in ${plural(episodes, "episode")}, ${rate} per second${without}${published}${lost}`,
    `written   ${output}`,
    "",
  ].join("\n");
}
