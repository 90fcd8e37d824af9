import { createHash } from "node:crypto";
import { mkdir, mkdtemp, readdir, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import type { Bag } from "#src/bag/bag.js";
import { BagSource, type BagSourceOptions } from "#src/bag/bag-source.js";
import { decoderOf } from "#src/bag/decode.js";
import { ExplainedBag } from "#src/bag/explained-bag.js";
import { McapSink } from "#src/bag/mcap-sink.js";
import { openBag } from "#src/bag/open-bag.js";
import { outputAt } from "#src/bag/output.js";
import { recoverRecording } from "#src/bag/recover.js";
import { replay } from "#src/bag/replay.js";
import { Unfinished } from "#src/bag/unfinished.js";
import { Explainer } from "#src/explain/explainer.js";
import { ExplainerPool } from "#src/explain/explainer-pool.js";
import { jointElementsOf } from "#src/explain/joint-relevance.js";
import { type AnyExplainer, run } from "#src/explain/pipeline.js";
import { ChannelEncoder } from "#src/messages/channel-encoder.js";
import { EPISODE_START } from "#src/messages/explanation.js";
import type { ExplanationMessage, RelevanceRatiosMessage } from "#src/messages/types.js";
import { loadPolicy, type Policy } from "#src/policy/policy.js";
import { SimulatedSource, type SimulationOptions } from "#src/sim/source.js";
import { loadTask } from "#src/sim/tasks/tasks.js";
import { readAll, type Sample, writeDb3, writeMcap } from "./recordings.js";

const TICKS = 60;
let folder: string;
let policy: Policy;
let explainer: ExplainerPool;
const at = (name: string): string => join(folder, name);

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), "torquelens-replay-"));
  policy = await loadPolicy("models/reacher.onnx");
  explainer = await ExplainerPool.create(policy, { jobs: 1 });
  await simulate(at("live.mcap"));
});
afterAll(async () => {
  await explainer.close();
  await rm(folder, { recursive: true });
});

/** Records a simulation and its explanation as `torquelens sim --record` does. */
async function simulate(path: string, more: Partial<SimulationOptions> = {}): Promise<void> {
  const source = new SimulatedSource({
    task: await loadTask("reacher", { width: 96, height: 96 }),
    ticks: TICKS,
    speed: 0,
    seed: 5,
    startStamp: 10n ** 18n,
    ...more,
  });
  const { robotDescription } = source;
  const encoder = new ChannelEncoder({ robotDescription, jointElements: jointElementsOf(policy.modalities) });
  const live = await Explainer.create(policy);
  await run(source, live, [await McapSink.create(path, { encoder })]);
  await live.close();
}

interface Replayed {
  readonly problems: string[];
  readonly explained: number;
  readonly source: BagSource;
}

/** Explains a bag into a file, as the command does. */
async function explain(
  input: string,
  output: string,
  options: BagSourceOptions = {},
  by: { explainer: AnyExplainer; jobs: number } = { explainer, jobs: 1 },
): Promise<Replayed> {
  const bag = await openBag(at(input));
  const problems: string[] = [...bag.problems];
  const problem = (topic: string, reason: string) => problems.push(`${topic}: ${reason}`);
  const copied = ({ name }: { name: string }) => !name.startsWith("/torquelens/");
  const source = await BagSource.open(bag, policy, { copied, problem, ...options });
  const encoder = new ChannelEncoder({
    jointElements: jointElementsOf(policy.modalities),
    ...(source.robotDescription !== undefined && { robotDescription: source.robotDescription }),
  });
  const written = await ExplainedBag.create(at(output), { encoder });
  await replay({ source, ...by, output: written, failed: (error) => problems.push(error.message) });
  await written.close();
  await source.close();
  await bag.close();
  return { problems, explained: written.explained, source };
}

async function reading<T>(path: string, use: (bag: Bag) => Promise<T>): Promise<T> {
  const bag = await openBag(at(path));
  return use(bag).finally(() => bag.close());
}

