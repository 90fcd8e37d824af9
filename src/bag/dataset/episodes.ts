import { readdir } from "node:fs/promises";
import { join } from "node:path";
import { InputError } from "../../errors.js";
import { readText } from "../../files/reading.js";
import { own } from "../../own.js";
import { type DatasetInfo, filled } from "./info.js";
import { parquetRows, type Row } from "./parquet-rows.js";

/** A stretch of a video. */
export interface VideoPart {
  /** File in the data set's folder. */
  readonly file: string;
  /** Time of the episode's first frame in it, seconds. */
  readonly from: number;
}

/** An episode and where its frames are. */
export interface Episode {
  readonly index: number;
  /** Number of frames. */
  readonly length: number;
  /** Parquet file in the data set's folder. */
  readonly file: string;
  /** Its first row in that file. */
  readonly row: number;
  /** By the camera's feature. */
  readonly videos: Readonly<Record<string, VideoPart>>;
}

/** Features that are videos. */
const videoFeatures = ({ features }: DatasetInfo): string[] =>
  Object.keys(features).filter((name) => own(features, name)!.dtype === "video");

/** The episodes of a data set, in their order. @throws InputError where its lists are missing or say nothing */
export async function episodesOf(path: string, info: DatasetInfo): Promise<Episode[]> {
  const episodes = /^v?3/.test(info.codebase_version)
    ? await listedInParquet(path, info)
    : await listedInLines(path, info);
  if (episodes.length === 0) throw new InputError(`${path}: a data set without episodes`);
  return episodes.sort((a, b) => a.index - b.index);
}

const root = (path: string) => join(path, "README.md");

/** Version 3: many episodes a file, each with its places. */
async function listedInParquet(path: string, info: DatasetInfo): Promise<Episode[]> {
  const folder = join("meta", "episodes");
  const names = await readdir(join(path, folder), { recursive: true }).catch(() => {
    throw new InputError(`${join(path, folder)}: no such folder, expected the list of episodes`);
  });
  const rows: Row[] = [];
  for (const name of names.filter((one) => one.endsWith(".parquet")).sort())
    rows.push(...(await parquetRows(root(path), join(folder, name))));
  const number = (row: Row, key: string) => numberOf(own(row, key), `${join(path, folder)}: ${key}`);
  const fileOf = (row: Row) =>
    filled(info.data_path, {
      chunk_index: number(row, "data/chunk_index"),
      file_index: number(row, "data/file_index"),
    });
  const firsts = new Map<string, number>();
  for (const row of rows)
    firsts.set(
      fileOf(row),
      Math.min(firsts.get(fileOf(row)) ?? Number.POSITIVE_INFINITY, number(row, "dataset_from_index")),
    );
  return rows.map((row) => ({
    index: number(row, "episode_index"),
    length: number(row, "length"),
    file: fileOf(row),
    row: number(row, "dataset_from_index") - firsts.get(fileOf(row))!,
    videos: Object.fromEntries(
      videoFeatures(info).map((key) => {
        const at = (what: string) => number(row, `videos/${key}/${what}`);
        const places = { video_key: key, chunk_index: at("chunk_index"), file_index: at("file_index") };
        return [key, { file: filled(info.video_path ?? "", places), from: at("from_timestamp") }];
      }),
    ),
  }));
}

/** Version 2: a file an episode. */
async function listedInLines(path: string, info: DatasetInfo): Promise<Episode[]> {
  const list = join(path, "meta", "episodes.jsonl");
  const lines = (await readText(list, "the list of episodes")).split("\n").filter((line) => line.trim() !== "");
  return lines.map((line, i) => {
    const row = parsed(line, `${list}: line ${i + 1}`);
    const index = numberOf(row.episode_index, `${list}: line ${i + 1}: episode_index`);
    const places = { episode_index: index, episode_chunk: Math.floor(index / info.chunks_size) };
    return {
      index,
      length: numberOf(row.length, `${list}: line ${i + 1}: length`),
      file: filled(info.data_path, places),
      row: 0,
      videos: Object.fromEntries(
        videoFeatures(info).map((key) => [
          key,
          { file: filled(info.video_path ?? "", { ...places, video_key: key }), from: 0 },
        ]),
      ),
    };
  });
}

function parsed(line: string, where: string): { readonly episode_index?: unknown; readonly length?: unknown } {
  try {
    return JSON.parse(line);
  } catch {
    throw new InputError(`${where}: not JSON`);
  }
}

function numberOf(value: unknown, where: string): number {
  const number = typeof value === "bigint" ? Number(value) : value;
  if (typeof number !== "number" || !Number.isFinite(number))
    throw new InputError(`${where}: missing, expected a number`);
  return number;
}
