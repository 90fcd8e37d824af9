// Runs of a task's policy, in closed loop, as detectors and reports see them: pictures, joints, torques, shares.

import { seenOf } from "#src/detectors/seen-of.js";
import { Explainer } from "#src/explain/explainer.js";
import { run } from "#src/explain/pipeline.js";
import { SimulatedSource } from "#src/sim/source.js";
import { loadTask } from "#src/sim/tasks/tasks.js";

/** An explainer of a policy: `skip` for what it saw alone, `shares` to explain it too. */
export const explainerOf = (policy, level = "skip") =>
  Explainer.create(policy, { levels: [level], worker: false, threads: 1 });

const imageOf = ({ modalities }) => modalities.find(({ kind }) => kind === "image");

/** Tasks that are loaded, by name and options. */
const tasks = new Map();
const taskOf = (name, options) => {
  const key = JSON.stringify([name, options]);
  if (!tasks.has(key)) tasks.set(key, loadTask(name, options));
  return tasks.get(key);
};

/** One episode. @returns what the policy saw, its explanations' shares, and what became of it */
export async function episode(
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
  // The episode of this number: those before it are not run.
  const only = Object.create(task, {
    reset: { value: (s, _, c) => task.reset(s, number, c) },
    delete: { value: () => {} },
  });
  for (const key of Object.getOwnPropertyNames(Object.getPrototypeOf(task)))
    if (key !== "constructor" && !Object.hasOwn(only, key) && typeof task[key] === "function")
      Object.defineProperty(only, key, { value: (...args) => task[key](...args) });
  const source = new SimulatedSource({
    task: only,
    seed,
    episodes: 1,
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
  await run(source, explainer, [sink]);
  return { seen, shares, success: outcome.success, error: outcome.error };
}
