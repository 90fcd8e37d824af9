import type { Bag } from "../../bag/bag.js";
import { BagSource } from "../../bag/bag-source.js";
import type { Compression } from "../../bag/compression.js";
import { NO_LOSSES, unitedLosses } from "../../bag/damage.js";
import { datasetIn } from "../../bag/dataset/path.js";
import { ExplainedBag } from "../../bag/explained-bag.js";
import { version } from "../../bag/mcap-writer.js";
import { openBags } from "../../bag/open-bag.js";
import { formOf, type Output, outputAt } from "../../bag/output.js";
import { replay } from "../../bag/replay.js";
import { type Provenance, Unfinished } from "../../bag/unfinished.js";
import { InputError } from "../../errors.js";
import { ExplainerPool } from "../../explain/explainer-pool.js";
import { jointElementsOf } from "../../explain/joint-relevance.js";
import { hasMemory } from "../../explain/memory.js";
import { refuseOverwriting } from "../../files/overwriting.js";
import type { GivenShapes } from "../../graph/given-shapes.js";
import { ChannelEncoder } from "../../messages/channel-encoder.js";
import type { ExplanationNumbers } from "../../messages/explanation-numbers.js";
import type { SubjectOptions } from "../../parameters/subject.js";
import { attendedModalities } from "../../policy/attention.js";
import { underConventionNamed } from "../../policy/convention-named.js";
import { loadPolicy } from "../../policy/policy.js";
import type { Precision } from "../../relevance/precision/precision.js";
import type { Device } from "../../runtime/device.js";
import { writeErr, writeOut } from "../../text/terminal.js";
import { instructionFor, unknownWords } from "../input/instruction.js";
import { foldersOf } from "../input/message-folders.js";
import { methodOf } from "../input/method.js";
import { filesOfPolicy } from "../input/policy-files.js";
import { checkEvery, type SelectionOptions, selectionOf } from "../input/replay-selection.js";
import { subjectOf } from "../input/subject.js";
import { JsonLines } from "../output/json-lines.js";
import { Problems } from "../output/problems.js";
import { replayMetadata } from "../output/replay-metadata.js";
import { replayProgress } from "../output/replay-progress.js";
import { type ReplaySummary, replayText } from "../output/replay-text.js";
import { warn, warnOf } from "../output/warnings.js";
import { Interruption } from "../process/interruption.js";

/** Options that say how a recording is explained. */
export interface ExplainingOptions extends SelectionOptions, SubjectOptions {
  readonly card?: string;
  readonly shape?: GivenShapes;
  readonly method: string;
  readonly jobs: number;
  readonly threads: number;
  readonly device: Device;
  readonly precision: Precision;
  readonly omit?: number;
  readonly instruction?: string;
  readonly msgPath: readonly string[];
  readonly convention?: string;
}

export interface OutputOptions extends ExplainingOptions {
  readonly policy: string;
  readonly output: string;
  readonly compression?: Compression;
}

export interface ReplayOptions extends OutputOptions {
  readonly json?: boolean;
}

export async function replayBags(paths: readonly string[], options: ReplayOptions): Promise<void> {
  const interruption = new Interruption({ outlivesOutput: true });
  try {
    const lines = options.json ? new JsonLines(process.stdout, interruption.silent) : undefined;
    const summary = await explained(paths, options, interruption.signal, lines);
    if (lines) await lines.summary(summary);
    else writeOut(replayText(summary));
    await interruption.check();
  } finally {
    interruption.end();
  }
}

