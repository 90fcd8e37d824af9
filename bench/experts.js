// Success of the tasks' experts: in every condition and at random goals between them, with and without torque noise.
// Prints the number of successful episodes, the least progress, the largest final error, and the time of the first plan.
//   npm run bench:experts -- [--episodes 20] [--torque-noise 0.03] [--task peg]
import { parseArgs } from "node:util";
import { random } from "#src/sim/random.js";
import { loadTask, taskNames } from "#src/sim/tasks/tasks.js";

const { values } = parseArgs({
  options: {
    episodes: { type: "string", default: "20" },
    "torque-noise": { type: "string", default: "0.03" },
    task: { type: "string", multiple: true, default: [...taskNames] },
  },
});
const episodes = Number(values.episodes);
const noise = Number(values["torque-noise"]);

function solve(task, condition, size) {
  const outcome = { successes: 0, progress: 1, error: 0 };
  const disturbance = random(1, condition ?? -1);
  for (let episode = 0; episode < episodes; episode++) {
    task.reset(1, episode, condition);
    for (let tick = 0; tick < task.ticks; tick++) {
      const torque = task.expert();
      task.step(torque.map((value, j) => value + size * task.torqueLimit[j] * disturbance.normal()));
    }
    if (task.success()) outcome.successes++;
    outcome.progress = Math.min(outcome.progress, task.progress());
    outcome.error = Math.max(outcome.error, task.error());
  }
  return outcome;
}

const text = ({ successes, progress, error }) =>
  `${successes}/${episodes} | ${progress.toFixed(2)} | ${(1000 * error).toFixed(1)}`;
console.log(`| task | condition | plan, s | solved | progress ≥ | error ≤, mm | with ${100 * noise} % noise | | |`);
console.log("|---|---|---:|---:|---:|---:|---:|---:|---:|");
for (const name of values.task) {
  for (const targets of ["four", "random"]) {
    const task = await loadTask(name, { width: 16, height: 12, targets });
    const conditions = targets === "four" ? task.conditions.map((_, index) => index) : [undefined];
    for (const condition of conditions) {
      task.reset(0, 0, condition);
      const start = performance.now();
      task.expert();
      const seconds = ((performance.now() - start) / 1000).toFixed(1);
      const label = condition === undefined ? "anywhere" : task.conditions[condition];
      console.log(
        `| ${name} | ${label} | ${seconds} | ${text(solve(task, condition, 0))} | ${text(solve(task, condition, noise))} |`,
      );
    }
    task.delete();
  }
}
