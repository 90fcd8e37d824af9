// Trains the sets of policies beside those of models/, and runs the experiment on the number of goals.
//   npm run train:models -- [worlds] [reward] [levine] [goals] [anywhere] [attention] [--task reacher] [--seeds 0,1,2]
// Sets: worlds (models/WORLD.onnx by reward, each with its control), reward (arms by reward, with their
// controls, models/ppo/TASK-0.onnx), levine (every task as Kim and Choi's were, models/levine/TASK-SEED.onnx), goals (the
// reacher with 4, 16, 64 and any number of goals, runs/goals/; their figures in models/levine/goals.json), anywhere
// (models/anywhere/),
// attention (models/attention/TASK-fls.onnx and TASK-query.onnx, with the curves of their trainings).
// Resumable: what is there is kept, and an interrupted training goes on from its run folder in runs/.
import { spawn } from "node:child_process";
import { existsSync } from "node:fs";
import { copyFile, mkdir, readFile, writeFile } from "node:fs/promises";
import { fileURLToPath } from "node:url";
import { parseArgs } from "node:util";
import { loadPolicy } from "#src/policy/policy.js";
import { goalRows } from "#src/reproduction/kim-choi/goals.js";
import { loadTask, taskNamed, taskNames } from "#src/sim/tasks/tasks.js";
import { rewardedTasks } from "#src/train/ppo/arm-recipes.js";
import { trainedWorlds } from "#src/train/ppo/recipes.js";
import { recipeFor, withTargets } from "#src/train/recipe.js";
import { RunFolder } from "#src/train/run-folder.js";
import { Training } from "#src/train/training.js";

const { values, positionals } = parseArgs({
  allowPositionals: true,
  options: {
    task: { type: "string", multiple: true, default: [...taskNames] },
    seeds: { type: "string", default: "0,1,2" },
    goals: { type: "string", default: "four,16,64,random" },
    figures: { type: "string", default: "100" },
  },
});
const SETS = { worlds, reward, levine, goals, anywhere, attention };
const sets = positionals.length > 0 ? positionals : Object.keys(SETS);
const unknown = sets.find((name) => !Object.hasOwn(SETS, name));
if (unknown !== undefined) throw new Error(`no set named "${unknown}", expected ${Object.keys(SETS).join(", ")}`);
const seeds = values.seeds.split(",").map(Number);
const program = fileURLToPath(new URL("../bin/torquelens.js", import.meta.url));
const GOALS = "models/levine/goals.json";
/** Episodes of a world's figures; games of Breakout and drives are long. */
const WORLD_EPISODES = { "red-fetch-green": 1000, breakout: 200, highway: 200 };
/** Episodes of a figure of the experiment. */
const EPISODES = 48;

for (const name of sets) await SETS[name]();

async function worlds() {
  for (const task of trainedWorlds) {
    const output = `models/${task}.onnx`;
    if (existsSync(output)) continue;
    const figures = String(WORLD_EPISODES[task]);
    await run("train", "--task", task, "--run", `runs/${task}.run`, "--figures", figures, "-o", output);
  }
}

async function reward() {
  for (const task of rewardedTasks) {
    const output = `models/ppo/${task}-0.onnx`;
    if (existsSync(output)) continue;
    await mkdir("models/ppo", { recursive: true });
    await run("train", "--task", task, "--algorithm", "ppo", "--run", `runs/${task}-ppo.run`, "-o", output);
  }
}

async function levine() {
  for (const seed of seeds)
    for (const task of values.task) await train({ task, recipe: "levine", seed, output: levineFile(task, seed) });
}

async function anywhere() {
  for (const task of values.task) {
    if (!Object.hasOwn(taskNamed(task).lesson.recipes, "anywhere")) continue;
    await train({ task, recipe: "anywhere", seed: 0, output: `models/anywhere/${task}.onnx` });
  }
}

