import { expect, test } from "vitest";
import { nearShare } from "#src/evaluation/focus.js";
import { policyFigures } from "#src/evaluation/policy-figures.js";
import {
  anywherePolicy,
  attentionPolicies,
  largePolicy,
  levinePolicies,
  rewardPolicies,
  shippedPolicy,
} from "#src/package-files.js";
import { parseCard } from "#src/policy/card.js";
import { CARD_METADATA, loadPolicy } from "#src/policy/policy.js";
import type { Recipe } from "#src/sim/tasks/lesson.js";
import { taskNamed, taskNames } from "#src/sim/tasks/tasks.js";
import { armRecipe } from "#src/train/ppo/arm-recipes.js";
import { ppoRecipe } from "#src/train/ppo/recipes.js";

test("the shipped reacher uses its camera: it reaches the target and fails with a wrong image", async () => {
  const policy = await loadPolicy("models/reacher.onnx");
  const figures = await policyFigures(policy, "reacher", { episodes: 8 });
  expect(figures.four).toBeGreaterThanOrEqual(7);
  expect(figures.random).toBeGreaterThanOrEqual(7);
  expect(figures.image_frozen).toBeLessThanOrEqual(1);
  expect(figures.image_first).toBeGreaterThanOrEqual(6);
  expect(figures.focus).toBeGreaterThanOrEqual(0.35);
});

test.each([
  ["reacher", { four: 98, random: 93, image_first: 70, focus: 0.35 }, { image_frozen: 10 }],
  ["peg", { success: 97, torque_noise: 92 }, { image_frozen: 40, image_black: 40 }],
  ["door", { success: 90 }, { image_frozen: 40, image_black: 40 }],
  ["baxter", { four: 95, random: 95, focus: 0.35 }, { image_frozen: 5, image_black: 5 }],
])(
  "the shipped %s's record meets its requirements, and is the same in the card and in the model",
  async (name, least, most) => {
    const policy = await loadPolicy(`models/${name}.onnx`);
    const { card, graph } = policy;
    expect(policy.bytes.length).toBeLessThan(3e6);
    expect(parseCard(graph.metadata.get(CARD_METADATA)!, "metadata")).toEqual(card);
    const { task, figures, control } = card.training as Record<"figures" | "control", Record<string, number>> & {
      task: string;
    };
    expect(task).toBe(name);
    expect(figures.episodes).toBe(100);
    for (const [key, value] of Object.entries(least)) expect(figures[key], key).toBeGreaterThanOrEqual(value);
    for (const [key, value] of Object.entries(most)) expect(figures[key], key).toBeLessThanOrEqual(value);
    expect(Object.keys(control)).toEqual(Object.keys(figures));
  },
);

test.each([
  ["red-fetch-green", "success", 980, 50],
  ["breakout", "return", 100, 3],
  ["highway", "success", 185, 5],
] as const)(
  "the shipped policy of %s says in its record how it was trained, and needs its picture",
  async (name, figure, least, most) => {
    const { card, graph, bytes } = await loadPolicy(shippedPolicy(name));
    expect(bytes.length).toBeLessThan(2e6);
    expect(parseCard(graph.metadata.get(CARD_METADATA)!, "metadata")).toEqual(card);
    const { recipe, figures, ...rest } = card.training as { recipe: object; figures: Record<string, number> };
    expect(rest).toMatchObject({ task: name, recipe_name: "ppo", seed: 0 });
    expect(recipe).toEqual(JSON.parse(JSON.stringify(ppoRecipe(name, {}))));
    expect(figures[figure]).toBeGreaterThanOrEqual(least);
    const frozen = figure === "return" ? ["frozen_return", "first_return"] : ["frozen", "first"];
    for (const key of frozen) expect(figures[key], key).toBeLessThanOrEqual(most);
  },
);