/** Decoded messages of a topic. */
const decoded = <T>(path: string, topic: string): Promise<T[]> =>
  reading(path, async (bag) => {
    const decode = decoderOf(bag.topics.find(({ name }) => name === topic)!, path);
    const found: T[] = [];
    for await (const { data } of bag.read({ topics: new Set([topic]) })) found.push(decode(data) as T);
    return found;
  });

/** Messages with digests for payloads. */
const digested = (path: string) =>
  reading(path, async (bag) =>
    (await readAll(bag)).map(({ data, ...rest }) => ({
      ...rest,
      data: createHash("sha256").update(data).digest("hex"),
    })),
  );
type Digested = Awaited<ReturnType<typeof digested>>[number];
const own = ({ topic }: { topic: string }): boolean => topic.startsWith("/torquelens/");
const explanationsOf = (path: string) => decoded<ExplanationMessage>(path, "/torquelens/explanation");

/** Flags that only the simulator or the live machine knows. */
const UNKNOWN: readonly string[] = ["deadline_missed", "limit_clipped"];

/** What is the same live and replayed. */
const timeless = (message: ExplanationMessage) => ({
  ...message,
  latency_ms: 0,
  flags: message.flags.filter((flag) => !UNKNOWN.includes(flag)),
});

describe("a simulation recorded live and replayed", () => {
  it("has the same explanations, to the last bit", async () => {
    const { problems, explained, source } = await explain("live.mcap", "again.mcap");
    expect(problems).toEqual([]);
    expect(explained).toBe(TICKS);
    expect(source.counters()).toMatchObject({ matched: TICKS, observed: TICKS, syncMisses: 0, episodes: 2 });
    const [live, again] = [await explanationsOf("live.mcap"), await explanationsOf("again.mcap")];
    expect(again).toHaveLength(TICKS);
    expect(again.map(timeless)).toEqual(live.map(timeless));
    expect(again.every(({ latency_ms }) => Number.isNaN(latency_ms))).toBe(true);
    expect(new Set(again.map(({ shares }) => shares.join())).size).toBeGreaterThan(TICKS / 2);
    const ratios = (path: string) => decoded<RelevanceRatiosMessage>(path, "/torquelens/ratios");
    const plain = (message: RelevanceRatiosMessage) => ({ ...message, latency_ms: 0 });
    expect((await ratios("again.mcap")).map(plain)).toEqual((await ratios("live.mcap")).map(plain));
  });

  it("has the same heatmaps, overlays and markers, and all that was recorded, byte for byte", async () => {
    const isTimed = ({ type }: Digested) => type.startsWith("torquelens/");
    // A calibration that was recorded after the first image holds for it in a replay.
    const isFirst = ({ topic }: Digested, i: number) => i < 20 && topic === "/torquelens/heatmap/camera_info";
    const [live, again] = [await digested("live.mcap"), await digested("again.mcap")];
    const topics = new Set(live.map(({ topic }) => topic));
    expect(new Set(again.map(({ topic }) => topic))).toEqual(topics);
    for (const topic of topics) {
      const of = (samples: Digested[]) => samples.filter((s, i) => s.topic === topic && !isTimed(s) && !isFirst(s, i));
      expect(of(again)).toEqual(of(live));
    }
  });

  it("gives the same file every time", async () => {
    await explain("live.mcap", "once-more.mcap");
    expect(Buffer.compare(await readFile(at("again.mcap")), await readFile(at("once-more.mcap")))).toBe(0);
  });

  it.each([1, 3])("gives that file too where %d observations are explained at a time", async (jobs) => {
    const pool = await ExplainerPool.create(policy, { jobs, threads: 1 });
    expect(pool.size).toBe(jobs);
    await explain("live.mcap", "side-by-side.mcap", {}, { explainer: pool, jobs });
    await pool.close();
    expect(Buffer.compare(await readFile(at("again.mcap")), await readFile(at("side-by-side.mcap")))).toBe(0);
  });

  it("keeps quality of service, type hash and definition of what is copied", async () => {
    const described = (path: string) =>
      reading(path, async ({ topics }) =>
        topics.map((topic) => ({ ...topic })).sort((a, b) => (a.name < b.name ? -1 : 1)),
      );
    expect(await described("again.mcap")).toEqual(await described("live.mcap"));
  });
});

