import { join } from "node:path";
import { InputError } from "../../errors.js";
import { findInside, foldersOf } from "../../files/inside.js";
import { own } from "../../own.js";
import { type Episode, episodesOf } from "./episodes.js";
import { type DatasetInfo, readInfo } from "./info.js";
import { parquetRows } from "./parquet-rows.js";
import { type EpisodeStore, type StoredFrame, sizeOfPictures } from "./store.js";
import { videoFrames } from "./video-frames.js";

/** The files of a LeRobot data set: Parquet, and pictures in it or in videos. */
export class LeRobotStore implements EpisodeStore {
  readonly joints = { position: "observation.state" };

  private constructor(
    readonly path: string,
    readonly info: DatasetInfo,
    readonly episodes: readonly Episode[],
  ) {}

  /** @throws InputError for a folder of a version that is not read, or without episodes */
  static async open(folder: string): Promise<LeRobotStore> {
    const info = await readInfo(folder);
    return new LeRobotStore(folder, info, await episodesOf(folder, info));
  }

  async *frames(episode: Episode, features: readonly string[]): AsyncGenerator<StoredFrame> {
    const stored = features.filter((name) => own(this.info.features, name)!.dtype !== "video");
    const rows = await parquetRows(this.#anchor, episode.file, {
      columns: [...new Set([...stored, "frame_index"])],
      rowStart: episode.row,
      rowEnd: episode.row + episode.length,
    });
    if (rows.length < episode.length)
      throw new InputError(
        `${join(this.path, episode.file)}: ${rows.length} frames of episode ${episode.index}, expected ${episode.length}`,
      );
    const videos = new Map<string, AsyncGenerator<Uint8Array>>();
    for (const feature of features) {
      const part = own(episode.videos, feature);
      if (part) videos.set(feature, await this.#video(feature, part.file, part.from, episode.length));
    }
    try {
      for (const row of rows) {
        const pictures = new Map<string, Uint8Array>();
        for (const [feature, frames] of videos) pictures.set(feature, (await frames.next()).value);
        yield { row, pictures };
      }
    } finally {
      for (const frames of videos.values()) await frames.return(undefined);
    }
  }

  async close(): Promise<void> {}

  /** A file in the data set's folder, which its files must be in. */
  get #anchor(): string {
    return join(this.path, "README.md");
  }

  async #video(feature: string, file: string, from: number, count: number) {
    const found = await findInside(
      file,
      await foldersOf(this.#anchor),
      `${this.path}: its video is in`,
      "the data set's",
    );
    if (!found) throw new InputError(`${this.path}: ${file} is missing, expected in the data set's folder`);
    const [height, width] = sizeOfPictures(own(this.info.features, feature)!.shape);
    return videoFrames({ path: found.path, from, fps: this.info.fps, count, width, height });
  }
}
