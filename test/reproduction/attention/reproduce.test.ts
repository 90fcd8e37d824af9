import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { spearman } from "#src/analysis/similarity.js";
import { prepared } from "#src/cli/commands/reproduction/attention.js";
import { InputError } from "#src/errors.js";
import { ATTENTION, RANDOM } from "#src/evaluation/saliency/map-maker.js";
import { scanpathSaliency } from "#src/evaluation/saliency/measures.js";
import { Explainer } from "#src/explain/explainer.js";
import { loadPolicy } from "#src/policy/policy.js";
import { learningCurve } from "#src/reproduction/attention/learning-curve.js";
import { type MapsFound, mapsOf } from "#src/reproduction/attention/maps.js";
import { momentsOf } from "#src/reproduction/attention/moments.js";
import { LOVERING, NIKULIN } from "#src/reproduction/attention/papers.js";
import { sceneOf } from "#src/reproduction/attention/scene.js";
import { SimulatedSource } from "#src/sim/source.js";
import { loadTask } from "#src/sim/tasks/tasks.js";
import { ARM_ATTENTION, armPolicy, writePolicy } from "../../train/arm-policy.js";
import { queryPolicyFile } from "../../train/vtrace/query-policy.js";

let folder: string;
let files: string[];
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), "torquelens-attention-"));
  files = await Promise.all(
    (["fls", "query"] as const).map(async (kind) =>
      writePolicy(join(folder, `reacher-${kind}`), await armPolicy(ARM_ATTENTION[kind])),
    ),
  );
});
afterAll(() => rm(folder, { recursive: true }));

const OPTIONS = { seed: 2, episodes: 2, stride: 20 };

describe("maps of an arm's moments", () => {
  it("are measured as the pipeline that explains sees them", async () => {
    const policy = await loadPolicy(files[1]!);
    const moments = await momentsOf(policy, "reacher", OPTIONS);
    expect(moments.map(({ episode }) => episode)).toEqual([0, 0, 1, 1]);
    const found = (await mapsOf(policy, "gradient-x-input", moments, 0)) as MapsFound;
    const explainer = await Explainer.create(policy, { method: "gradient-x-input", worker: false, threads: 1 });
    const task = await loadTask("reacher", { width: 32, height: 32 });
    const source = new SimulatedSource({ task, seed: 2, episodes: 2, speed: 0 });
    const correlations: number[][] = [[], []];
    const saliencies: number[][] = [[], []];
    for await (const observation of source.observations()) {
      const explanation = await explainer.explain(observation);
      const { episode, tick } = observation.simulation!;
      if (tick === 10 || tick === 30) {
        const queries = explanation.attention.image!;
        expect(queries).toHaveLength(3);
        const sum = queries[0]!.data.map((_, i) => queries.reduce((all, { data }) => all + data[i]!, 0));
        const sizes = explanation.heatmaps.image!.data.map(Math.abs);
        correlations[episode]!.push(spearman(sizes, sum));
        // The tip and the target are seen: the fixations are around them.
        const { segmentation } = task.sight();
        const points = Object.values(task.imagePoints());
        const fixations = segmentation.map((label, pixel) => {
          const far = points.every(
            ({ x, y }) => (x - (pixel % 32) - 0.5) ** 2 + (y - Math.floor(pixel / 32) - 0.5) ** 2 > 16,
          );
          return label === 2 || (label === 1 && !far) ? 1 : 0;
        });
        saliencies[episode]!.push(scanpathSaliency(sizes, fixations));
      }
      source.accept(explanation);
    }
    await explainer.close();
    await source.close();
    for (const episode of [0, 1]) {
      const middle = (values: readonly number[]) => (values[0]! + values[1]!) / 2;
      expect(found.correlation[episode]).toBeCloseTo(middle(correlations[episode]!), 3);
      expect(found.measures.nss[episode]).toBeCloseTo(middle(saliencies[episode]!), 3);
    }
  });

  it("are those of attention, and random ones, beside those of methods", async () => {
    const policy = await loadPolicy(files[0]!);
    const moments = await momentsOf(policy, "reacher", OPTIONS);
    const own = (await mapsOf(policy, ATTENTION, moments, 0)) as MapsFound;
    for (const correlation of own.correlation) expect(correlation).toBeCloseTo(1, 12);
    const random = (await mapsOf(policy, RANDOM, moments, 0)) as MapsFound;
    for (const correlation of random.correlation) expect(Math.abs(correlation)).toBeLessThan(0.15);
    expect(await mapsOf(policy, "sarfa", moments, 0)).toMatchObject({ refused: expect.stringContaining("action") });
    const plain = await armPolicy(undefined);
    const without = await momentsOf(plain, "reacher", OPTIONS);
    expect(await mapsOf(plain, ATTENTION, without, 0)).toEqual({
      kind: ATTENTION,
      refused: "the policy has no attention",
    });
    expect(((await mapsOf(plain, "dtd", without, 0)) as MapsFound).correlation).toEqual([]);
  });
});

