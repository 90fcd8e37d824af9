import { createHash } from "node:crypto";
import { existsSync } from "node:fs";
import { mkdtemp, rename, rm, writeFile } from "node:fs/promises";
import { homedir } from "node:os";
import { basename, dirname, join, relative, resolve, sep } from "node:path";
import { z } from "zod";
import { InputError } from "../../errors.js";
import { makeFolder } from "../../files/folder.js";
import { readWhole } from "../../files/reading.js";
import { writing } from "../../files/unwritable.js";
import { underConventionNamed } from "../../policy/convention-named.js";
import { loadPolicy, type Policy } from "../../policy/policy.js";
import type { Method } from "../../relevance/contract/method.js";
import { compositeMethod } from "../../relevance/methods/composite-method.js";
import { methodNamed } from "../../relevance/methods.js";
import { POLICIES } from "../dataset/layout.js";
import type { Store } from "../store/store.js";
import type { Settings } from "./job.js";

const LIST = "files.json";
const INSIDE = z
  .string()
  .regex(/^[^\p{Cc}\\]{1,1000}$/u)
  .refine((path) => path.split("/").every((name) => name !== "" && name !== "." && name !== ".."));
const BUNDLE = z.strictObject({
  /** Paths of the policy, its card unless it is in the policy's metadata, and the method's composite. */
  policy: INSIDE,
  card: INSIDE.optional(),
  method: INSIDE.optional(),
  /** Digests of all files, by their paths. */
  files: z.record(INSIDE, z.string().regex(/^[0-9a-f]{64}$/)),
});
type Bundle = z.infer<typeof BUNDLE>;

const sha256 = (data: Uint8Array | string) => createHash("sha256").update(data).digest("hex");

/** A policy's files, ready to be put into a data set. */
export interface Packed {
  /** Digest of all of them. */
  readonly digest: string;
  readonly list: string;
  readonly files: ReadonlyMap<string, Uint8Array>;
}

interface PackOptions {
  readonly policy: Policy;
  /** All files that it consists of, those that are not there included. */
  readonly files: readonly string[];
  /** The YAML file of a composite that `--method` names. */
  readonly composite?: string | undefined;
}

/** Reads all files of a policy. Their places to each other stay. */
export async function pack({ policy, files, composite }: PackOptions): Promise<Packed> {
  const there = [...new Set(files.map((file) => resolve(file)))].filter((file) => existsSync(file)).sort();
  const top = commonFolder(there);
  const nameOf = (file: string) => relative(top, resolve(file)).split(sep).join("/");
  const held = new Map<string, Uint8Array>();
  for (const file of there) held.set(nameOf(file), await readWhole(file, "a file of the policy"));
  const method = composite === undefined ? undefined : `_method/${basename(composite)}`;
  if (method !== undefined) held.set(method, await readWhole(composite!, "the composite"));
  const digests = Array.from(held, ([name, data]) => [name, sha256(data)] as const);
  const bundle: Bundle = {
    policy: nameOf(policy.path),
    ...(held.has(nameOf(policy.cardSource)) && { card: nameOf(policy.cardSource) }),
    ...(method !== undefined && { method }),
    files: Object.fromEntries(digests.sort(([a], [b]) => (a < b ? -1 : 1))),
  };
  const list = `${JSON.stringify(bundle, null, 1)}\n`;
  return { digest: sha256(list), list, files: held };
}

function commonFolder(files: readonly string[]): string {
  let top = dirname(files[0]!);
  while (files.some((file) => relative(top, file).startsWith(".."))) top = dirname(top);
  return top;
}

/** Writes a policy's files into a data set, the list last; nothing where they are there. */
export async function store({ digest, list, files }: Packed, into: Store): Promise<void> {
  const at = (name: string) => `${POLICIES}/${digest}/${name}`;
  const known = await into.read(at(LIST));
  if (known && sha256(known) === digest) return;
  for (const [name, data] of files) await into.write(at(name), (path) => writeFile(path, data));
  await into.write(at(LIST), (path) => writeFile(path, list));
}

/** A policy and a method, as a job names them. */
export interface Subject {
  readonly policy: Policy;
  readonly method: Method;
}

/**
 * Loads a job's policy from the data set, by the digest of its files. What was loaded once stays in a folder of the user.
 * @throws InputError where a file is missing or is not what the digest says, and as `loadPolicy`
 */
export async function loadSubject(from: Store, digest: string, settings: Settings): Promise<Subject> {
  const folder = await cached(from, digest);
  const bundle = parsed(await readWhole(join(folder, LIST), "the policy's list of files"), folder);
  const at = (name: string) => join(folder, name);
  const loaded = await loadPolicy(at(bundle.policy), { card: bundle.card && at(bundle.card) });
  const { armFile } = loaded;
  if (armFile !== undefined && relative(folder, armFile).startsWith(".."))
    throw new InputError(`${loaded.cardSource}: names ${armFile}, which is outside of the policy's files`);
  const method = bundle.method
    ? compositeMethod((await readWhole(at(bundle.method), "the composite")).toString(), settings.method)
    : methodNamed(settings.method);
  return { policy: underConventionNamed(loaded, settings.convention), method };
}

/** Folder of a policy's files on this machine, copied and checked the first time. */
async function cached(from: Store, digest: string): Promise<string> {
  const cache = join(process.env.XDG_CACHE_HOME || join(homedir(), ".cache"), "torquelens", "policies");
  const folder = join(cache, digest);
  if (await isWhole(folder, digest)) return folder;
  const where = `${from.uri}/${POLICIES}/${digest}`;
  const list = await from.read(`${POLICIES}/${digest}/${LIST}`);
  if (!list) throw new InputError(`${where}: no such policy in the data set`);
  if (sha256(list) !== digest) throw new InputError(`${where}: its list of files is not the one of this digest`);
  await writing(cache, () => makeFolder(cache));
  const half = await writing(cache, () => mkdtemp(join(cache, ".half-")));
  try {
    const { files } = parsed(list, where);
    for (const [name, expected] of Object.entries(files)) {
      const data = await from.read(`${POLICIES}/${digest}/${name}`);
      if (!data || sha256(data) !== expected)
        throw new InputError(`${where}/${name}: ${data ? "not the file of this digest" : "no such file"}`);
      await writing(half, () => makeFolder(dirname(join(half, name))));
      await writing(half, () => writeFile(join(half, name), data));
    }
    await writing(half, () => writeFile(join(half, LIST), list));
    await rename(half, folder).catch(async () => {
      // Another process was quicker, or what is there is damaged.
      if (await isWhole(folder, digest)) return;
      await rm(folder, { recursive: true, force: true });
      await writing(folder, () => rename(half, folder));
    });
    return folder;
  } finally {
    await rm(half, { recursive: true, force: true });
  }
}

/** True where a folder holds the files of the digest, unchanged. */
async function isWhole(folder: string, digest: string): Promise<boolean> {
  if (!existsSync(join(folder, LIST))) return false;
  const list = await readWhole(join(folder, LIST), "the policy's list of files");
  if (sha256(list) !== digest) return false;
  const checks = Object.entries(parsed(list, folder).files).map(async ([name, expected]) => {
    const data = await readWhole(join(folder, name), "a file of the policy").catch(() => undefined);
    return data !== undefined && sha256(data) === expected;
  });
  return (await Promise.all(checks)).every(Boolean);
}

function parsed(list: Uint8Array, where: string): Bundle {
  try {
    return BUNDLE.parse(JSON.parse(Buffer.from(list).toString()));
  } catch {
    throw new InputError(`${where}: its ${LIST} is not a list of a policy's files`);
  }
}
