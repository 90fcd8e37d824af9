import { expect, test } from "vitest";
import { updateSize, type VtraceRecipe } from "#src/train/vtrace/recipe.js";
import { vtraceWorlds } from "#src/train/vtrace/recipes.js";
import { worldRecipe } from "#src/train/world-recipe.js";

test("a world's recipe follows from the name, or the algorithm", () => {
  const of = (choice: object) => worldRecipe("red-fetch-green", choice).algorithm;
  expect(of({})).toBe("ppo");
  expect(of({ recipe: "sparse-fls" })).toBe("ppo");
  expect(of({ algorithm: "vtrace" })).toBe("vtrace");
  for (const recipe of ["vtrace", "query", "query-paper"]) expect(of({ recipe })).toBe("vtrace");
});

test("recipes and algorithms that a world does not have are refused", () => {
  const refused = (choice: object, world = "red-fetch-green") => expect(() => worldRecipe(world, choice));
  refused({ algorithm: "gps" }).toThrow('task red-fetch-green cannot be trained by "gps", expected ppo, vtrace');
  refused({ algorithm: "vtrace", recipe: "nature" }).toThrow("recipe nature is not for the algorithm vtrace");
  refused({ algorithm: "ppo", recipe: "query" }).toThrow("recipe query is for the algorithm vtrace, not ppo");
  refused({ algorithm: "vtrace" }, "highway").toThrow('task highway cannot be trained by "vtrace"');
  refused({ algorithm: "gps" }, "highway").toThrow("expected ppo");
  // Without an algorithm the recipes of both are known.
  refused({ recipe: "toString" }).toThrow(
    /^task red-fetch-green has no recipe "toString", expected ppo, nature, .*, vtrace, query, query-paper$/,
  );
  refused({ recipe: "query" }, "highway").toThrow(/^task highway has no recipe "query", expected ppo, (?!.*vtrace)/);
});

test("the recipe of the paper has its settings, and every recipe shares its worlds out evenly", () => {
  const paper = worldRecipe("breakout", { recipe: "query-paper" }) as VtraceRecipe;
  expect(paper.vtrace).toMatchObject({
    ...{ worlds: 32, unroll: 50, gamma: 0.99, rho: 1, trace: 1 },
    ...{ rate: 2e-4, decay: 0.99, epsilon: 0.01, entropy: 0.01, value: 0.5, gradientNorm: 1280 },
  });
  for (const world of vtraceWorlds)
    for (const name of ["vtrace", "query", "query-paper"]) {
      const recipe = worldRecipe(world, { recipe: name }) as VtraceRecipe;
      expect(recipe.vtrace.worlds % recipe.workers).toBe(0);
      expect(updateSize(recipe)).toBeGreaterThan(0);
    }
});
