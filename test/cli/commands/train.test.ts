import { spawn } from "node:child_process";
import { mkdtemp, readdir, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { afterAll, beforeAll, expect, test } from "vitest";
import { loadPolicy } from "#src/policy/policy.js";
import { listeningRecipe, toldWorlds } from "#src/train/listening/recipes.js";
import { type ListeningCheckpoint, ListeningTraining } from "#src/train/listening/training.js";
import { armRecipe } from "#src/train/ppo/arm-recipes.js";
import { ppoRecipe, trainedWorlds } from "#src/train/ppo/recipes.js";
import { type PpoCheckpoint, PpoTraining, rolloutsOf } from "#src/train/ppo/training.js";
import { withCamera, withTargets } from "#src/train/recipe.js";
import { RunFolder } from "#src/train/run-folder.js";
import { updatesOf } from "#src/train/vtrace/recipe.js";
import { vtraceRecipe } from "#src/train/vtrace/recipes.js";
import { type VtraceCheckpoint, VtraceTraining } from "#src/train/vtrace/training.js";
import { inOwnProcess, refusal, torquelens } from "../run.js";

const program = fileURLToPath(new URL("../../../bin/torquelens.js", import.meta.url));

let folder: string;
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), "torquelens-train-"));
});
afterAll(() => rm(folder, { recursive: true }));

test("bad usage is refused before any training, and nothing is written", async () => {
  const output = join(folder, "policy.onnx");
  const nowhere = join(folder, "none", "policy.onnx");
  const card = join(folder, "policy.yaml");
  const unwritable = `${nowhere}: cannot write it (no such directory), expected a writable file name`;
  expect(await torquelens("train", "--task", "cook", "-o", output)).toMatchObject(
    refusal(
      `no task named "cook"; expected reacher, peg, door, baxter, ${[...trainedWorlds, ...toldWorlds].join(", ")}`,
    ),
  );
  expect(await torquelens("train", "--task", "reacher", "-o", nowhere)).toMatchObject(refusal(unwritable));
  expect(await torquelens("train", "--task", "reacher", "-o", card)).toMatchObject(
    refusal(`${card}: expected a file name ending in .onnx`),
  );
  const other = join(folder, "policy.bin");
  expect(await torquelens("train", "--task", "reacher", "-o", other)).toMatchObject(
    refusal(`${other}: expected a file name ending in .onnx`),
  );
  expect(await torquelens("train", "--task", "reacher", "-o", output, "--run", output)).toMatchObject(
    refusal(`${output}: it is another output of this command, expected a file of its own`),
  );
  expect(await torquelens("train", "--task", "reacher", "--algorithm", "guess", "-o", output)).toMatchObject(
    refusal('task reacher cannot be trained by "guess", expected imitation, gps, ppo'),
  );
  const rewarded = ["--algorithm", "ppo", "-o", output];
  expect(await torquelens("train", "--task", "peg", ...rewarded)).toMatchObject(
    refusal('task peg cannot be trained by "ppo", expected imitation, gps'),
  );
  expect(await torquelens("train", "--task", "reacher", ...rewarded, "--device", "cpu")).toMatchObject(
    refusal("--device: is for imitation and guided policy search, ppo trains on the CPU"),
  );
  expect(await torquelens("train", "--task", "reacher", ...rewarded, "--recipe", "levine")).toMatchObject(
    refusal("recipe levine is not for the algorithm ppo"),
  );
  const world = ["train", "--task", "red-fetch-green", "-o", output];
  expect(await torquelens(...world, "--algorithm", "gps")).toMatchObject(
    refusal('task red-fetch-green cannot be trained by "gps", expected ppo, vtrace'),
  );
  expect(await torquelens(...world, "--algorithm", "ppo", "--recipe", "query")).toMatchObject(
    refusal("recipe query is for the algorithm vtrace, not ppo"),
  );
  expect(await torquelens(...world, "--recipe", "levine")).toMatchObject({
    code: 2,
    stderr: expect.stringMatching(
      /^torquelens: task red-fetch-green has no recipe "levine", expected ppo, nature, .*\n$/,
    ),
  });
  expect(await torquelens(...world, "--camera", "96x96")).toMatchObject(
    refusal("--camera: is for arms, and red-fetch-green has none"),
  );
  expect(await torquelens("train", "--task", "reacher", "--seed", "-1", "-o", output)).toMatchObject({ code: 2 });
  expect(await torquelens("train", "--task", "reacher", "--camera", "9x9000", "-o", output)).toMatchObject({ code: 2 });
  expect(await readdir(folder)).toEqual([]);
});

