import { isCompressed } from "../image/decode.js";
import { MixedTracks, type Motion } from "./mixed-tracks.js";
import type { CameraMessage } from "./observing.js";

/** What tells the images of two cameras apart. */
interface View {
  readonly stamp: bigint;
  /** Publisher, frame, size and encoding. */
  readonly kind: string;
  /** Bytes of some pixels, less their mean, of length 1; undefined where they say nothing. */
  readonly sketch: Float64Array | undefined;
}

/** Points of a sketch by row and column. */
const ROWS = 12;
const COLUMNS = 16;
/** Fewest points of a sketch. */
const FEWEST = 32;
/** A multiple of the bytes of a pixel, of its channel and of a block of two pixels, so that like is compared with like. */
const BLOCK = 12;
/** Largest distance (1 − correlation) between two images of one camera that continue each other. */
const ALIKE = 0.3;
/** Proof that images are those of several cameras. */
const PROOF = { switches: 12, publishers: 3 } as const;

const VIEWS: Motion<View> = {
  distance: (a, b) => {
    if (a.kind !== b.kind) return 2;
    if (!a.sketch || !b.sketch || a.sketch.length !== b.sketch.length) return 0;
    return 1 - a.sketch.reduce((sum, value, i) => sum + value * b.sketch![i]!, 0);
  },
  reach: () => ALIKE,
  proof: () => PROOF,
};

/** Tells when the images of two cameras come mixed on one topic: by their kinds, or by what is in them. */
export class CameraViews {
  readonly #cameras = new MixedTracks(VIEWS);
  readonly #stamps: bigint[] = [];

  /**
   * Takes an image. Returns why it is of another camera than the one before, one line; undefined where it is not.
   * @param publisher who sent it, where that is known
   */
  add(message: CameraMessage, stamp: bigint, publisher: string | undefined): string | undefined {
    // The same image, relayed or recorded twice, is no other camera's.
    if (this.#stamps.includes(stamp)) return undefined;
    this.#stamps.push(stamp);
    if (this.#stamps.length > PROOF.switches) this.#stamps.shift();
    const kind = [...(publisher === undefined ? [] : [publisher]), kindOf(message)].join(", ");
    const view = { stamp, kind, sketch: sketchOf(message) };
    const before = this.#cameras.add(view);
    if (!before) return undefined;
    const kinds = before.kind === kind ? "two different pictures" : [before.kind, kind].sort().join("; ");
    return `images alternate between ${kinds}: as if several cameras publish them; expected one camera a topic`;
  }

  isMixed(stamp: bigint): boolean {
    return this.#cameras.isMixed(stamp);
  }

  clear(): void {
    this.#cameras.clear();
    this.#stamps.length = 0;
  }
}

function kindOf(message: CameraMessage): string {
  const frame = `frame_id "${message.header.frame_id}"`;
  if (isCompressed(message)) return `${frame} ${message.format}`;
  return `${frame} ${message.width}×${message.height} ${message.encoding}`;
}

function sketchOf(message: CameraMessage): Float64Array | undefined {
  if (isCompressed(message)) return undefined;
  const { data, step, height } = message;
  const sketch: number[] = [];
  const rows = Math.min(ROWS, height >> 1);
  const columns = Math.min(COLUMNS, Math.floor(step / BLOCK));
  for (let row = 0; row < rows; row++) {
    const line = 2 * Math.floor((row * (height >> 1)) / rows) * step;
    for (let column = 0; column < columns; column++)
      sketch.push(data[line + BLOCK * Math.floor((column * Math.floor(step / BLOCK)) / columns)]!);
  }
  if (sketch.length < FEWEST) return undefined;
  const mean = sketch.reduce((sum, value) => sum + value, 0) / sketch.length;
  const length = Math.hypot(...sketch.map((value) => value - mean));
  return length === 0 ? undefined : Float64Array.from(sketch, (value) => (value - mean) / length);
}
