// Learning by reward beside Stable-Baselines3: PYTHON=/path/to/python npm run bench:rl. See README.md beside this file.
import { spawn } from "node:child_process";
import { fileURLToPath } from "node:url";
import { parseArgs } from "node:util";
import { ppoRecipe } from "#src/train/ppo/recipes.js";
import { PpoTraining, rolloutSize } from "#src/train/ppo/training.js";

const WORLD = "red-fetch-green";

const { values } = parseArgs({
  options: {
    rounds: { type: "string", default: "3" },
    // Timed rollouts of a round, after one that is not timed.
    rollouts: { type: "string", default: "5" },
    threads: { type: "string", default: "2" },
    case: { type: "string" },
  },
});
const threads = Number(values.threads);
const rollouts = Number(values.rollouts);
const recipe = { ...ppoRecipe(WORLD, {}), workers: threads };
const steps = (rollouts + 1) * rolloutSize(recipe);

const CASES = {
  torquelens: () => child(process.execPath, [fileURLToPath(import.meta.url), "--case", "torquelens", ...same()]),
  "Stable-Baselines3, worlds in one process": () => peer("dummy"),
  "Stable-Baselines3, worlds in processes": () => peer("processes"),
};

if (values.case === undefined) await compare();
else console.log(JSON.stringify(await ours()));

/** Runs every case in a process of its own, in turn, so often; prints the best round of each. */
async function compare() {
  const names = Object.keys(CASES).slice(0, process.env.PYTHON ? undefined : 1);
  if (!process.env.PYTHON) console.error("PYTHON is not set: torquelens alone");
  const found = new Map(names.map((name) => [name, []]));
  for (let round = 0; round < Number(values.rounds); round++) {
    for (const name of names) found.get(name).push(await CASES[name]());
  }
  const parameters = new Set([...found.values()].flat().map((round) => round.parameters));
  if (parameters.size > 1)
    throw new Error(`networks of ${[...parameters].join(" and ")} parameters, expected the same`);
  const most = (rounds, key) => Math.max(...rounds.map((round) => round[key] ?? Number.NaN));
  const [own] = found.values();
  console.log(
    `environment steps a second, ${threads} threads, ${[...parameters]} parameters, best of ${values.rounds}`,
  );
  console.log(`${"".padEnd(42)}   wall           a second of processor time`);
  for (const [name, rounds] of found) {
    const columns = ["rate", "cpuRate"].map((key) => {
      const rate = most(rounds, key);
      const ratio = `${(most(own, key) / rate).toFixed(2)}×`;
      return Number.isNaN(rate) ? "–".padStart(6) : `${rate.toFixed(0).padStart(6)} ${ratio.padStart(7)}`;
    });
    console.log(`${name.padEnd(42)} ${columns.join("  ")}`);
  }
}

/** Our training, from the second rollout on. */
async function ours() {
  let first;
  let last;
  const progress = ({ done }) => {
    const { user, system } = process.cpuUsage();
    const now = { time: performance.now() / 1000, cpu: (user + system) / 1e6, done };
    first ??= now;
    last = now;
  };
  const short = { ...recipe, ppo: { ...recipe.ppo, totalSteps: steps } };
  const training = await PpoTraining.start({ seed: 0, world: WORLD, recipe: short, progress });
  await training.train();
  await training.close();
  const done = last.done - first.done;
  return {
    rate: done / (last.time - first.time),
    cpuRate: done / (last.cpu - first.cpu),
    parameters: training.layout.size,
  };
}

function peer(vector) {
  const { ppo, network } = recipe;
  const setup = { steps, threads, vector, ppo, network };
  const script = fileURLToPath(new URL("peer.py", import.meta.url));
  return child(process.env.PYTHON, [script, JSON.stringify(setup)], { OMP_NUM_THREADS: String(threads) });
}

function same() {
  return ["--rollouts", values.rollouts, "--threads", values.threads];
}

/** The JSON that a process prints last. */
function child(program, options, environment = {}) {
  const env = { ...process.env, CUDA_VISIBLE_DEVICES: "", ...environment };
  const running = spawn(program, options, { stdio: ["ignore", "pipe", "inherit"], env });
  let text = "";
  running.stdout.on("data", (data) => {
    text += data;
  });
  return new Promise((resolve, reject) => {
    running.once("error", reject);
    running.once("close", (code) => {
      if (code === 0) resolve(JSON.parse(text.trim().split("\n").at(-1)));
      else reject(new Error(`${program} ended with code ${code}`));
    });
  });
}