it("knows what decides in a world", async () => {
  const { policy } = queryPolicyFile();
  const { simulated, fixations } = await sceneOf(policy, "red-fetch-green");
  simulated.reset(1, 1);
  const count = fixations().reduce((sum, x) => sum + x, 0);
  expect(count).toBeGreaterThan(0);
  expect(count).toBeLessThan(64 * 64);
  const moments = await momentsOf(policy, "red-fetch-green", { seed: 1, episodes: 1, stride: 3 });
  const [first, second] = moments.map(({ feeds }) => feeds.core_hidden!.data as Float32Array);
  expect(first).not.toEqual(second);
});

describe("a whole reproduction", () => {
  const EXTENT = { played: 2, mapped: 2, stride: 25 };
  const asked = { task: [], seed: 1 };

  it("asks whether attention is an explanation", async () => {
    const maps = [ATTENTION, RANDOM, "sarfa"];
    const { work, run } = await prepared({ ...LOVERING, maps }, asked, EXTENT, files.slice(1));
    let last = 0;
    const {
      page,
      files: written,
      json,
      summary,
    } = await run({
      watch: (done) => {
        last = done;
      },
    });
    expect(last).toBe(work);
    // A policy of random weights achieves nothing that it could lose.
    expect(summary).toEqual([expect.stringMatching(/^reacher-query: \d of 1 statements hold\.$/)]);
    expect([...written.keys()]).toEqual(
      expect.arrayContaining(["deletion-reacher-query.svg", "maps.csv", "claims.csv"]),
    );
    const tables = json as Record<string, Record<string, unknown>[]>;
    expect(tables.policies).toHaveLength(4);
    expect(tables.maps!.filter(({ refused }) => refused)).toHaveLength(1);
    for (const words of ["Is attention an explanation?", "another tick’s", "random", "Which statements hold"])
      expect(page).toContain(words);
    expect(page).not.toMatch(/NaN|undefined/);
  });

  it("compares attention with what matters, and the policy with the one without", async () => {
    const { run } = await prepared({ ...NIKULIN, maps: [ATTENTION, RANDOM] }, asked, EXTENT, files.slice(0, 1));
    const { page, json } = await run({});
    const tables = json as Record<string, Record<string, unknown>[]>;
    expect(tables.policies!.map(({ policy, attention }) => [policy, attention])).toEqual([
      ["reacher-fls", "fls"],
      ["reacher", "none"],
    ]);
    expect(tables.policies![1]!.successes).toBe(2);
    expect(tables.maps!.map(({ policy, maps }) => [policy, maps])).toEqual([
      ["reacher-fls", ATTENTION],
      ["reacher-fls", RANDOM],
      ["reacher", RANDOM],
    ]);
    expect(page).toContain("shuffled AUC");
  });

  it("refuses a task without such a policy, and students", async () => {
    await expect(prepared(LOVERING, { ...asked, task: ["peg"] }, EXTENT, files)).rejects.toThrow(
      new InputError('no policy with attention is shipped for "peg"; expected reacher'),
    );
    await expect(prepared(NIKULIN, { ...asked, students: "x" }, EXTENT, files)).rejects.toThrow(
      new InputError("--students: is for xing; nikulin has no distilled policies"),
    );
  });
});

it("reads the curves of a training beside the policy", async () => {
  const path = join(folder, "any.onnx");
  expect(await learningCurve(path)).toBeUndefined();
  const curves = join(folder, "any.curves.json");
  const iteration = (actor: string, successes: number) => ({ phase: "", actor, episodes: 4, successes });
  await writeFile(curves, JSON.stringify({ policy: { iterations: [iteration("expert", 4), iteration("policy", 1)] } }));
  expect(await learningCurve(path)).toEqual({ axis: "round", points: [{ at: 1, success: 0.25 }] });
  const points = [
    { steps: 10, success: null },
    { steps: 20, success: 0.5 },
  ];
  await writeFile(curves, JSON.stringify({ policy: { points } }));
  expect(await learningCurve(path)).toEqual({ axis: "environment steps", points: [{ at: 20, success: 0.5 }] });
  for (const wrong of ["{", '{"policy":{"points":[{"steps":"x"}]}}']) {
    await writeFile(curves, wrong);
    await expect(learningCurve(path)).rejects.toThrow(/expected the curves.json that torquelens train writes/);
  }
});
