// Runs of a task's policy, in closed loop, as detectors and reports see them: pictures, joints, torques, shares.

import { createHash } from "node:crypto";
import { mkdirSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { deserialize, serialize } from "node:v8";
import { deflateSync, inflateSync } from "node:zlib";
import { seenOf } from "#src/detectors/seen-of.js";
import { InputError } from "#src/errors.js";
import { Explainer } from "#src/explain/explainer.js";
import { run } from "#src/explain/pipeline.js";
import { SimulatedWorld } from "#src/sim/simulated-world.js";
import { SimulatedSource } from "#src/sim/source.js";
import { loadTask } from "#src/sim/tasks/tasks.js";
import { worldNamed, worldNames } from "#src/sim/worlds/worlds.js";

/** An explainer of a policy: `skip` for what it saw alone, `shares` to explain it too. */
export const explainerOf = (policy, level = "skip") =>
  Explainer.create(policy, { levels: [level], worker: false, threads: 1 });

const imageOf = ({ modalities }) => modalities.find(({ kind }) => kind === "image");

/** Tasks that are loaded, by name and options. */
const tasks = new Map();
const taskOf = (name, options) => {
  const key = JSON.stringify([name, options]);
  const load = () => (worldNames.includes(name) ? SimulatedWorld.load(worldNamed(name)) : loadTask(name, options));
  if (!tasks.has(key)) tasks.set(key, load());
  return tasks.get(key);
};

let folder;

/** Keeps episodes in a folder, for later calls of the benchmarks too: detectors change more often than the simulator. */
export function keepIn(path) {
  if (path === undefined) return;
  mkdirSync(path, { recursive: true });
  folder = path;
}

/** One episode. @returns what the policy saw, its explanations' shares, and what became of it */
export async function episode(name, policy, explainer, options) {
  if (folder === undefined) return simulated(name, policy, explainer, options);
  const key = JSON.stringify([name, policy.sha256, explainer.levels, options]);
  const file = join(folder, `${createHash("sha256").update(key).digest("hex").slice(0, 24)}.episode`);
  try {
    return deserialize(inflateSync(readFileSync(file)));
  } catch (error) {
    if (error.code !== "ENOENT") throw error;
  }
  const run = await simulated(name, policy, explainer, options);
  writeFileSync(file, deflateSync(serialize(run), { level: 1 }));
  return run;
}

async function simulated(
  name,
  policy,
  explainer,
  { seed, episode: number, condition, targets, perturbations = [], ablation },
) {
  const { width, height } = imageOf(policy);
  const task = await taskOf(name, { width, height, ...(targets && { targets }) });
  const seen = [];
  const shares = [];
  let outcome;
  // The task is used again.
  const kept = Object.create(task, { delete: { value: () => {} } });
  for (const key of Object.getOwnPropertyNames(Object.getPrototypeOf(task)))
    if (key !== "constructor" && key !== "delete" && typeof task[key] === "function")
      Object.defineProperty(kept, key, { value: (...args) => task[key](...args) });
  const source = new SimulatedSource({
    task: kept,
    seed,
    ...{ firstEpisode: number, episodes: 1 },
    speed: 0,
    perturbations,
    ...(condition !== undefined && { condition }),
    ...(ablation && { ablation }),
    ended: (ended) => {
      outcome = ended;
    },
  });
  const sink = {
    write: (explanation) => {
      seen.push(seenOf(explanation));
      shares.push({
        shares: explanation.shares.slice(),
        flags: explanation.flags,
        residual: explanation.conservationResidual,
      });
    },
    close: async () => {},
  };
  try {
    await run(source, explainer, [sink]);
  } catch (error) {
    // An arm that gets what is wrong may move so wildly that nothing can be simulated any more: it has failed.
    if (!(error instanceof InputError) || perturbations.length === 0) throw error;
  }
  return { seen, shares, success: outcome?.success ?? false, error: outcome?.error ?? Number.NaN };
}