test.each(taskNames.flatMap((task) => levinePolicies(task).map(({ seed, path }) => [task, seed, path] as const)))(
  "the %s trained as Levine et al. do with seed %s says so in its record, and does its task by what it sees",
  async (name, seed, path) => {
    const { card, graph, bytes } = await loadPolicy(path);
    expect(bytes.length).toBeLessThan(2e5);
    expect(parseCard(graph.metadata.get(CARD_METADATA)!, "metadata")).toEqual(card);
    const { recipe } = card.training as { recipe: Recipe };
    expect(card.training).toMatchObject({ task: name, recipe_name: "levine", seed });
    expect(recipe).toEqual(JSON.parse(JSON.stringify(taskNamed(name).lesson.recipes.levine)));
    const { figures } = card.training as { figures: Record<string, number> };
    const success = (figures.four ?? figures.success)! / figures.episodes!;
    // The door stops at one of its bases in every fifth episode.
    expect(success).toBeGreaterThanOrEqual(name === "door" ? 0.75 : 0.9);
    expect(figures.image_frozen! / figures.episodes!).toBeLessThanOrEqual(name === "door" ? 0.15 : 0.1);
  },
);

test("the large reacher says in its record how it was trained, and reaches by what it sees", async () => {
  const { card, graph, bytes } = await loadPolicy(largePolicy());
  expect(bytes.length).toBeLessThan(5e5);
  expect(parseCard(graph.metadata.get(CARD_METADATA)!, "metadata")).toEqual(card);
  const { recipe, figures } = card.training as { recipe: Recipe; figures: Record<string, number> };
  expect(card.training).toMatchObject({ task: "reacher", recipe_name: "large", seed: 0 });
  expect(recipe).toEqual(JSON.parse(JSON.stringify(taskNamed("reacher").lesson.recipes.large)));
  for (const key of ["four", "random"]) expect(figures[key]! / figures.episodes!).toBeGreaterThanOrEqual(0.95);
  expect(figures.image_frozen! / figures.episodes!).toBeLessThanOrEqual(0.05);
});

