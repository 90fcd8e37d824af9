// Makes the README's pictures with the program itself: `npm run pictures`.
import { mkdir, writeFile } from "node:fs/promises";
import sharp from "sharp";
import { Explainer } from "../dist/explain/explainer.js";
import { colorize, overlay } from "../dist/explain/overlay.js";
import { loadPolicy } from "../dist/policy/policy.js";
import { SimulatedSource } from "../dist/sim/source.js";
import { loadTask } from "../dist/sim/tasks.js";

const SCALE = 3;
const GAP = 6;
const TICKS = [0, 3, 7];
const folder = new URL("../docs/images/", import.meta.url);

const policy = await loadPolicy(new URL("../models/reacher.onnx", import.meta.url).pathname);
const { width, height } = policy.modalities.find(({ kind }) => kind === "image");
const task = await loadTask("reacher", { width, height, targets: "random" });
const source = new SimulatedSource({ task, seed: 5, speed: 0, ticks: Math.max(...TICKS) + 1 });
const explainer = await Explainer.create(policy);

/** One row a tick: what the camera saw, the heatmap, both. */
const rows = [];
for await (const observation of source.observations()) {
  const explanation = await explainer.explain(observation);
  source.accept(explanation);
  if (!TICKS.includes(observation.tick)) continue;
  const { image } = observation.images;
  const heatmap = explanation.heatmaps.image;
  rows.push([image, colorize(heatmap), overlay(image, heatmap)]);
  const shares = explanation.modalities.map((name, m) => `${name} ${(100 * explanation.shares[m]).toFixed(0)} %`);
  process.stdout.write(`tick ${observation.tick}: ${shares.join(", ")}\n`);
}
await Promise.all([source.close(), explainer.close()]);

const enlarged = ({ data, width, height }) =>
  sharp(data, { raw: { width, height, channels: 3 } })
    .resize(width * SCALE, height * SCALE, { kernel: "nearest" })
    .png()
    .toBuffer();
const cells = await Promise.all(
  rows.flatMap((row, r) =>
    row.map(async (picture, c) => ({
      input: await enlarged(picture),
      left: c * (width * SCALE + GAP),
      top: r * (height * SCALE + GAP),
    })),
  ),
);
await mkdir(folder, { recursive: true });
const sheet = sharp({
  create: {
    width: 3 * width * SCALE + 2 * GAP,
    height: rows.length * height * SCALE + (rows.length - 1) * GAP,
    channels: 3,
    background: "white",
  },
});
await writeFile(new URL("reacher.png", folder), await sheet.composite(cells).png({ palette: true }).toBuffer());