test("an interrupted training ends soon, leaves no policy, and another one does not overwrite it", async () => {
  const output = join(folder, "policy.onnx");
  const child = spawn(process.execPath, [program, "train", "--task", "reacher", "--device", "auto", "-o", output]);
  let stderr = "";
  child.stderr.setEncoding("utf8").on("data", (text: string) => {
    const isFirst = !stderr.includes("device auto");
    stderr += text;
    if (isFirst && stderr.includes("device auto")) child.kill("SIGINT");
  });
  const code = await new Promise((resolve) => child.once("close", resolve));
  expect(code).toBe(1);
  expect(stderr).toMatch(/^device auto: training the convolutions on (cpu|cuda)$/m);
  const run = join(folder, "policy.run");
  expect(stderr).toContain(
    `torquelens: interrupted; no policy was written; run the same command to continue from ${run}`,
  );
  expect(await readdir(folder)).toEqual(["policy.run"]);
  expect(await torquelens("train", "--task", "reacher", "--seed", "1", "-o", output)).toMatchObject(
    refusal(`${run}: holds a training with seed 0, not 1; expected an empty folder, or the same training`),
  );
});

test.each([
  ["fetch", "--no-control"],
  ["control", "--random-convolutions"],
] as const)(
  "a world's training that is complete is measured and written, with its record: %s",
  async (name, option) => {
    const output = join(folder, `${name}.onnx`);
    const run = join(folder, `${name}.run`);
    const recipe = { ...ppoRecipe("red-fetch-green", {}), vision: option !== "--random-convolutions" };
    const identity = { task: "red-fetch-green", seed: 0, recipe };
    const small = { ...recipe, ppo: { ...recipe.ppo, totalSteps: 1 } };
    let last: PpoCheckpoint | undefined;
    const keep = async (checkpoint: PpoCheckpoint): Promise<void> => {
      last = checkpoint;
    };
    const training = await PpoTraining.start({ seed: 0, world: "red-fetch-green", recipe: small, keep });
    await training.train();
    await training.close();
    const kept = await RunFolder.openFor<PpoCheckpoint, object>(run, identity, { of: () => [], svg: async () => "" });
    await kept.keep("policy", { ...last!, iteration: rolloutsOf(recipe) });

    const command = ["train", "--task", "red-fetch-green", option, "--figures", "1", "--json", "-o", output];
    const { code, stdout, stderr } = await inOwnProcess(...command);
    expect({ code, stderr }).toEqual({ code: 0, stderr: "policy: trained already\n" });
    const result = JSON.parse(stdout);
    expect(result).toMatchObject({ policy: output, run, figures: { episodes: 1 }, control: null });
    const policy = await loadPolicy(output);
    expect(policy.outputs.map(({ name }) => name)).toEqual(["left", "right", "forward", "pickup"]);
    expect(policy.card.training).toMatchObject({
      task: "red-fetch-green",
      recipe_name: "ppo",
      recipe,
      figures: result.figures,
    });
    expect(await readdir(run)).toEqual(["curves.json", "curves.svg", "policy.checkpoint", "result.json", "run.json"]);
  },
);

test("a training by V-trace that is complete gives a policy that remembers, which plays its world", async () => {
  const output = join(folder, "query.onnx");
  const run = join(folder, "query.run");
  const recipe = vtraceRecipe("red-fetch-green", "query");
  const identity = { task: "red-fetch-green", seed: 0, recipe };
  const small = { ...recipe, vtrace: { ...recipe.vtrace, totalSteps: 1, unroll: 2 } };
  let last: VtraceCheckpoint | undefined;
  const keep = async (checkpoint: VtraceCheckpoint): Promise<void> => {
    last = checkpoint;
  };
  const training = await VtraceTraining.start({ seed: 0, world: "red-fetch-green", recipe: small, keep });
  await training.train();
  await training.close();
  const kept = await RunFolder.openFor<VtraceCheckpoint, object>(run, identity, { of: () => [], svg: async () => "" });
  await kept.keep("policy", { ...last!, iteration: updatesOf(recipe) });

  const world = ["--task", "red-fetch-green"];
  const command = ["train", ...world, "--recipe", "query", "--no-control", "--figures", "1", "--json", "-o", output];
  const { code, stdout, stderr } = await torquelens(...command);
  expect({ code, stderr }).toEqual({ code: 0, stderr: "policy: trained already\n" });
  const { figures } = JSON.parse(stdout);
  const policy = await loadPolicy(output);
  expect(policy.card.training).toMatchObject({ recipe_name: "query", recipe: { algorithm: "vtrace" }, figures });
  expect(policy.attention).toMatchObject([{ tensor: "attention", modality: "image", queries: ["1", "2", "3", "4"] }]);
  const played = await torquelens("sim", ...world, "--policy", output, "--no-live", "--speed", "0", "--ticks", "3");
  expect(played).toMatchObject({ code: 0 });
  expect(played.stdout).toContain("sees image, previous_action, previous_reward, vision_hidden, vision_cell");
});

