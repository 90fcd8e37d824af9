import type { Info } from "../../policy/lerobot/config.js";

/** An episode of a data set. */
export interface Span {
  readonly index: number;
  /** Number of frames. */
  readonly length: number;
}

/** What a data set holds of one moment. */
export interface StoredFrame {
  /** By feature; of pictures kept as files `{ bytes }`. */
  readonly row: Readonly<Record<string, unknown>>;
  /** Decoded pictures, rgb8, by the features whose type is `video`. */
  readonly pictures: ReadonlyMap<string, Uint8Array>;
}

/** Episodes of frames at an even rate, whatever files they are in. */
export interface EpisodeStore {
  readonly path: string;
  readonly info: Pick<Info, "fps" | "features">;
  /** In their order. */
  readonly episodes: readonly Span[];
  /** Features of the joints' positions and velocities. */
  readonly joints: { readonly position: string; readonly velocity?: string };
  /** Checks episodes without reading them, where a store can. @throws InputError for features that are missing or of another size */
  readonly check?: (episodes: readonly Span[]) => void;
  /** The frames of an episode with some features. @throws InputError for files that are missing, cut short or of another size */
  frames(episode: Span, features: readonly string[]): AsyncGenerator<StoredFrame>;
  close(): Promise<void>;
}

/** Height and width of a camera's pictures. */
export function sizeOfPictures(shape: readonly number[]): readonly [height: number, width: number] {
  const [first = 0, second = 0, third = 0] = shape;
  // [height, width, channels] as data sets have it, or [channels, height, width].
  return first <= 4 && third > 4 ? [second, third] : [first, second];
}
