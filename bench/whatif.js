// Time of 200 counterfactuals of each shipped policy of an arm: regions of the image blurred, the policy run on each.
//   npm run bench:whatif -- [--count 200] [--threads 2]
import { parseArgs } from "node:util";
import { replaced, tiles } from "#src/evaluation/what-if/counterfactuals.js";
import { ManyObservations } from "#src/evaluation/what-if/many.js";
import { shippedPolicy } from "#src/package-files.js";
import { loadPolicy } from "#src/policy/policy.js";
import { taskNames } from "#src/sim/tasks/tasks.js";
import { episode, explainerOf } from "./why/runs.js";

const { values } = parseArgs({
  options: { count: { type: "string", default: "200" }, threads: { type: "string", default: "2" } },
});
const count = Number(values.count);

console.log("| policy | images | counterfactuals | made, ms | run, ms |\n|---|---|---:|---:|---:|");
for (const task of taskNames) {
  const policy = await loadPolicy(shippedPolicy(task));
  const explainer = await explainerOf(policy);
  const observations = [];
  await episode(
    task,
    policy,
    {
      explain: (given) => {
        observations.push(given);
        return explainer.explain(given);
      },
    },
    { seed: 1, episode: 0 },
  );
  const many = await ManyObservations.create(policy, Number(values.threads));
  const [now] = observations;
  const image = now.images.image;
  const regions = tiles(image, Math.ceil(Math.sqrt(count))).slice(0, count);
  const sources = { now, run: observations, at: () => now, other: () => now };
  await many.commands(observations.slice(0, 32));
  const best = { made: Number.POSITIVE_INFINITY, run: Number.POSITIVE_INFINITY };
  for (let repeat = 0; repeat < 5; repeat++) {
    const start = performance.now();
    const given = regions.map((region) => replaced({ modality: "image", by: "mean", region }, sources));
    const made = performance.now();
    await many.commands(given);
    best.run = Math.min(best.run, performance.now() - made);
    best.made = Math.min(best.made, made - start);
  }
  console.log(
    `| ${task} | ${image.width}×${image.height} | ${regions.length} | ${best.made.toFixed(0)} | ${best.run.toFixed(0)} |`,
  );
  await many.release();
  await explainer.close();
}
