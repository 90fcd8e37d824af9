import { once } from "node:events";
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { basename, join } from "node:path";
import { momentsOf } from "../../analysis/moments-of.js";
import type { Bag } from "../../bag/bag.js";
import { datasetIn } from "../../bag/dataset/path.js";
import { decoderOf } from "../../bag/decode.js";
import { openBag } from "../../bag/open-bag.js";
import { plainMcap, writePlainMcap } from "../../bag/plain-mcap.js";
import { hasMemory } from "../../explain/memory.js";
import { isOwnType } from "../../messages/definitions.js";
import { EXPLANATION } from "../../messages/explanation.js";
import { pageFolder } from "../../package-files.js";
import { loadPolicy } from "../../policy/policy.js";
import { writeErr, writeOut } from "../../text/terminal.js";
import { isLoopback } from "../../web/origins.js";
import { PageServer } from "../../web/page-server.js";
import type { ServedRecording } from "../../web/site.js";
import { tokenFor } from "../../web/token.js";
import { foldersOf } from "../input/message-folders.js";
import { type AskedRecording, WhatIfAnswers } from "../input/what-if-answers.js";
import { Progress } from "../output/progress.js";
import { explainedLine } from "../output/replay-text.js";
import { warn } from "../output/warnings.js";
import { Interruption } from "../process/interruption.js";
import { type PageServing, tellOfPage, warnOfNetwork, withWayOut } from "../process/serving.js";
import { type ExplainingOptions, explained } from "./replay.js";

export interface ViewOptions extends PageServing, Omit<ExplainingOptions, "copy"> {
  readonly policy?: string;
}

interface Prepared extends Omit<ServedRecording, "whatIf"> {
  /** What what-ifs are asked with; left out where none can be. */
  readonly asked?: AskedRecording | undefined;
}

/** Moments that the page lists, for each reason. */
const MOMENTS = 10;

/** Serves the page with recordings until a signal. */
export async function view(paths: readonly string[], options: ViewOptions): Promise<void> {
  const interruption = new Interruption();
  const { signal } = interruption;
  const temporary = new TemporaryFolder();
  const say = (line: string) => void (interruption.canPrint && writeOut(`${line}\n`));
  try {
    const { host, token, pagePort: port } = options;
    const access = { host, allowedOrigins: [], token: tokenFor(host, token) };
    const recordings: Prepared[] = [];
    for (const path of paths) {
      const file = await prepared(path, nameOf(path, paths), options, temporary, signal);
      if (signal.aborted) return;
      recordings.push(file);
    }
    const whatIfs = new WhatIfAnswers(
      recordings.flatMap(({ asked }) => asked ?? []),
      await foldersOf(options),
    );
    const served = recordings.map(
      ({ asked, ...recording }): ServedRecording => ({ ...recording, ...(asked && { whatIf: whatIfs.of(asked) }) }),
    );
    const name = recordings.map(({ name }) => name).join(", ");
    const session = { mode: "recordings" as const, name, readOnly: true };
    const server = await withWayOut(
      PageServer.listen({ ...access, port, folder: pageFolder(), session, recordings: served }),
    );
    tellOfPage(server.url, options, say);
    if (!isLoopback(host)) warnOfNetwork(host);
    say("Ctrl-C stops.");
    if (!signal.aborted) await once(signal, "abort");
    await server.close();
    await whatIfs.close();
    await interruption.check();
  } finally {
    await temporary.remove();
    interruption.end();
  }
}

/** An MCAP file that the page can read in parts: the recording itself, or a temporary one made from it. */
async function prepared(
  path: string,
  name: string,
  options: ViewOptions,
  temporary: TemporaryFolder,
  signal: AbortSignal,
): Promise<Prepared> {
  const { policy } = options;
  if (policy !== undefined) {
    const { file, episodes } = await explainedFile(path, { ...options, policy }, temporary, signal);
    const { card, shape } = options;
    const loaded = await loadPolicy(policy, { card, shape, dataset: (await datasetIn(path))?.folder });
    // A policy that remembers earlier ticks cannot be asked about one alone.
    return {
      name,
      ...withMoments(file),
      ...(!hasMemory(loaded) && { asked: { path, name, policy: loaded, runs: episodes } }),
    };
  }
  const bag = await openBag(path, await foldersOf(options));
  try {
    const isExplained = bag.topics.some(({ type }) => type === EXPLANATION);
    if (!isExplained) warn(`${path}: it holds no explanations; --policy FILE.onnx explains it`);
    // The page cannot show messages of ours whose definition is another.
    for (const topic of bag.topics) if (isOwnType(topic.type)) decoderOf(topic, path);
    const plain = options.msgPath.length === 0 ? await plainMcap(path) : undefined;
    const file = plain ?? (await convertedFile(bag, temporary, signal));
    return { name, ...(isExplained ? withMoments(file) : { file }) };
  } finally {
    for (const line of bag.problems) warn(line);
    await bag.close();
  }
}

const withMoments = (file: string) => ({
  file,
  moments: async () =>
    (await momentsOf(file, MOMENTS)).map(({ reason, what, seek }) => ({ reason, what, seconds: seek })),
});

/** Explains a recording into a temporary file. */
async function explainedFile(
  path: string,
  options: ViewOptions & { readonly policy: string },
  temporary: TemporaryFolder,
  signal: AbortSignal,
): Promise<{ readonly file: string; readonly episodes: number }> {
  const file = await temporary.newFile();
  try {
    const summary = await explained([path], { ...options, output: file, copy: "all" }, signal);
    writeErr(`${path}: ${explainedLine(summary)}\n`);
    return { file, episodes: summary.episodes };
  } catch (error) {
    // The user stopped it, and what was made so far goes.
    if (!signal.aborted) throw error;
    return { file, episodes: 0 };
  }
}

/** Writes a recording's messages to a temporary file. */
async function convertedFile(bag: Bag, temporary: TemporaryFolder, signal: AbortSignal): Promise<string> {
  const output = await temporary.newFile();
  const bar = new Progress(Number(bag.end - bag.start) / 1e9, "convert");
  try {
    const progress = (logTime: bigint) => bar.update(Number(logTime - bag.start) / 1e9);
    await writePlainMcap(bag, output, { progress, signal });
  } finally {
    bar.stop();
  }
  return output;
}

/** File name of a recording, or the path as it was given where two have one name. */
function nameOf(path: string, paths: readonly string[]): string {
  const name = basename(path);
  return paths.filter((other) => basename(other) === name).length > 1 ? path : name;
}

/** A folder for files that go when the command ends; it is made for the first of them. */
class TemporaryFolder {
  #folder: string | undefined;
  #files = 0;

  async newFile(): Promise<string> {
    this.#folder ??= await mkdtemp(join(tmpdir(), "torquelens-view-"));
    return join(this.#folder, `${this.#files++}.mcap`);
  }

  async remove(): Promise<void> {
    if (this.#folder !== undefined) await rm(this.#folder, { recursive: true, force: true });
  }
}
