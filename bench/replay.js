// Rate of a replay as a part of the rate of inference alone: bags with 640x480 images, rounds in turn.
//   npm run bench:replay [-- --network levine-240 --images 200 --rounds 3]
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { parseArgs } from "node:util";
import { BagSource } from "#src/bag/bag-source.js";
import { COMPRESSIONS } from "#src/bag/compression.js";
import { ExplainedBag } from "#src/bag/explained-bag.js";
import { openBag } from "#src/bag/open-bag.js";
import { replay } from "#src/bag/replay.js";
import { LIVE_POLICIES } from "#src/bench/live/policies.js";
import { watchOthers } from "#src/bench/other-processes.js";
import { busyWarning, ratiosOf } from "#src/bench/ratios.js";
import { cameraSample, HEIGHT, jointSample, recordMcap, WIDTH } from "#src/bench/recording.js";
import { ExplainerPool } from "#src/explain/explainer-pool.js";
import { jointElementsOf } from "#src/explain/joint-relevance.js";
import { ChannelEncoder } from "#src/messages/channel-encoder.js";

const { values: options } = parseArgs({
  options: {
    network: { type: "string", multiple: true, default: Object.keys(LIVE_POLICIES) },
    images: { type: "string", default: "200" },
    rounds: { type: "string", default: "3" },
  },
});
const IMAGES = Number(options.images);
const [RATE, JOINT_RATE] = [20, 100];
const NEVER = { wallMs: Number.POSITIVE_INFINITY, cpuMs: Number.POSITIVE_INFINITY };

/** Joint states every hundredth of a second, and an image with every fifth. */
function* samples(joints) {
  for (let i = 0; i <= (IMAGES * JOINT_RATE) / RATE; i++) {
    const logTime = 1_000_000_000n + (BigInt(i) * 1_000_000_000n) / BigInt(JOINT_RATE);
    yield jointSample(joints, i, logTime);
    if (i % (JOINT_RATE / RATE) === 0) yield cameraSample(i / 5, logTime);
  }
}

const sourceOf = (bag, policy, values) =>
  BagSource.open(bag, policy, { values, copied: () => true, problem: (topic, why) => console.error(topic, why) });

/** Begins to time. @returns the wall and processor time of one of so many explanations, milliseconds */
function timer() {
  const [started, before] = [performance.now(), process.cpuUsage()];
  return (explanations) => {
    const { user, system } = process.cpuUsage(before);
    return { wallMs: (performance.now() - started) / explanations, cpuMs: (user + system) / 1000 / explanations };
  };
}

/** The smaller times of both. */
const best = (one, other) => ({
  wallMs: Math.min(one.wallMs, other.wallMs),
  cpuMs: Math.min(one.cpuMs, other.cpuMs),
});

/** Times of an explanation of observations in memory. */
async function alone(explainer, observations) {
  const ended = timer();
  let next = 0;
  const work = async () => {
    while (next < IMAGES) await explainer.explain(observations[next++ % observations.length]);
  };
  await Promise.all(Array.from({ length: explainer.size }, work));
  return ended(IMAGES);
}

/** Times of an explanation of a recording, copied and explained into a file. */
async function replayed(explainer, policy, path, values) {
  const bag = await openBag(path);
  const source = await sourceOf(bag, policy, values);
  const encoder = new ChannelEncoder({ jointElements: jointElementsOf(policy.modalities) });
  const compression = bag.isPacked ? "zstd" : "none";
  const output = await ExplainedBag.create(`${path}.explained.mcap`, { encoder, compression });
  const failed = (error) => {
    throw error;
  };
  const ended = timer();
  await replay({ source, explainer, jobs: explainer.size, output, failed });
  await output.close();
  const times = ended(output.explained);
  await source.close();
  await bag.close();
  return times;
}

const folder = await mkdtemp(join(tmpdir(), "torquelens-bench-"));
try {
  console.log(`${IMAGES} images of ${WIDTH}x${HEIGHT}, best of ${options.rounds}; explanations per second\n`);
  console.log("network          compression   jobs   inference alone   replay   part   by processor time");
  for (const network of options.network) {
    const policy = await LIVE_POLICIES[network].load();
    const others = policy.modalities.filter(({ kind, quantity }) => kind === "values" && quantity === "other");
    const values = Object.fromEntries(others.map(({ name, size }) => [name, new Float64Array(size).fill(0.1)]));
    for (const compression of COMPRESSIONS) {
      const path = join(folder, `${network}-${compression}.mcap`);
      await recordMcap(path, compression, samples(policy.card.joints));
      const bag = await openBag(path);
      const source = await sourceOf(bag, policy, values);
      const observations = [];
      for await (const observation of source.observations()) if (observations.push(observation) === 8) break;
      await source.close();
      await bag.close();
      for (const jobs of [1, 2]) {
        const explainer = await ExplainerPool.create(policy, { jobs, threads: 1 });
        const others = watchOthers();
        let [inference, whole] = [NEVER, NEVER];
        for (let round = 0; round < Number(options.rounds); round++) {
          inference = best(inference, await alone(explainer, observations));
          whole = best(whole, await replayed(explainer, policy, path, values));
        }
        const part = ratiosOf(inference, whole);
        await explainer.close();
        console.log(
          network.padEnd(16),
          compression.padEnd(13),
          String(jobs).padStart(4),
          (1000 / inference.wallMs).toFixed(1).padStart(17),
          (1000 / whole.wallMs).toFixed(1).padStart(8),
          part.wall.toFixed(2).padStart(6),
          part.cpu.toFixed(2).padStart(19),
        );
        const name = `${network}, ${compression}, jobs ${jobs}`;
        const busy = busyWarning([{ name, ratios: part, others: others() }]);
        if (busy !== undefined) console.error(`warning: ${busy}`);
      }
      await rm(path);
      await rm(`${path}.explained.mcap`);
    }
  }
} finally {
  await rm(folder, { recursive: true });
}
