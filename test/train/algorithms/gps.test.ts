import { expect, it } from "vitest";
import { GPS } from "#src/train/algorithms/gps.js";
import type { CollectStage } from "#src/train/team/stage.js";
import { SMALL_GPS } from "../small-recipe.js";

const isCollecting = (stage: { readonly kind: string }): stage is CollectStage => stage.kind === "collect";
/** Figures of a start: cost, error, success, improved, promise, bound, divergence. */
const start = (improved: boolean): number[] => [1, 1, 0, Number(improved), 0, 0.5, 0];

/** The first search of a training, each of whose starts gives these figures. */
function search(rows: readonly (readonly number[])[]) {
  const [, found] = GPS.schedule(SMALL_GPS, 5).stages.filter(isCollecting);
  const team = { spread: async () => rows };
  const watch = {
    seed: 0,
    team,
    iterations: [{ phase: "guided policy search 0/2" }],
    policy: () => new Uint8Array(),
    progress: () => {},
  };
  return found!.collect(watch as unknown as Parameters<CollectStage["collect"]>[0]);
}

it("ends with a line where no start has a controller within the bound, and goes on where one has", async () => {
  await expect(search([start(false), start(false), start(false)])).rejects.toThrow(
    "the policy is too unstable to be improved on: from no start is there a controller within the bound of it; " +
      "expected one that longer fits before the search (steps), or fewer iterations, keep stable",
  );
  const { figures } = await search([start(false), start(true), start(false)]);
  expect(figures).toMatchObject({ phase: "guided policy search 1/2" });
});
