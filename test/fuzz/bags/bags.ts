import { createHash } from "node:crypto";
import { mkdtemp, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { BagSource } from "#src/bag/bag-source.js";
import { openBag } from "#src/bag/open-bag.js";
import { InputError } from "#src/errors.js";
import { mcapOf, readAll, type Sample, writeDb3 } from "../../bag/recordings.js";
import { card, policyOf } from "../../sensing/policies.js";
import { failed } from "../failed.js";
import { kind } from "../kind.js";
import { type BagCase, bagCases, isImage, samplesOf } from "./recording.js";

const policy = policyOf(card());

/**
 * Random recordings in every container: all that was written is read; images in = observed + each kind of drop; twice the
 * same; what is cut or damaged loses messages only with a word, and gives none that was not written.
 */
export const bags = kind<BagCase>({
  name: "bags",
  about: "random recordings: every message read, every image accounted for, losses counted",
  cases: bagCases,
  holds: async (made) => {
    const folder = await mkdtemp(join(tmpdir(), "torquelens-fuzz-"));
    try {
      return await checked(made, folder);
    } finally {
      await rm(folder, { recursive: true });
    }
  },
});

async function checked(made: BagCase, folder: string): Promise<string> {
  const written = samplesOf(made);
  const path = join(folder, `bag.${made.form.kind}`);
  if (made.form.kind === "mcap")
    await writeFile(path, await mcapOf(written, { ...made.form.options, chunkSize: made.form.chunkSize }));
  else writeDb3(path, written, made.form.version, made.form.journal);
  const whole = await everything(path);
  if (whole.problems.length > 0) failed(`problems of a sound bag: ${whole.problems}`);
  same(whole.found, written, "read");
  const images = made.events.filter(isImage).length;
  const first = await observations(path, images);
  const second = await observations(path, images);
  if (first !== second) failed(`read twice: ${first}, then ${second}`);

  const bytes = await readFile(path);
  let outcome = `${made.form.kind}, ${/^[0-9]/.test(first) ? "observed" : "no observation"}`;
  if (made.cut !== null) {
    await writeFile(path, bytes.subarray(0, Math.floor((bytes.length * made.cut) / 1000)));
    outcome += await damaged(path, written, made, ", cut");
  }
  if (made.flips.length > 0 && bytes.length > 0) {
    const flipped = Uint8Array.from(bytes);
    for (const [place, bit] of made.flips) flipped[Math.floor((bytes.length * place) / 100_001)]! ^= 1 << bit;
    await writeFile(path, flipped);
    outcome += await damaged(path, written, made, ", damaged");
  }
  return outcome;
}

/** Reads what is left of a bag: messages that were written, in their order, and a word where some are missing. */
async function damaged(path: string, written: readonly Sample[], made: BagCase, how: string): Promise<string> {
  let found: Sample[];
  let problems: readonly string[];
  try {
    ({ found, problems } = await everything(path));
  } catch (error) {
    oneLine(error, path);
    return `${how} and refused`;
  }
  const known = new Set(written.map(contentOf));
  // Nothing guards the bytes of a message outside of chunks: a flipped bit may be in one, and SQLite fills a page that
  // was cut with zeros.
  const isGuarded = made.form.kind === "mcap" && (how === ", cut" || made.form.options.useChunks !== false);
  const foreign = found.filter((sample) => !known.has(contentOf(sample)));
  const isTold = made.form.kind === "db3" && problems.length > 0;
  if (foreign.length > (isGuarded ? 0 : made.flips.length) && !isTold)
    failed(`${how}: ${foreign.length} messages that were not written`);
  if (found.length < written.length && problems.length === 0)
    failed(`${how}: ${written.length - found.length} of ${written.length} messages are lost without a word`);
  for (const problem of problems) if (problem.includes("\n")) failed(`a problem of several lines: ${problem}`);
  await observations(path, undefined);
  return found.length < written.length ? `${how} with losses` : how;
}

async function everything(path: string) {
  const bag = await openBag(path);
  try {
    const found = await readAll(bag);
    return { found, problems: [...bag.problems] };
  } finally {
    await bag.close();
  }
}

/** A digest of all observations. Every image of the camera that was read is observed or dropped for a reason. */
async function observations(path: string, images: number | undefined): Promise<string> {
  const bag = await openBag(path);
  const problems: string[] = [];
  try {
    const source = await BagSource.open(bag, policy, {
      problem: (topic, reason) => problems.push(`${topic}: ${reason}`),
    });
    const digest = createHash("sha256");
    let count = 0;
    for await (const { stamp, values, images, flags, importance } of source.observations()) {
      count++;
      const numbers = Object.entries(values).map(([name, data]) => `${name} ${Array.from(data)}`);
      digest.update(`${stamp} ${numbers} ${flags} ${importance} ${Buffer.from(images.image!.data).toString("hex")}\n`);
    }
    const { observed, topics, matched } = source.counters();
    const undecoded = source.undecoded.get("/camera/image") ?? 0;
    await source.close();
    const { received = 0, dropped = {} } = topics.image ?? {};
    const lost = Object.values(dropped).reduce((sum, n) => sum + n, 0);
    if (images !== undefined && received + undecoded !== images)
      failed(`${images} images in the bag, ${received} received, ${undecoded} not decoded, ${problems}`);
    if (observed + lost !== received)
      failed(`${received} images, ${observed} observed, dropped ${JSON.stringify(dropped)}`);
    if (count !== observed || matched < observed)
      failed(`${count} observations, ${observed} counted, ${matched} matched`);
    return `${count} ${digest.digest("hex")} ${problems.join("|")}`;
  } catch (error) {
    oneLine(error, path);
    return `refused: ${(error as Error).message}`;
  } finally {
    await bag.close();
  }
}

function oneLine(error: unknown, path: string): void {
  if (!(error instanceof InputError)) throw error;
  if (error.message.includes("\n") || !error.message.startsWith(path))
    failed(`not one line of the file: ${error.message}`);
}

const keyOf = ({ topic, type, logTime, data }: Sample): string =>
  `${topic} ${type} ${logTime} ${Buffer.from(data).toString("hex")}`;

/** Without its topic: bits of a topic's name outside of chunks are not guarded either. */
const contentOf = ({ logTime, data }: Sample): string => `${logTime} ${Buffer.from(data).toString("hex")}`;

function same(found: readonly Sample[], expected: readonly Sample[], what: string): void {
  if (found.length !== expected.length) failed(`${what}: ${found.length} messages, ${expected.length} were written`);
  expected.forEach((sample, i) => {
    if (keyOf(found[i]!) !== keyOf(sample))
      failed(`${what}: message ${i} is ${keyOf(found[i]!)}, expected ${keyOf(sample)}`);
  });
}