describe("the same recording in another form", () => {
  let recorded: Sample[];
  let payloads: Digested[];
  let expected: unknown[];

  /** Without the explanations that a recording came with, nothing says where an episode begins. */
  const seamless = (message: ExplanationMessage) => {
    const { flags, ...rest } = timeless(message);
    return { ...rest, flags: flags.filter((flag) => flag !== EPISODE_START) };
  };

  beforeAll(async () => {
    recorded = (await reading("live.mcap", (bag) => readAll(bag))).filter((sample) => !own(sample));
    payloads = (await digested("live.mcap")).filter((sample) => !own(sample));
    expected = (await explanationsOf("again.mcap")).map(seamless);
  });

  const same = async (input: string) => {
    const { problems } = await explain(input, "form.mcap");
    expect(problems).toEqual([]);
    expect((await explanationsOf("form.mcap")).map(seamless)).toEqual(expected);
    expect((await digested("form.mcap")).filter((sample) => !own(sample))).toEqual(payloads);
  };

  it("a database without definitions is explained alike", async () => {
    writeDb3(at("old.db3"), recorded, 2);
    await same("old.db3");
  });

  it("a split bag is explained alike, across its seams", async () => {
    await mkdir(at("split"));
    const cut = 101;
    await writeMcap(at("split/split_0.mcap"), recorded.slice(0, cut), { compression: "zstd" });
    await writeMcap(at("split/split_1.mcap"), recorded.slice(cut), { useChunks: false });
    await same("split");
  });

  it("one that was cut off is explained as far as it goes, and what is lost is told", async () => {
    const whole = await readFile(at("live.mcap"));
    await writeFile(at("cut.mcap"), whole.subarray(0, Math.floor(whole.length * 0.6)));
    const { problems, explained } = await explain("cut.mcap", "form.mcap");
    expect(problems[0]).toMatch(/cut.mcap: cut off or damaged: \d+ complete messages are read/);
    expect(explained).toBeGreaterThan(10);
    expect((await explanationsOf("form.mcap")).map(seamless)).toEqual(expected.slice(0, explained));
  });
});

describe("a part of a recording", () => {
  const stampOf = ({ header }: ExplanationMessage) =>
    BigInt(header.stamp.sec) * 10n ** 9n + BigInt(header.stamp.nanosec);

  it("is the images between start and end, with what holds from before", async () => {
    const start = 10n ** 18n + 1_000_000_000n;
    const { explained } = await explain("live.mcap", "part.mcap", { start, end: start + 500_000_000n });
    expect(explained).toBe(11);
    const found = await explanationsOf("part.mcap");
    expect(found.map(stampOf)).toEqual(Array.from({ length: 11 }, (_, i) => start + BigInt(i) * 50_000_000n));
    const all = await explanationsOf("again.mcap");
    expect(found.map(({ shares }) => shares)).toEqual(all.slice(20, 31).map(({ shares }) => shares));
    expect(await decoded("part.mcap", "/robot_description")).toHaveLength(1);
  });

  it("is every so manieth image", async () => {
    expect((await explain("live.mcap", "part.mcap", { every: 7 })).explained).toBe(9);
    const all = await explanationsOf("again.mcap");
    const shares = (await explanationsOf("part.mcap")).map(({ shares }) => shares);
    expect(shares).toEqual(all.filter((_, i) => i % 7 === 0).map(({ shares }) => shares));
  });

  it("copies what is asked for", async () => {
    await explain("live.mcap", "part.mcap", { copied: ({ name }) => name === "/tf" });
    const topics = new Set((await digested("part.mcap")).filter((s) => !own(s)).map(({ topic }) => topic));
    expect([...topics]).toEqual(["/tf"]);
  });
});