/** Explains the bags into the output, and prints the explanations to `lines`. */
export async function explained(
  paths: readonly string[],
  options: OutputOptions,
  signal: AbortSignal,
  lines?: JsonLines,
): Promise<ReplaySummary> {
  const problems = new Problems();
  const opened: { close(): Promise<unknown> }[] = [];
  let bag: Bag | undefined;
  const open = <T extends { close(): Promise<unknown> }>(resource: T): T => {
    opened.push(resource);
    return resource;
  };
  try {
    checkForm(options);
    await refuseOverwriting([...paths, options.policy, options.card, options.method], [options.output]);
    const method = await methodOf(options.method);
    const dataset = (await datasetIn(paths[0]!))?.folder;
    const loaded = await loadPolicy(options.policy, { card: options.card, shape: options.shape, dataset });
    const policy = underConventionNamed(loaded, options.convention);
    await refuseOverwriting(await filesOfPolicy(policy), [options.output]);
    checkEvery(policy, options.every);
    if (hasMemory(policy) && (options.start ?? 0) > 0)
      warn(`--start ${options.start}: ${policy.card.name} remembers earlier ticks, and its memory is empty there`);
    const instruction = instructionFor(policy, options.instruction, { name: "the recording", isTelling: true });
    for (const line of unknownWords(policy, options.instruction)) warn(line);
    bag = open(await openBags(paths, await foldersOf(options)));
    const source = open(
      await BagSource.open(bag, policy, { ...selectionOf(bag, options), instruction, problem: problems.add }),
    );
    for (const { topic, others } of source.imageTopics())
      if (others.length > 0) writeErr(`reading ${topic}; the same images are also on ${others.join(", ")}\n`);
    const { jobs, threads, device, precision, omit } = options;
    const subject = subjectOf(policy, options);
    const explainer = open(
      await ExplainerPool.create(policy, {
        jobs,
        method,
        ...subject,
        threads,
        device,
        precision,
        ...(omit !== undefined && { omit }),
      }),
    );
    warnOf(explainer.first, precision);
    const encoder = new ChannelEncoder({
      cameras: source.cameras,
      attended: attendedModalities(policy.attention),
      jointElements: jointElementsOf(policy.modalities),
      listens: policy.language !== undefined,
    });
    describe(source, encoder, problems);
    const output = await outputAt(options.output);
    const metadata = replayMetadata({ policy, bag, source, explainer, options, paths });
    const facts = { version, method: explainer.first.method.spec, policy_sha256: policy.sha256 };
    const known = hasMemory(policy) ? undefined : await resumed(output, facts, metadata);
    if (known) open(known);
    const { compression = bag.isPacked ? "zstd" : "none" } = options;
    const written = await ExplainedBag.create(output.file, { encoder, metadata, compression });
    let refused = 0;
    const started = performance.now();
    const { bar, progress } = replayProgress(bag, options, () => written.explained);
    // On one terminal the bar would run into the lines.
    const isShown = !(lines && process.stdout.isTTY);
    try {
      const failed = (error: Error) => {
        refused++;
        problems.add("not explained", error.message);
      };
      const given = { source, explainer, jobs: explainer.size, output: written, unfinished: known };
      const wrote = lines && ((explanation: ExplanationNumbers) => lines.write(explanation));
      await replay({ ...given, signal, wrote, failed, ...(isShown && { progress }) });
      if (signal.aborted) throw new InputError(`stopped; the explanations so far are in ${written.partPath}`);
    } catch (error) {
      await written.abandon();
      throw error;
    } finally {
      bar.stop();
      problems.report(warn);
    }
    await finish(written, output, bag, problems);
    await known?.close();
    for (const { file, remove } of output.unfinished)
      if (await Unfinished.isSpare(file, facts, metadata)) await remove();
    const seconds = (performance.now() - started) / 1000;
    const counters = source.counters();
    const unread = unreadImages(bag, source);
    const { unmatched = 0, damaged = 0, ...dropped } = counters.imagesDropped;
    return {
      output: options.output,
      explained: written.explained,
      images: counters.images + unread,
      unmatched,
      damaged: damaged + unread,
      dropped,
      skipped: source.skipped,
      failed: refused,
      mixed: counters.mixed,
      episodes: counters.episodes,
      seconds: Number(seconds.toFixed(2)),
      ...lostIn(bag, source),
    };
  } finally {
    for (const line of bag?.problems ?? []) warn(line);
    await Promise.allSettled(opened.reverse().map((resource) => resource.close()));
  }
}

/** Messages of the first camera that could not be read or decoded. */
function unreadImages({ losses }: Bag, source: BagSource): number {
  const [leading] = source.topicsOf("image");
  const topic = leading?.[1] ?? "";
  return (losses.messages.get(topic) ?? 0) + (source.undecoded.get(topic) ?? 0);
}

/** Everything that could not be read or decoded; nothing where all could. */
function lostIn({ losses }: Bag, { undecoded }: BagSource): Pick<ReplaySummary, "lost"> {
  const { parts, seconds, messages } = unitedLosses([losses, { ...NO_LOSSES, messages: undecoded }]);
  if (parts === 0 && messages.size === 0) return {};
  return { lost: { parts, seconds: Number(seconds.toFixed(3)), messages: Object.fromEntries(messages) } };
}

/** Checks the output's name before the work for it begins. */
function checkForm({ output, compression }: ReplayOptions): void {
  if (formOf(output) !== "db3" || compression !== "zstd") return;
  throw new InputError(`--compression zstd: a .db3 is written as it is, expected none, or an output ending in .mcap`);
}

/** An interrupted run with the same policy, method and recording, whose explanations are reused. */
async function resumed(
  { unfinished }: Output,
  facts: Readonly<Record<string, string>>,
  metadata: Provenance,
): Promise<Unfinished | undefined> {
  const files = unfinished.map(({ file }) => file);
  const known = await Unfinished.find(files, facts, metadata);
  if (known) writeErr(`resumed: the explanations in ${known.path} are used again\n`);
  return known;
}

async function finish(written: ExplainedBag, output: Output, { path }: Bag, problems: Problems): Promise<void> {
  if (written.explained > 0) {
    await written.close();
    await output.finish(written.contents());
    return;
  }
  await written.discard();
  await output.discard();
  const why = problems.most;
  throw new InputError(
    `${path}: no image could be explained${why === undefined ? "" : `; most common reason: ${why}`}`,
  );
}

/** Gives the encoder the robot's links, for the markers. */
function describe({ robotDescription }: BagSource, encoder: ChannelEncoder, problems: Problems): void {
  if (robotDescription === undefined) return;
  try {
    for (const text of encoder.setRobot(robotDescription)) problems.add("/robot_description", text);
  } catch (error) {
    if (!(error instanceof InputError)) throw error;
    problems.add("/robot_description", error.message);
  }
}
