import { basename } from "node:path";
import { Presets, SingleBar } from "cli-progress";
import type { Command } from "commander";
import type { Bag, Topic } from "../bag/bag.js";
import { BagSource, type BagSourceOptions } from "../bag/bag-source.js";
import { ExplainedBag } from "../bag/explained-bag.js";
import { openBags } from "../bag/open-bag.js";
import { type Output, outputAt } from "../bag/output.js";
import { replay } from "../bag/replay.js";
import { InputError } from "../errors.js";
import { Explainer } from "../explain/explainer.js";
import { jointElementsOf } from "../explain/joint-relevance.js";
import { ChannelEncoder } from "../messages/channel-encoder.js";
import { serialiseCard } from "../policy/card.js";
import { loadPolicy, type Policy } from "../policy/policy.js";
import type { Precision } from "../relevance/compile.js";
import type { Device } from "../runtime/device.js";
import { deviceOption, warnOfFallback } from "./device-option.js";
import { Interruption } from "./interruption.js";
import { methodOf, methodOption, warnOfMethod } from "./method-option.js";
import { atLeast, wholeNumber } from "./numbers.js";
import { precisionOption, warnOfPrecision } from "./precision-option.js";
import { Problems } from "./problems.js";

interface Options {
  readonly policy: string;
  readonly card?: string;
  readonly output: string;
  readonly method: string;
  readonly image: readonly string[];
  readonly joints: readonly string[];
  readonly copy: string;
  readonly start?: number;
  readonly end?: number;
  readonly every: number;
  readonly threads: number;
  readonly device: Device;
  readonly precision: Precision;
  readonly json?: boolean;
}

/** Topics of an explanation: never copied, made anew. */
const OWN = "/torquelens/";

export function addReplay(program: Command): void {
  program
    .command("replay")
    .description("explain a recording: every torque of a bag, written to a bag with what was recorded")
    .argument(
      "<bags...>",
      "MCAP or .db3 files or rosbag2 folders; several were recorded side by side and are read as one",
    )
    .requiredOption("--policy <file>", "ONNX policy that drove the robot, or another one to ask")
    .requiredOption("-o, --output <path>", "NAME.mcap: a file; any other name: a rosbag2 folder")
    .option("--card <file>", "policy card (default: the YAML beside the policy, or its metadata)")
    .addOption(methodOption())
    .option("--image <topic>", "the camera's topic, or modality=topic; once for each camera", collect, [])
    .option("--joints <topic>", "a topic of joint states; may be repeated", collect, [])
    .option("--copy <topics>", "what of the recording goes into the output: all, none, or topics with commas", "all")
    .option("--start <s>", "begin so many seconds after the first message", atLeast(0))
    .option("--end <s>", "end so many seconds after the first message", atLeast(0))
    .option("--every <n>", "explain only every so manieth image", wholeNumber(1), 1)
    .option("--threads <n>", "threads of inference", wholeNumber(1), 2)
    .addOption(deviceOption())
    .addOption(precisionOption())
    .option("--json", "print the summary as one JSON object")
    .action(replayBags);
}

const collect = (value: string, before: readonly string[]): string[] => [...before, value];

async function replayBags(paths: readonly string[], options: Options): Promise<void> {
  const interruption = new Interruption();
  const problems = new Problems();
  const opened: { close(): Promise<unknown> }[] = [];
  const open = <T extends { close(): Promise<unknown> }>(resource: T): T => {
    opened.push(resource);
    return resource;
  };
  try {
    const method = await methodOf(options.method);
    const policy = await loadPolicy(options.policy, { card: options.card });
    checkEvery(policy, options.every);
    const bag = open(await openBags(paths));
    for (const line of bag.problems) process.stderr.write(`warning: ${line}\n`);
    const source = open(await BagSource.open(bag, policy, { ...selectionOf(bag, options), problem: problems.add }));
    const { threads, device, precision } = options;
    const explainer = open(await Explainer.create(policy, { method, threads, device, precision }));
    warnOfFallback(explainer);
    warnOfMethod(explainer);
    warnOfPrecision(precision, explainer.precision);
    const encoder = new ChannelEncoder({
      cameras: [...source.inputs.cameras.keys()],
      jointElements: jointElementsOf(policy.modalities),
    });
    describe(source, encoder, problems);
    const output = await outputAt(options.output);
    const bags = paths.map((path) => basename(path)).join(",");
    const metadata = metadataOf(policy, source, options, bags);
    const written = await ExplainedBag.create(output.file, { encoder, metadata });
    const started = performance.now();
    const bar = new Bar(bag, options, () => written.explained);
    try {
      const { signal } = interruption;
      const failed = (error: Error) => problems.add("not explained", error.message);
      await replay({ source, explainer, output: written, signal, failed, progress: bar.progress });
      if (signal.aborted) throw new InputError(`stopped: what is explained so far is in ${written.partPath}`);
    } catch (error) {
      await written.abandon();
      throw error;
    } finally {
      bar.stop();
      problems.report(process.stderr);
    }
    await finish(written, output, bag, problems);
    const seconds = (performance.now() - started) / 1000;
    const counters = source.counters();
    const summary = {
      output: options.output,
      explained: written.explained,
      images: counters.matched + counters.syncMisses,
      unmatched: counters.syncMisses,
      episodes: counters.episodes,
      seconds: Number(seconds.toFixed(2)),
    };
    process.stdout.write(options.json ? `${JSON.stringify(summary)}\n` : summaryText(summary));
  } finally {
    await Promise.allSettled(opened.reverse().map((resource) => resource.close()));
    interruption.end();
  }
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
  throw new InputError(`${path}: nothing could be explained${why === undefined ? "" : `, most often: ${why}`}`);
}

