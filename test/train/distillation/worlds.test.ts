import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, expect, test } from "vitest";
import { worldFocus } from "#src/evaluation/world-focus.js";
import { loadPolicy } from "#src/policy/policy.js";
import { SimulatedWorld } from "#src/sim/simulated-world.js";
import { worldNamed, worldNames } from "#src/sim/worlds/worlds.js";
import type { Teaching } from "#src/train/distillation/collect.js";
import { Distillation } from "#src/train/distillation/distillation.js";
import { worldPlay } from "#src/train/distillation/play.js";
import { distillationNamed, usualRecipe } from "#src/train/distillation/recipe.js";
import { torquelens } from "../../cli/run.js";
import { writeWorldPolicy } from "./world-policy.js";

let folder: string;
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), "torquelens-worlds-"));
});
afterAll(() => rm(folder, { recursive: true }));

const TEACHINGS: Readonly<Record<string, Teaching>> = {
  "red-fetch-green": { kind: "method", method: "perturbation:radius=4,stride=16" },
  breakout: { kind: "segmentation" },
  highway: { kind: "method", method: "gradient" },
};

test.each(Object.keys(TEACHINGS))(
  "a policy of %s is distilled by its recipe: logits, windows of pictures, numbers",
  async (world) => {
    const teacher = await loadPolicy(await writeWorldPolicy(folder, world));
    const usual = distillationNamed(usualRecipe(world));
    const small = { maps: 8, buffer: 60, steps: 90, rounds: 2, batch: 4, statesOfEpisode: 60 };
    const distillation = await Distillation.start({
      teacher,
      recipe: { ...usual, ...small, rate: 3e-3, alpha: 1 },
      teaching: TEACHINGS[world]!,
      seed: 2,
      play: worldPlay(worldNamed(world)),
    });
    try {
      await distillation.train();
      const { curves } = distillation.history;
      const points = curves.flatMap((curve) => curve.points);
      // A student that starts as its teacher has no distance to lose: it lowers what is penalised.
      const scalar = usual.start === "teacher" ? 2 : 3;
      const mean = (from: number, to: number) =>
        points.slice(from, to).reduce((sum, point) => sum + point[scalar]!, 0) / (to - from);
      expect(points).toHaveLength(90);
      expect(mean(80, 90)).toBeLessThan(0.7 * mean(0, 10));
      for (const point of points) expect(point[2]).toBeGreaterThan(0);
    } finally {
      await distillation.close();
    }
  },
);

test.each(worldNames)("what decides in %s is marked, and is a part of the picture", async (name) => {
  const world = await SimulatedWorld.load(worldNamed(name));
  const { classes, salient } = worldNamed(name).facts;
  for (const one of salient) expect(classes).toContain(one);
  world.reset(3, 1);
  const marks = world.salient();
  world.segmentation().forEach((label, pixel) => {
    if (marks[pixel] !== Number(salient.includes(classes[label]!))) throw new Error(`pixel ${pixel}`);
  });
  const share = marks.reduce((sum, mark) => sum + mark, 0) / marks.length;
  expect(share).toBeGreaterThan(0);
  expect(share).toBeLessThan(0.5);
});

test("figures of a policy in a world: what it did, and where its gradient lies", async () => {
  const policy = await loadPolicy(await writeWorldPolicy(folder, "red-fetch-green"));
  const options = { episodes: 2, seed: 1, method: "gradient" };
  const figures = await worldFocus(policy, "red-fetch-green", options);
  expect(figures).toMatchObject({ episodes: 2, seed: 1 });
  expect(figures.success).toBeLessThanOrEqual(2);
  expect(figures.focus).toBeGreaterThan(0);
  expect(figures.focus).toBeLessThan(1);
  expect(await worldFocus(policy, "red-fetch-green", options)).toEqual(figures);
});

test("distil of a world writes a policy of the same actions, and refuses a teacher of another world", async () => {
  const teacher = await writeWorldPolicy(folder, "red-fetch-green");
  const output = join(folder, "student.onnx");
  const quick = ["--steps", "3", "--maps", "2", "--states", "4", "--figures", "1", "--saliency", "segmentation"];
  const run = await torquelens("distil", teacher, "--task", "red-fetch-green", "-o", output, ...quick, "--json");
  expect(run).toMatchObject({ code: 0 });
  const [before, student] = [await loadPolicy(teacher), await loadPolicy(output)];
  expect(student.card.actions).toEqual(before.card.actions);
  expect(student.card.training).toMatchObject({
    task: "red-fetch-green",
    recipe_name: "red-fetch-green",
    recipe: { threshold: 0.1, yardstick: "sum", alpha: 30, start: "teacher", saliency: "segmentation" },
  });
  expect(await torquelens("distil", teacher, "--task", "breakout", "-o", output, ...quick)).toMatchObject({
    code: 2,
    stderr: expect.stringMatching(/the image is 64×64; that of world breakout is 84×84\n$/),
  });
  expect(await torquelens("distil", teacher, "--task", "reacher", "-o", output, ...quick)).toMatchObject({ code: 2 });
});
