// Steps a second of batches of worlds with their pictures, by random actions, in one thread.
//   [PYTHON=/path/to/python] npm run bench:worlds -- [--count 16] [--seconds 3]
// With a Python that has minigrid, its Fetch is measured too.
import { execFileSync } from "node:child_process";
import { parseArgs } from "node:util";
import { random } from "#src/sim/random.js";
import { WorldBatch } from "#src/sim/worlds/batch.js";
import { worldNamed, worldNames } from "#src/sim/worlds/worlds.js";

const { values } = parseArgs({
  options: { count: { type: "string", default: "16" }, seconds: { type: "string", default: "3" } },
});
const count = Number(values.count);

/** Random actions for a batch, a few hundred rounds of them. */
function randomActions({ actions }) {
  const numbers = random(1);
  const one = () =>
    actions.kind === "discrete"
      ? [numbers.integer(actions.names.length)]
      : actions.names.map((_, i) => numbers.between(actions.low[i], actions.high[i]));
  return Array.from({ length: 499 }, () => Float64Array.from(Array.from({ length: count }, one).flat()));
}

function print(name, steps, wall, cpu) {
  const a = (seconds) => Math.round(steps / seconds).toLocaleString("en");
  console.log(`${name.padEnd(18)} ${a(wall).padStart(10)} steps/s, ${a(cpu).padStart(10)} a second of processor time`);
}

console.log(`${count} worlds, with pictures:`);
for (const name of worldNames) {
  const batch = await WorldBatch.load(worldNamed(name), { count, seed: 0 });
  const actions = randomActions(batch.facts);
  const run = (seconds) => {
    const [wall, cpu] = [performance.now(), process.cpuUsage()];
    let steps = 0;
    for (; performance.now() - wall < 1000 * seconds; steps++) batch.step(actions[steps % actions.length]);
    const { user, system } = process.cpuUsage(cpu);
    return [steps * count, (performance.now() - wall) / 1000, (user + system) / 1e6];
  };
  run(Number(values.seconds) / 3);
  print(name, ...run(Number(values.seconds)));
}
if (process.env.PYTHON) {
  const script = new URL("peers/fetch.py", import.meta.url).pathname;
  print("minigrid's Fetch", ...JSON.parse(execFileSync(process.env.PYTHON, [script], { encoding: "utf8" })));
}