describe("a replay that is broken off", () => {
  const facts = () => ({ method: explainer.first.method.spec, policy_sha256: policy.sha256 });
  const metadata = { "torquelens.replay": { bags: "live.mcap" } };

  /** For each event of the newest replay, true where an earlier run had explained it. */
  let known: boolean[] = [];

  /** Explains up to `ticks`, then stops, or is done; what another run left is taken over. */
  async function replayed(name: string, { ticks = TICKS + 1 } = {}) {
    const bag = await openBag(at("live.mcap"));
    const copied = ({ name }: { name: string }) => !name.startsWith("/torquelens/");
    const source = await BagSource.open(bag, policy, { copied });
    const encoder = new ChannelEncoder({
      jointElements: jointElementsOf(policy.modalities),
      robotDescription: source.robotDescription!,
    });
    const leftovers = (await outputAt(at(name))).unfinished.map(({ file }) => file);
    const unfinished = await Unfinished.find(leftovers, facts(), metadata);
    const output = await ExplainedBag.create(at(name), { encoder, metadata });
    const stop = new AbortController();
    known = [];
    const progress = (_: bigint, isKnown: boolean) => {
      known.push(isKnown);
      if (output.explained >= ticks) stop.abort();
    };
    let asked = 0;
    const counting: AnyExplainer = {
      explain: (observation) => {
        asked++;
        return explainer.explain(observation);
      },
    };
    const { signal } = stop;
    await replay({ source, explainer: counting, output, unfinished, signal, failed: () => {}, progress });
    if (signal.aborted) await output.abandon();
    else await output.close();
    await unfinished?.close();
    await source.close();
    await bag.close();
    return asked;
  }

  it("leaves what can be recovered, under another name", async () => {
    await replayed("broken.mcap", { ticks: 40 });
    expect((await readdir(folder)).filter((name) => name.startsWith("broken"))).toEqual(["broken.mcap.part"]);
    await recoverRecording(at("broken.mcap.part"), at("recovered.mcap"));
    const found = await explanationsOf("recovered.mcap");
    expect(found.length).toBeGreaterThan(5);
    expect(found.map(timeless)).toEqual((await explanationsOf("again.mcap")).slice(0, found.length).map(timeless));
  });

  it("is taken up again, and gives the file that it would have given", async () => {
    expect(await replayed("whole.mcap")).toBe(TICKS);
    expect(known).not.toContain(true);
    await replayed("resumed.mcap", { ticks: 40 });
    const asked = await replayed("resumed.mcap");
    // Progress tells what the first run had explained, up to its last explanation.
    expect(known.lastIndexOf(true)).toBeGreaterThan(0);
    expect(known.indexOf(false)).toBe(known.lastIndexOf(true) + 1);
    expect(asked).toBeLessThan(TICKS - 5);
    expect(asked).toBeGreaterThanOrEqual(TICKS - 40);
    expect(Buffer.compare(await readFile(at("whole.mcap")), await readFile(at("resumed.mcap")))).toBe(0);
  });

  it("is not taken up where it was cut off before the first explanation, or is of something else", async () => {
    const whole = await readFile(at("whole.mcap"));
    await writeFile(at("other.mcap.part"), whole.subarray(0, 2000));
    const found = (file: string, method = facts().method) =>
      Unfinished.find([at(file)], { ...facts(), method }, metadata).then(async (known) => {
        await known?.close();
        return known?.path;
      });
    expect(await found("other.mcap.part")).toBeUndefined();
    expect(await found("gone.part")).toBeUndefined();
    expect(await found("whole.mcap")).toBe(at("whole.mcap"));
    expect(await found("whole.mcap", "rap")).toBeUndefined();
    const others = { "torquelens.replay": { bags: "other.mcap" } };
    expect(await Unfinished.find([at("whole.mcap")], facts(), others)).toBeUndefined();
  });
});