test.each(attentionPolicies().map((path) => [path.replace(/^.*\//, ""), path] as const))(
  "%s says in its record how it was trained, does its task by what it sees, and puts out its attention",
  async (_, path) => {
    const policy = await loadPolicy(path);
    const { card, graph, bytes, attention } = policy;
    expect(bytes.length).toBeLessThan(6e5);
    expect(parseCard(graph.metadata.get(CARD_METADATA)!, "metadata")).toEqual(card);
    const { task, recipe, recipe_name, figures } = card.training as {
      task: string;
      recipe: Recipe;
      recipe_name: string;
      figures: Record<string, number>;
    };
    expect(recipe).toEqual(JSON.parse(JSON.stringify(taskNamed(task).lesson.recipes[recipe_name])));
    expect(figures.episodes).toBe(100);
    // Nothing tells the queries where to look: they miss by a little more often.
    const isTold = recipe.spec.attention?.kind !== "query";
    expect(figures.four).toBeGreaterThanOrEqual(isTold ? 95 : 80);
    expect(figures.random).toBeGreaterThanOrEqual(isTold ? 90 : 75);
    expect(figures.image_frozen).toBeLessThanOrEqual(5);
    expect(attention.map(({ queries }) => queries.length)).toEqual([
      recipe.spec.attention?.kind === "query" ? recipe.spec.attention.queries : 1,
    ]);
    const runs = taskNamed(task).figureRuns.flatMap(({ focus: _, ...run }) =>
      run.key === "four" || run.key === "image_frozen" ? [run] : [],
    );
    const again = await policyFigures(policy, task, { episodes: 4, seed: 1, runs });
    expect(again.four).toBeGreaterThanOrEqual(isTold ? 3 : 2);
    expect(again.image_frozen).toBeLessThanOrEqual(1);
  },
);

test.each([
  ["peg", { success: 90, anywhere: 90 }],
  ["door", { success: 90, anywhere: 85 }],
])(
  "the %s trained for goals anywhere says so in its record, and does its task by what it sees",
  async (name, least) => {
    const { card, graph, bytes } = await loadPolicy(anywherePolicy(name));
    expect(bytes.length).toBeLessThan(2e5);
    expect(parseCard(graph.metadata.get(CARD_METADATA)!, "metadata")).toEqual(card);
    const { recipe, figures } = card.training as { recipe: Recipe; figures: Record<string, number> };
    expect(card.training).toMatchObject({ task: name, recipe_name: "anywhere", seed: 0 });
    expect(recipe).toEqual(JSON.parse(JSON.stringify(taskNamed(name).lesson.recipes.anywhere)));
    expect(figures.episodes).toBe(100);
    for (const [key, value] of Object.entries(least)) expect(figures[key], key).toBeGreaterThanOrEqual(value);
    for (const key of ["image_frozen", "image_first", "image_black"]) expect(figures[key], key).toBeLessThanOrEqual(5);
  },
);

test.each(taskNames.flatMap((task) => rewardPolicies(task).map(({ path }) => [task, path] as const)))(
  "the %s trained by reward says so in its record, and does its task by what it sees",
  async (name, path) => {
    const policy = await loadPolicy(path);
    const { card, graph, bytes } = policy;
    expect(bytes.length).toBeLessThan(2e5);
    expect(parseCard(graph.metadata.get(CARD_METADATA)!, "metadata")).toEqual(card);
    expect(card.training).toMatchObject({ task: name, recipe_name: "ppo" });
    expect((card.training as { recipe: object }).recipe).toEqual(JSON.parse(JSON.stringify(armRecipe(name, {}))));
    const figures = await policyFigures(policy, name, { episodes: 8 });
    expect(figures.four).toBeGreaterThanOrEqual(7);
    expect(figures.random).toBeGreaterThanOrEqual(6);
    expect(figures.image_frozen).toBeLessThanOrEqual(1);
  },
);

test.each(["peg", "door"])(
  "the shipped %s does its task in every condition, and fails with a wrong image",
  async (task) => {
    const policy = await loadPolicy(`models/${task}.onnx`);
    const runs = taskNamed(task).figureRuns.flatMap(({ focus: _, ...run }) =>
      run.key === "success" || run.key === "image_frozen" ? [run] : [],
    );
    const figures = await policyFigures(policy, task, { episodes: 4, seed: 1, runs });
    expect(figures.success).toBeGreaterThanOrEqual(3);
    expect(figures.image_frozen).toBeLessThanOrEqual(2);
  },
);

test("the shipped two-armed robot brings the block to its left hand anywhere, and fails with a wrong image", async () => {
  const policy = await loadPolicy("models/baxter.onnx");
  const runs = taskNamed("baxter").figureRuns.flatMap(({ focus: _, ...run }) =>
    run.key === "random" || run.key === "image_frozen" ? [run] : [],
  );
  const figures = await policyFigures(policy, "baxter", { episodes: 8, seed: 1, runs });
  expect(figures.random).toBeGreaterThanOrEqual(7);
  expect(figures.image_frozen).toBeLessThanOrEqual(1);
});

test("the share near points counts every pixel once, within an eighth of the image's height", () => {
  const data = new Float32Array(64 * 64).fill(1);
  const disc = (radius: number): number => {
    let pixels = 0;
    for (let y = 0; y < 64; y++)
      for (let x = 0; x < 64; x++) if (Math.hypot(x + 0.5 - 32, y + 0.5 - 32) <= radius) pixels++;
    return pixels;
  };
  const point = { x: 32, y: 32, depth: 1 };
  const heatmap = { width: 64, height: 64, data };
  expect(nearShare(heatmap, [point])).toBeCloseTo(disc(8) / 4096, 9);
  expect(nearShare(heatmap, [point, point])).toBeCloseTo(disc(8) / 4096, 9);
  data.fill(0);
  data[10 * 64 + 20] = 3;
  data[50 * 64 + 50] = 1;
  expect(nearShare(heatmap, [{ x: 21, y: 11, depth: 1 }])).toBeCloseTo(0.75, 9);
});
