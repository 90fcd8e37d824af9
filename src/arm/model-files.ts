import { basename, dirname, resolve } from "node:path";
import { readWhole } from "../files/reading.js";
import type { Mujoco } from "./mujoco-types.js";

/** Attributes that name a file, and those that name a folder for others. */
const FILE = /\b(?:file|fileright|fileleft|fileup|filedown|filefront|fileback)\s*=\s*(?:"([^"]+)"|'([^']+)')/g;
const FOLDER = /\b(?:meshdir|texturedir|assetdir)\s*=\s*(?:"([^"]+)"|'([^']+)')/g;

/** The part of Emscripten's file system in memory that is used. */
interface FileSystem {
  mkdirTree(path: string): void;
  writeFile(path: string, data: Uint8Array): void;
  unlink(path: string): void;
}

/**
 * Runs `work` while MuJoCo's file system holds an MJCF file and all that it names (`filesOfModel`): includes, meshes,
 * textures, height fields, models. They have the paths that they have on disk; one that is not there is left to MuJoCo
 * to miss.
 */
export function withFiles<Result>(
  mj: Mujoco,
  path: string,
  files: ReadonlyMap<string, Uint8Array>,
  work: (path: string) => Result,
): Result {
  const fs = (mj as unknown as { readonly FS: FileSystem }).FS;
  const written: string[] = [];
  try {
    for (const [name, data] of files) {
      fs.mkdirTree(dirname(name));
      fs.writeFile(name, data);
      written.push(name);
    }
    return work(resolve(path));
  } finally {
    for (const name of written) fs.unlink(name);
  }
}

/** An arm's file and those that it names, and so on, by absolute path; what is not there is left out. */
export async function filesOfModel(path: string): Promise<ReadonlyMap<string, Uint8Array>> {
  const model = resolve(path);
  const files = new Map<string, Uint8Array>();
  const texts: { readonly path: string; readonly text: string }[] = [];
  const take = async (path: string): Promise<void> => {
    if (files.has(path)) return;
    const data = await readWhole(path, "a file of the model").catch(() => undefined);
    if (!data) return;
    files.set(path, data);
    const text = textOf(data);
    if (text !== undefined) texts.push({ path, text });
  };
  await take(model);
  // A folder may be named after the files in it, and in another file: until nothing new is found.
  for (let before = 0; before < files.size; ) {
    before = files.size;
    const folders = ["", ...texts.flatMap(({ text }) => named(text, FOLDER))];
    for (const { path, text } of [...texts]) {
      for (const name of named(text, FILE)) {
        for (const each of new Set([name, basename(name)])) {
          for (const folder of folders) {
            for (const base of new Set([dirname(model), dirname(path)])) await take(resolve(base, folder, each));
          }
        }
      }
    }
  }
  return files;
}

/** The text of a file in MJCF; undefined for any other file. */
const textOf = (data: Uint8Array): string | undefined =>
  /<mujoco/.test(Buffer.from(data.subarray(0, 1 << 16)).toString()) ? Buffer.from(data).toString() : undefined;

/** Those of a model's files that are MJCF, by path. */
export function textsIn(files: ReadonlyMap<string, Uint8Array>): Map<string, string> {
  return new Map([...files].flatMap(([path, data]) => [[path, textOf(data)] as const].filter(hasText)));
}

const hasText = (pair: readonly [string, string | undefined]): pair is readonly [string, string] =>
  pair[1] !== undefined;

const named = (text: string, attributes: RegExp): string[] =>
  Array.from(text.matchAll(attributes), ([, first, second]) => (first ?? second)!);
