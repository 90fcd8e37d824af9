import { effect, signal, untracked } from "@preact/signals";
import type { Heatmap } from "#src/image/heatmap.js";
import { RecordingSource } from "../source/recording-source.js";
import type { Model } from "./model.js";

/** How far the second recording may drift while both play, nanoseconds. */
const DRIFT = 200_000_000n;

/** A second recording that follows the first one, at a fixed distance of time. */
export class Comparison {
  /** Time of the second recording minus that of the first at the same event, nanoseconds. */
  readonly offset = signal(0n);
  readonly #ended: () => void;

  constructor(
    readonly first: Model,
    readonly second: Model,
  ) {
    const [a, b] = [first.source, second.source];
    if (!(a instanceof RecordingSource && b instanceof RecordingSource))
      throw new Error("two recordings can be compared, not a live run");
    this.offset.value = b.start - a.start;
    this.#ended = effect(() => {
      const playing = a.playing.value;
      const time = a.time.value + this.offset.value;
      b.speed.value = a.speed.value;
      untracked(() => {
        const drift = b.time.value - time;
        const follows = playing && b.playing.value && drift < DRIFT && -drift < DRIFT;
        if (playing !== b.playing.value && !playing) b.pause();
        if (follows) return;
        b.seek(time);
        if (playing) b.play();
      });
    });
    const joint = effect(() => {
      second.joint.value = first.joint.value;
    });
    const ended = this.#ended;
    this.#ended = () => {
      ended();
      joint();
    };
  }

  /** Takes the moments that both show now as the same event. */
  align(): void {
    const [a, b] = [this.first.source as RecordingSource, this.second.source as RecordingSource];
    this.offset.value = b.time.value - a.time.value;
  }

  /** Moves the second recording alone, nanoseconds. */
  shift(by: bigint): void {
    this.offset.value += by;
  }

  close(): void {
    this.#ended();
    this.second.close();
  }
}

/** The first heatmap minus the second, N·m per pixel; undefined where their sizes differ. */
export function difference(a: Heatmap | undefined, b: Heatmap | undefined): Heatmap | undefined {
  if (!a || !b || a.width !== b.width || a.height !== b.height) return undefined;
  return { width: a.width, height: a.height, data: a.data.map((value, i) => value - b.data[i]!) };
}
