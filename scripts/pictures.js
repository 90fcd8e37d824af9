// Draws the README's pictures with the program itself: `npm run pictures`.
import { mkdir, writeFile } from "node:fs/promises";
import sharp from "sharp";
import { Explainer } from "../dist/explain/explainer.js";
import { colorize, overlay } from "../dist/image/overlay.js";
import { loadPolicy } from "../dist/policy/policy.js";
import { SimulatedSource } from "../dist/sim/source.js";
import { loadTask } from "../dist/sim/tasks/tasks.js";

const SCALE = 3;
const GAP = 6;
const CAPTION = 26;
const TICKS = [0, 3, 7];
const folder = new URL("../docs/images/", import.meta.url);

const policy = await loadPolicy(new URL("../models/reacher.onnx", import.meta.url).pathname);
const { width, height } = policy.modalities.find(({ kind }) => kind === "image");
const task = await loadTask("reacher", { width, height, targets: "random" });
const source = new SimulatedSource({ task, seed: 5, speed: 0, ticks: Math.max(...TICKS) + 1 });
const explainer = await Explainer.create(policy);

/** One row per tick: camera image, heatmap, overlay. */
const rows = [];
/** Observation of the first of those ticks, for the picture of methods. */
let shown;
for await (const observation of source.observations()) {
  const explanation = await explainer.explain(observation);
  source.accept(explanation);
  if (!TICKS.includes(observation.tick)) continue;
  shown ??= observation;
  const { image } = observation.images;
  const heatmap = explanation.heatmaps.image;
  rows.push([image, colorize(heatmap), overlay(image, heatmap)]);
  const shares = explanation.modalities.map((name, m) => `${name} ${(100 * explanation.shares[m]).toFixed(0)} %`);
  process.stdout.write(`tick ${observation.tick}: ${shares.join(", ")}\n`);
}
await Promise.all([source.close(), explainer.close()]);

/** One cell per method, for the same tick and torques. */
const METHODS = [
  "dtd",
  "rap",
  "excitation-backprop",
  "lrp-alpha-beta",
  "lrp-epsilon",
  "lrp-gamma",
  "integrated-gradients",
  "smoothgrad:sigma=0.1",
  "gradient-x-input",
  "guided-backprop",
  "deconvnet",
  "grad-cam",
];
const COLUMNS = 4;
const panels = [];
for (const method of METHODS) {
  const one = await Explainer.create(policy, { method });
  const { heatmaps, modalities, shares } = await one.explain(shown);
  await one.close();
  const share = `${(100 * shares[modalities.indexOf("image")]).toFixed(0)} %`;
  panels.push({ picture: overlay(shown.images.image, heatmaps.image), caption: `${method.split(":")[0]}  ${share}` });
  process.stdout.write(`${method}: image ${share}\n`);
}

const enlarged = ({ data, width, height }) =>
  sharp(data, { raw: { width, height, channels: 3 } })
    .resize(width * SCALE, height * SCALE, { kernel: "nearest" })
    .png()
    .toBuffer();

const caption = (text) =>
  Buffer.from(
    `<svg width="${width * SCALE}" height="${CAPTION}"><text x="2" y="${CAPTION - 7}" font-family="sans-serif" font-size="15">${text}</text></svg>`,
  );

/** Writes pictures in a grid, with captions above those that have one. */
async function writeSheet(name, grid) {
  const top = grid[0][0].caption === undefined ? 0 : CAPTION;
  const [w, h] = [width * SCALE + GAP, height * SCALE + top + GAP];
  const cells = await Promise.all(
    grid.flatMap((row, r) =>
      row.flatMap(({ picture, caption: text }, c) => [
        enlarged(picture).then((input) => ({ input, left: c * w, top: r * h + top })),
        ...(text === undefined ? [] : [{ input: caption(text), left: c * w, top: r * h }]),
      ]),
    ),
  );
  const sheet = sharp({
    create: { width: grid[0].length * w - GAP, height: grid.length * h - GAP, channels: 3, background: "white" },
  });
  await writeFile(new URL(name, folder), await sheet.composite(cells).png({ palette: true }).toBuffer());
}

await mkdir(folder, { recursive: true });
await writeSheet(
  "reacher.png",
  rows.map((row) => row.map((picture) => ({ picture }))),
);
await writeSheet(
  "methods.png",
  Array.from({ length: panels.length / COLUMNS }, (_, r) => panels.slice(r * COLUMNS, (r + 1) * COLUMNS)),
);
