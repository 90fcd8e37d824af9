import { existsSync } from "node:fs";
import { readdir, readFile } from "node:fs/promises";
import { basename, extname, join } from "node:path";
import Bzip2 from "@foxglove/wasm-bz2";
import { parseTar } from "nanotar";
import { InputError } from "../errors.js";
import { readWhole } from "../files/reading.js";

/** Gives the file of a frame's picture by the frame's name. @throws InputError where there is none */
export type Frames = (frame: string) => Promise<Uint8Array>;

/** Ending of a trial's archive of frames. */
const ARCHIVE = ".tar.bz2";
/** Bytes of an unpacked archive at most; a trial of a quarter of an hour has about 50 MB. */
const MOST = 2 ** 30;
/** Bytes that are unpacked at first, besides: tar ends with blocks of zeros. */
const LEAST = 2 ** 16;

const isPicture = (name: string): boolean => extname(name).toLowerCase() === ".png";
const frameOf = (name: string): string => basename(name, extname(name));

/**
 * Opens the frames of a trial: its archive, or a folder that it was unpacked into.
 * @param base path of the trial's file of labels without its ending
 * @throws InputError where there is neither, for a damaged archive, and for one without pictures
 */
export async function framesOf(base: string): Promise<Frames> {
  const archive = `${base}${ARCHIVE}`;
  if (existsSync(archive)) return archived(archive);
  const names = await readdir(base, { recursive: true }).catch(() => undefined);
  if (!names) throw new InputError(`${base}.txt: its frames are missing, expected ${archive} or the folder ${base}`);
  const paths = new Map(names.filter(isPicture).map((name) => [frameOf(name), join(base, name)]));
  return (frame) => readFile(found(paths, frame, base));
}

async function archived(path: string): Promise<Frames> {
  const bytes = await unpacked(path);
  const pictures = new Map<string, Uint8Array>();
  try {
    for (const { name, data } of parseTar(bytes, { filter: ({ name }) => isPicture(name) }))
      if (data) pictures.set(frameOf(name), data);
  } catch (error) {
    throw damaged(path, error);
  }
  if (pictures.size === 0) throw new InputError(`${path}: no PNG pictures in it`);
  return async (frame) => found(pictures, frame, path);
}

/** Of an archive whose unpacked size is not known, pictures being packed already: a few times its own, doubled while it is more. */
async function unpacked(path: string): Promise<Uint8Array> {
  const bytes = await readWhole(path, "the frames of a trial");
  const bzip2 = await Bzip2.init();
  for (let size = LEAST + 4 * bytes.length; size <= MOST; size *= 2) {
    try {
      return bzip2.decompress(bytes, size);
    } catch (error) {
      if (!(error as Error).message.includes("OUTBUFF_FULL")) throw damaged(path, error);
    }
  }
  throw new InputError(`${path}: more than ${MOST / 2 ** 30} GiB unpacked`);
}

const damaged = (path: string, error: unknown): InputError =>
  new InputError(`${path}: damaged, or no tar archive packed by bzip2 (${(error as Error).message.split("\n")[0]})`);

function found<T>(pictures: ReadonlyMap<string, T>, frame: string, source: string): T {
  const picture = pictures.get(frame);
  if (picture === undefined) throw new InputError(`${source}: no picture ${frame}.png, which the labels name`);
  return picture;
}
