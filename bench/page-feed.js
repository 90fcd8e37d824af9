// A run for bench/page.js, in a process of its own: the shipped peg policy's explanations at 20 Hz, its image and heatmap
// enlarged to SIZE × SIZE. Prints the page's address.
import { fileURLToPath } from "node:url";
import { taskFor } from "#src/cli/input/sim-task.js";
import { Explainer } from "#src/explain/explainer.js";
import { FoxgloveSink } from "#src/foxglove/foxglove-sink.js";
import { ChannelEncoder } from "#src/messages/channel-encoder.js";
import { loadPolicy } from "#src/policy/policy.js";
import { SimulatedSource } from "#src/sim/source.js";

const SIZE = Number(process.argv[2]);
const PERIOD = 50;
const KEPT = 60;

/** The nearest pixels of a picture of `depth` numbers a pixel. */
function enlarged(picture, depth) {
  const { width, height, data } = picture;
  const large = new data.constructor(SIZE * SIZE * depth);
  for (let y = 0; y < SIZE; y++)
    for (let x = 0; x < SIZE; x++) {
      const from = depth * (Math.floor((y * height) / SIZE) * width + Math.floor((x * width) / SIZE));
      large.set(data.subarray(from, from + depth), depth * (y * SIZE + x));
    }
  const { optics: _, ...rest } = picture;
  return { ...rest, width: SIZE, height: SIZE, data: large };
}

const policy = await loadPolicy(fileURLToPath(new URL("../models/peg.onnx", import.meta.url)));
const simulated = new SimulatedSource({ task: await taskFor(policy, "peg", "four"), ticks: KEPT, speed: 0 });
const explainer = await Explainer.create(policy);
const kept = [];
for await (const observation of simulated.observations()) {
  const explanation = await explainer.explain(observation);
  simulated.accept(explanation);
  const { cameras: _, ...seen } = observation;
  kept.push({
    ...explanation,
    observation: { ...seen, images: { image: enlarged(observation.images.image, 3) } },
    heatmaps: { image: enlarged(explanation.heatmaps.image, 1) },
  });
}
const encoder = new ChannelEncoder({ robotDescription: simulated.robotDescription });
const live = await FoxgloveSink.listen({ encoder, port: "page", page: { port: 0 }, name: "bench" });
await Promise.all([simulated.close(), explainer.close()]);
console.log(`page     ${live.pageUrl}`);

const begin = process.hrtime.bigint();
let tick = 0;
setInterval(() => {
  const explanation = kept[tick % KEPT];
  const stamp = process.hrtime.bigint() - begin;
  live.write({ ...explanation, observation: { ...explanation.observation, tick: tick++, stamp } });
}, PERIOD);
