// Draws the picture of docs/report.md with the program itself: part of `npm run pictures`.
import { mkdir, writeFile } from "node:fs/promises";
import { overTime } from "../dist/analysis/page/over-time.js";
import { identityOf, RunBuilder } from "../dist/analysis/run-builder.js";
import { Explainer } from "../dist/explain/explainer.js";
import { toExplanation } from "../dist/messages/explanation.js";
import { draw } from "../dist/page/draw.js";
import { loadPolicy } from "../dist/policy/policy.js";
import { SimulatedSource } from "../dist/sim/source.js";
import { loadTask } from "../dist/sim/tasks/tasks.js";

const policy = await loadPolicy(new URL("../models/reacher.onnx", import.meta.url).pathname);
const { width, height } = policy.modalities.find(({ kind }) => kind === "image");
const task = await loadTask("reacher", { width, height });
const source = new SimulatedSource({
  task,
  seed: 5,
  speed: 0,
  episodes: 1,
  perturbations: [{ tick: 20, target: [0.1, 0.1] }],
});
const explainer = await Explainer.create(policy);
let builder;
for await (const observation of source.observations()) {
  const explanation = await explainer.explain(observation);
  source.accept(explanation);
  const message = toExplanation(explanation);
  builder ??= new RunBuilder(identityOf(message), "the reacher");
  builder.add(message, observation.stamp);
}
await Promise.all([source.close(), explainer.close()]);

const run = builder.build({ bag: "reacher", episode: 0, bagStart: 0n, messages: new Map() });
const folder = new URL("../docs/images/", import.meta.url);
await mkdir(folder, { recursive: true });
await writeFile(new URL("report.svg", folder), `${await draw(overTime(run))}\n`);
