// Learning by reward beside Stable-Baselines3, and V-trace learners beside one as TorchBeast's:
// PYTHON=/path/to/python npm run bench:rl. See README.md beside this file.
import { spawn } from "node:child_process";
import { fileURLToPath } from "node:url";
import { parseArgs } from "node:util";
import { ppoRecipe } from "#src/train/ppo/recipes.js";
import { PpoTraining, rolloutSize } from "#src/train/ppo/training.js";
import { learnerSetup, ourLearner } from "./learner.js";

const WORLD = "red-fetch-green";

const { values } = parseArgs({
  options: {
    rounds: { type: "string", default: "3" },
    // Timed rollouts of a round, after one that is not timed.
    rollouts: { type: "string", default: "5" },
    threads: { type: "string", default: "2" },
    // Timed updates of a learner, after two that are not timed.
    updates: { type: "string", default: "20" },
    // training, learner or both.
    what: { type: "string", default: "both" },
    case: { type: "string" },
  },
});
const threads = Number(values.threads);
const rollouts = Number(values.rollouts);
const recipe = { ...ppoRecipe(WORLD, {}), workers: threads };
const steps = (rollouts + 1) * rolloutSize(recipe);

/** Recipes whose learners are compared. */
const LEARNERS = ["vtrace", "query"];

/** Cases to compare, ours first, by what is measured. */
const GROUPS = {
  training: {
    title: "environment steps a second of a training",
    torquelens: () => own("torquelens"),
    "Stable-Baselines3, worlds in one process": () => peer("dummy"),
    "Stable-Baselines3, worlds in processes": () => peer("processes"),
  },
  ...Object.fromEntries(
    LEARNERS.map((name) => [
      `learner ${name}`,
      {
        title: `steps a second of a V-trace learner, recipe ${name}`,
        torquelens: () => own(name),
        "as TorchBeast's": () => peerLearner(name, "joint"),
        ...(name === "query" && { "as TorchBeast's, eight convolutions a step": () => peerLearner(name, "apart") }),
      },
    ]),
  ),
};

if (values.case === undefined) {
  for (const [group, { title, ...cases }] of Object.entries(GROUPS))
    if (values.what === "both" || group.startsWith(values.what)) await compare(title, cases);
} else if (values.case === "torquelens") console.log(JSON.stringify(await ours()));
else console.log(JSON.stringify(await ourLearner(WORLD, values.case, Number(values.updates), threads)));

/** Runs every case in a process of its own, in turn, so often; prints the best round of each. */
async function compare(title, cases) {
  const names = Object.keys(cases).slice(0, process.env.PYTHON ? undefined : 1);
  if (!process.env.PYTHON) console.error("PYTHON is not set: torquelens alone");
  const found = new Map(names.map((name) => [name, []]));
  for (let round = 0; round < Number(values.rounds); round++) {
    for (const name of names) found.get(name).push(await cases[name]());
  }
  const parameters = new Set([...found.values()].flat().map((round) => round.parameters));
  if (parameters.size > 1)
    throw new Error(`networks of ${[...parameters].join(" and ")} parameters, expected the same`);
  const most = (rounds, key) => Math.max(...rounds.map((round) => round[key] ?? Number.NaN));
  const [first] = found.values();
  console.log(`${title}, ${threads} threads, ${[...parameters]} parameters, best of ${values.rounds}`);
  console.log(`${"".padEnd(42)}   wall           a second of processor time`);
  for (const [name, rounds] of found) {
    const columns = ["rate", "cpuRate"].map((key) => {
      const rate = most(rounds, key);
      const ratio = `${(most(first, key) / rate).toFixed(2)}×`;
      return Number.isNaN(rate) ? "–".padStart(6) : `${rate.toFixed(0).padStart(6)} ${ratio.padStart(7)}`;
    });
    console.log(`${name.padEnd(42)} ${columns.join("  ")}`);
  }
}

function own(name) {
  return child(process.execPath, [fileURLToPath(import.meta.url), "--case", name, ...same()]);
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

function peerLearner(name, gates) {
  const setup = { ...learnerSetup(WORLD, name, Number(values.updates), threads), gates };
  const script = fileURLToPath(new URL("vtrace_peer.py", import.meta.url));
  return child(process.env.PYTHON, [script, JSON.stringify(setup)]);
}

function same() {
  return ["--rollouts", values.rollouts, "--updates", values.updates, "--threads", values.threads];
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