/** What the policy remembers is of the tick before: none may be left out. */
function checkEvery({ modalities, card }: Policy, every: number): void {
  if (every === 1) return;
  const remembers = modalities.some(
    (m) =>
      (m.kind === "image" && m.frames > 1) ||
      (m.kind === "values" && (m.isCarried || m.earlier.length > 0 || m.quantity === "previous_action")),
  );
  if (remembers) throw new InputError(`--every ${every}: ${card.name} remembers earlier ticks, expected 1`);
}

function selectionOf(bag: Bag, { image, joints, copy, start, end, every }: Options): BagSourceOptions {
  const after = (seconds: number | undefined) =>
    seconds === undefined ? undefined : bag.start + BigInt(Math.round(seconds * 1e9));
  if (start !== undefined && after(start)! > bag.end)
    throw new InputError(`--start ${start}: the recording is ${(Number(bag.end - bag.start) / 1e9).toFixed(3)} s long`);
  if (start !== undefined && end !== undefined && end < start)
    throw new InputError(`--end ${end}: expected ${start} (--start) or more`);
  const pairs = image.map((text) => {
    const at = text.startsWith("/") ? -1 : text.indexOf("=");
    return [at < 0 ? "" : text.slice(0, at), text.slice(at + 1)];
  });
  return {
    image: Object.fromEntries(pairs),
    joints,
    copied: copiedOf(bag, copy),
    start: after(start),
    end: after(end),
    every,
  };
}

function copiedOf(bag: Bag, copy: string): (topic: Topic) => boolean {
  if (copy === "none") return () => false;
  const isForeign = ({ name }: Topic) => !name.startsWith(OWN);
  if (copy === "all") return isForeign;
  const wanted = new Set(copy.split(",").map((name) => name.trim()));
  const known = bag.topics.filter(isForeign).map(({ name }) => name);
  const unknown = [...wanted].find((name) => !known.includes(name));
  if (unknown === undefined) return ({ name }) => wanted.has(name);
  throw new InputError(`--copy ${copy}: no topic ${unknown}, expected all, none or some of ${known.join(",")}`);
}

/** Lets the markers have the robot's links. */
function describe({ robotDescription }: BagSource, encoder: ChannelEncoder, problems: Problems): void {
  if (robotDescription === undefined) return;
  try {
    encoder.setRobot(robotDescription);
  } catch (error) {
    if (!(error instanceof InputError)) throw error;
    problems.add("/robot_description", error.message);
  }
}

function metadataOf(policy: Policy, { inputs }: BagSource, options: Options, bags: string) {
  const { start, end, every } = options;
  const cameras = Array.from(inputs.cameras, ([camera, { name }]) => [`topic.${camera}`, name]);
  return {
    "torquelens.policy": { name: policy.card.name, sha256: policy.sha256, card: serialiseCard(policy.card) },
    "torquelens.replay": {
      bags,
      ...Object.fromEntries(cameras),
      "topic.joint_states": inputs.joints.map(({ name }) => name).join(","),
      ...(start !== undefined && { start: String(start) }),
      ...(end !== undefined && { end: String(end) }),
      every: String(every),
    },
  };
}

interface Summary {
  readonly output: string;
  readonly explained: number;
  readonly images: number;
  readonly unmatched: number;
  readonly episodes: number;
  readonly seconds: number;
}

function summaryText({ output, explained, images, unmatched, episodes, seconds }: Summary): string {
  const rate = (explained / seconds).toFixed(1);
  const without = unmatched === 0 ? "" : `, ${unmatched} found nothing else of their time`;
  return [
    `explained ${explained} of ${images} images in ${episodes} episodes, ${rate} a second${without}`,
    `written   ${output}`,
    "",
  ].join("\n");
}

/** How far it is, in seconds of the recording. */
class Bar {
  readonly #bar = new SingleBar(
    {
      format: "{bar} {percentage} % of {total} s, {rate} explained a second, {eta_formatted} left",
      etaBuffer: 200,
      gracefulExit: false,
    },
    Presets.shades_classic,
  );
  readonly #first: bigint;
  readonly #started = performance.now();
  #shown = 0;

  constructor(
    bag: Bag,
    { start = 0, end }: Options,
    private readonly explained: () => number,
  ) {
    const whole = Number(bag.end - bag.start) / 1e9;
    this.#first = bag.start + BigInt(Math.round(start * 1e9));
    const total = Math.min(end ?? whole, whole) - start;
    this.#bar.start(Number(Math.max(total, 0).toFixed(1)), 0, { rate: "-" });
  }

  readonly progress = (logTime: bigint): void => {
    const now = performance.now();
    if (now - this.#shown < 100) return;
    this.#shown = now;
    const rate = (this.explained() / ((now - this.#started) / 1000)).toFixed(1);
    this.#bar.update(Number((Number(logTime - this.#first) / 1e9).toFixed(1)), { rate });
  };

  stop(): void {
    this.#bar.stop();
  }
}