test("a training of a policy that is told what to do is measured and written", { timeout: 240_000 }, async () => {
  const output = join(folder, "told.onnx");
  const run = join(folder, "told.run");
  const recipe = listeningRecipe("et");
  const small = {
    ...recipe,
    seeing: { ...recipe.seeing, pictures: 2, steps: 1, batch: 1 },
    rounds: { ...recipe.rounds, count: 1, first: 1, steps: 1, judged: 1 },
    lengths: [8],
    rows: 8,
  };
  let last: ListeningCheckpoint | undefined;
  const keep = async (checkpoint: ListeningCheckpoint): Promise<void> => {
    last = checkpoint;
  };
  const training = await ListeningTraining.start({ seed: 0, world: "tabletop", recipe: small, keep });
  await training.train();
  await training.close();
  const identity = { task: "tabletop", seed: 0, recipe };
  const kept = await RunFolder.openFor<ListeningCheckpoint, object>(run, identity, {
    of: () => [],
    svg: async () => "",
  });
  await kept.keep("policy", { ...last!, round: recipe.rounds.count });

  const world = ["--task", "tabletop", "--recipe", "et"];
  const command = ["train", ...world, "--no-control", "--figures", "1", "--json", "-o", output];
  const { code, stdout, stderr } = await torquelens(...command);
  expect({ code, stderr }).toEqual({ code: 0, stderr: "policy: trained already\n" });
  const { figures } = JSON.parse(stdout);
  expect(Object.keys(figures)).toEqual(expect.arrayContaining(["success", "unseen", "no_language", "no_image"]));
  const policy = await loadPolicy(output);
  expect(policy.modalities.map(({ name }) => name)).toEqual([
    "image",
    "language",
    "previous_action",
    "past_frames",
    "past_actions",
  ]);
  expect(policy.card.training).toMatchObject({ recipe_name: "et", recipe: { algorithm: "imitation" }, figures });
  expect(await torquelens("train", "--task", "tabletop", "--algorithm", "ppo", "-o", output)).toMatchObject(
    refusal('task tabletop cannot be trained by "ppo", expected imitation'),
  );
  expect(await torquelens("train", "--task", "tabletop", "--recipe", "gps", "-o", output)).toMatchObject(
    refusal('no recipe "gps" of policies that listen, expected seq2seq, moca, et, hitut'),
  );
});

test("an arm's training by reward that is complete gives an ordinary policy of torques, with its record", async () => {
  const output = join(folder, "reward.onnx");
  const run = join(folder, "reward.run");
  const recipe = withCamera(withTargets(armRecipe("reacher", {}), "four"), 40, 32);
  const small = { ...recipe, ppo: { ...recipe.ppo, totalSteps: 1 } };
  let last: PpoCheckpoint | undefined;
  const keep = async (checkpoint: PpoCheckpoint): Promise<void> => {
    last = checkpoint;
  };
  const training = await PpoTraining.start({ seed: 0, world: "reacher", recipe: small, keep });
  await training.train();
  await training.close();
  const identity = { task: "reacher", seed: 0, recipe };
  const kept = await RunFolder.openFor<PpoCheckpoint, object>(run, identity, { of: () => [], svg: async () => "" });
  await kept.keep("policy", { ...last!, iteration: rolloutsOf(recipe) });

  const goals = ["--targets", "four", "--camera", "40x32"];
  const command = ["train", "--task", "reacher", "--algorithm", "ppo", ...goals, "--no-control", "--figures", "1"];
  const { code, stdout, stderr } = await torquelens(...command, "--json", "-o", output);
  expect({ code, stderr }).toEqual({ code: 0, stderr: "policy: trained already\n" });
  const { figures } = JSON.parse(stdout);
  expect(figures).toMatchObject({ episodes: 1, four: expect.any(Number), focus: expect.any(Number) });
  const policy = await loadPolicy(output);
  expect(policy.outputs.map(({ name, unit }) => [name, unit])).toEqual([
    ["shoulder", "N·m"],
    ["elbow", "N·m"],
  ]);
  expect(policy.modalities.map(({ name }) => name)).toEqual([
    "image",
    "joint_position",
    "joint_velocity",
    "end_effector_position",
    "end_effector_velocity",
  ]);
  expect(policy.card.training).toMatchObject({ task: "reacher", recipe_name: "ppo", figures });
});
