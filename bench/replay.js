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

/** Explanations per second of observations in memory. */
async function alone(explainer, observations) {
  const started = performance.now();
  let next = 0;
  const work = async () => {
    while (next < IMAGES) await explainer.explain(observations[next++ % observations.length]);
  };
  await Promise.all(Array.from({ length: explainer.size }, work));
  return IMAGES / ((performance.now() - started) / 1000);
}

/** Explanations per second of a recording, copied and explained into a file. */
async function replayed(explainer, policy, path, values) {
  const bag = await openBag(path);
  const source = await sourceOf(bag, policy, values);
  const encoder = new ChannelEncoder({ jointElements: jointElementsOf(policy.modalities) });
  const compression = bag.isPacked ? "zstd" : "none";
  const output = await ExplainedBag.create(`${path}.explained.mcap`, { encoder, compression });
  const failed = (error) => {
    throw error;
  };
  const started = performance.now();
  await replay({ source, explainer, jobs: explainer.size, output, failed });
  await output.close();
  const rate = output.explained / ((performance.now() - started) / 1000);
  await source.close();
  await bag.close();
  return rate;
}

const folder = await mkdtemp(join(tmpdir(), "torquelens-bench-"));
try {
  console.log(`${IMAGES} images of ${WIDTH}x${HEIGHT}, best of ${options.rounds}; explanations per second\n`);
  console.log("network          compression   jobs   inference alone   replay   part");
  for (const network of options.network) {
    const policy = await LIVE_POLICIES[network]();
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
        let [best, top] = [0, 0];
        for (let round = 0; round < Number(options.rounds); round++) {
          best = Math.max(best, await alone(explainer, observations));
          top = Math.max(top, await replayed(explainer, policy, path, values));
        }
        await explainer.close();
        console.log(
          network.padEnd(16),
          compression.padEnd(13),
          String(jobs).padStart(4),
          best.toFixed(1).padStart(17),
          top.toFixed(1).padStart(8),
          (top / best).toFixed(2).padStart(6),
        );
      }
      await rm(path);
      await rm(`${path}.explained.mcap`);
    }
  }
} finally {
  await rm(folder, { recursive: true });
}
