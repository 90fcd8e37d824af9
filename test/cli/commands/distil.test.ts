import { spawn } from "node:child_process";
import { cp, mkdtemp, readdir, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { afterAll, beforeAll, expect, test } from "vitest";
import { levinePolicies } from "#src/package-files.js";
import { loadPolicy } from "#src/policy/policy.js";
import { encodePng } from "../../image/png.js";
import { inOwnProcess, refusal, torquelens } from "../run.js";

const TEACHER = levinePolicies("reacher")[0]!.path;
const QUICK = ["--steps", "4", "--maps", "3", "--states", "6", "--figures", "1"];

let folder: string;
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), "torquelens-distil-"));
});
afterAll(() => rm(folder, { recursive: true }));

const distil = (...argv: string[]) => torquelens("distil", ...argv);

test("bad usage is refused before any training, and nothing is written", async () => {
  const output = join(folder, "new.onnx");
  const asked = (...more: string[]) => distil(TEACHER, "--task", "reacher", "-o", output, ...more);
  expect(await distil(TEACHER, "--task", "cook", "-o", output)).toMatchObject(
    refusal(
      'no task or world named "cook"; expected reacher, peg, door, baxter, red-fetch-green, breakout, highway, tabletop, tabletop-unseen',
    ),
  );
  expect(await distil(TEACHER, "--task", "peg", "-o", output)).toMatchObject({
    code: 2,
    stderr: expect.stringMatching(
      /^torquelens: .*reacher-0\.onnx: the policy commands shoulder, elbow; task peg has .*\n$/,
    ),
  });
  expect(await asked("--recipe", "soup")).toMatchObject(
    refusal('no distillation recipe "soup"; expected arm, red-fetch-green, red-fetch-green-paper, breakout, highway'),
  );
  expect(await asked("--saliency", "guess")).toMatchObject({
    code: 2,
    stderr: expect.stringMatching(
      /^torquelens: --saliency guess: method guess is unknown; known are dtd, .*; or segmentation, or an image file\n$/,
    ),
  });
  expect(await asked("--saliency", "dtd:soft-argmax=soup")).toMatchObject({ code: 2 });
  const small = join(folder, "small.png");
  await writeFile(small, encodePng(8, 8, 8, Array<number>(8 * 8 * 3).fill(255)));
  const black = join(folder, "black.png");
  await writeFile(black, encodePng(64, 64, 8, Array<number>(64 * 64 * 3).fill(0)));
  expect(await asked("--saliency", small)).toMatchObject({ code: 2, stderr: expect.stringContaining("8×8") });
  expect(await asked("--saliency", black)).toMatchObject(
    refusal(`--saliency ${black}: all black, expected a picture that is bright where the gradient may be`),
  );
  expect(await distil(join(folder, "none.onnx"), "--task", "reacher", "-o", output)).toMatchObject({ code: 2 });
  expect(await distil(TEACHER, "--task", "reacher", "-o", join(folder, "new.yaml"))).toMatchObject(
    refusal(`${join(folder, "new.yaml")}: expected a file name ending in .onnx`),
  );
  expect((await readdir(folder)).sort()).toEqual(["black.png", "small.png"]);
});

test("a teacher is never overwritten by its student", async () => {
  const own = join(folder, "own.onnx");
  await cp(TEACHER, own);
  await cp(TEACHER.replace(".onnx", ".yaml"), own.replace(".onnx", ".yaml"));
  const run = await distil(own, "--task", "reacher", "-o", own, ...QUICK);
  expect(run).toMatchObject(refusal(`${own}: it is an input of this command, expected a file of its own`));
  expect(await readFile(own)).toEqual(await readFile(TEACHER));
});

test("a student is a policy with its record in the card and the metadata, which gradient explains", async () => {
  const output = join(folder, "student.onnx");
  const mask = join(folder, "mask.png");
  const bright = Array.from({ length: 64 * 64 * 3 }, (_, i) => (i % 6 < 3 ? 200 : 0));
  await writeFile(mask, encodePng(64, 64, 8, bright));
  const argv = [TEACHER, "--task", "reacher", "-o", output, "--saliency", mask, "--seed", "7", ...QUICK];
  const run = await inOwnProcess("distil", ...argv, "--json");
  expect(run).toMatchObject({ code: 0 });
  const { figures, teacher: measured } = JSON.parse(run.stdout) as Record<string, Record<string, number>>;
  const [teacher, student] = [await loadPolicy(TEACHER), await loadPolicy(output)];
  const { training, ...card } = student.card;
  expect(training).toMatchObject({
    task: "reacher",
    distilled_from: teacher.sha256,
    recipe_name: "arm",
    seed: 7,
    recipe: { steps: 4, maps: 3, buffer: 6, saliency: mask, regularised: true },
    saliency_sha256: expect.stringMatching(/^[0-9a-f]{64}$/),
    figures,
    teacher: measured,
  });
  const { training: _, ...own } = teacher.card;
  expect({ ...card, arm: undefined }).toEqual({ ...own, arm: undefined });
  expect(student.armFile).toBe(teacher.armFile);
  expect(student.graph.metadata.get("torquelens.card")).toBe(await readFile(join(folder, "student.yaml"), "utf8"));
  expect((await readdir(join(folder, "student.run"))).sort()).toEqual([
    "curves.json",
    "curves.svg",
    "result.json",
    "run.json",
    "states.checkpoint",
    "student.checkpoint",
  ]);
  const sim = await torquelens("sim", "--task", "reacher", "--policy", output, "--method", "gradient", "--ticks", "3");
  expect(sim.code).toBe(0);
  // Another recipe in the same folder is another training.
  expect(await distil(...argv.slice(0, -2), "--figures", "1", "--distilled-only")).toMatchObject({
    code: 2,
    stderr: expect.stringContaining("holds a training with recipe.regularised true, not false"),
  });
});

test("an interrupted distillation leaves no policy, and says how to go on", async () => {
  const output = join(folder, "broken.onnx");
  const program = fileURLToPath(new URL("../../../bin/torquelens.js", import.meta.url));
  const argv = [TEACHER, "--task", "reacher", "-o", output, "--saliency", "segmentation", ...QUICK];
  const child = spawn(process.execPath, [program, "distil", ...argv, "--steps", "100000"]);
  let stderr = "";
  child.stderr.setEncoding("utf8").on("data", (text: string) => {
    stderr += text;
  });
  const states = join(folder, "broken.run");
  const isThere = async () => (await readdir(states).catch((): string[] => [])).includes("states.checkpoint");
  while (child.exitCode === null && !(await isThere())) await new Promise((resolve) => setTimeout(resolve, 50));
  child.kill("SIGINT");
  const code = await new Promise((resolve) => child.once("close", resolve));
  expect(code).toBe(1);
  expect(stderr).toContain(`interrupted; no policy was written; run the same command to continue from ${states}`);
  expect(await readdir(folder)).not.toContain("broken.onnx");
});