async function attention() {
  for (const [recipe, kind] of [
    ["fls", "fls"],
    ["attention", "query"],
  ])
    for (const task of values.task) {
      if (!Object.hasOwn(taskNamed(task).lesson.recipes, recipe)) continue;
      const name = `${task}-${kind}`;
      await train({ task, recipe, seed: 0, output: `models/attention/${name}.onnx` });
      await copyFile(`runs/${name}.run/curves.json`, `models/attention/${name}.curves.json`);
    }
}

async function goals() {
  for (const seed of seeds) {
    for (const kind of values.goals.split(",")) {
      const targets = Number.isNaN(Number(kind)) ? kind : Number(kind);
      const output = `runs/goals/reacher-${kind}-${seed}.onnx`;
      await train({ task: "reacher", recipe: "goals", seed, output, targets });
      await measureGoals(output, targets, seed);
    }
  }
}

/** Trains by the command line, once; the pose warm-up, which the goals do not touch, once a task and seed. */
async function train({ task, recipe: name, seed, output, targets }) {
  if (existsSync(output)) return;
  const usual = recipeFor(task, taskNamed(task).lesson, { recipe: name });
  const recipe = targets === undefined ? usual : withTargets(usual, targets);
  const path = `runs/${output.replace(/^.*\//, "").replace(".onnx", "")}.run`;
  await mkdir(output.replace(/[^/]*$/, ""), { recursive: true });
  const folder = await RunFolder.open(path, { task, seed, recipe });
  if ((await folder.checkpoint("policy")) === undefined) await folder.keep("policy", await warmUp(task, name, seed));
  const options = ["--task", task, "--recipe", name, "--seed", String(seed), "--no-control", "--run", path];
  if (targets !== undefined) options.push("--targets", String(targets));
  await run("train", ...options, "--figures", values.figures, "-o", output);
}

async function warmUp(task, name, seed) {
  const recipe = recipeFor(task, taskNamed(task).lesson, { recipe: name });
  const folder = await RunFolder.open(`runs/warm-up-${name}-${task}-${seed}.run`, { task, seed, recipe });
  const before = await folder.checkpoint("policy");
  if (before?.stage === 1) return before;
  const ending = new AbortController();
  let warm;
  const keep = async (checkpoint) => {
    if (checkpoint.stage > 1) return;
    await folder.keep("policy", checkpoint);
    if (checkpoint.stage < 1) return;
    warm = checkpoint;
    ending.abort();
  };
  const { width, height } = recipe.spec;
  const loaded = await loadTask(task, { width, height });
  const training = await Training.start({ seed, recipe, task: loaded, keep, resume: before, signal: ending.signal });
  await training.train().catch((error) => {
    if (!ending.signal.aborted) throw error;
  });
  await training.close();
  return warm;
}

async function measureGoals(file, targets, seed) {
  const content = existsSync(GOALS) ? JSON.parse(await readFile(GOALS, "utf8")) : undefined;
  const before = content?.rows ?? [];
  if (before.some((row) => row.goals === targets && row.seed === seed)) return;
  const policy = await loadPolicy(file);
  const { width, height } = policy.modalities.find(({ kind }) => kind === "image");
  const task = await loadTask("reacher", { width, height, targets, starts: "near" });
  const rows = [...before, ...(await goalRows(policy, task, { goals: targets, seed, episodes: EPISODES }))];
  const lines = rows.map((row) => `    ${JSON.stringify(row)}`);
  await mkdir("models/levine", { recursive: true });
  await writeFile(
    GOALS,
    `{\n  "command": "npm run train:models -- goals",\n  "rows": [\n${lines.join(",\n")}\n  ]\n}\n`,
  );
}

function run(...options) {
  const child = spawn(process.execPath, [program, ...options], { stdio: ["ignore", "inherit", "inherit"] });
  return new Promise((resolve, reject) => {
    child.once("close", (code) =>
      code === 0 ? resolve() : reject(new Error(`torquelens ${options.join(" ")} failed`)),
    );
  });
}

function levineFile(task, seed) {
  return `models/levine/${task}-${seed}.onnx`;
}
