import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { prepared } from "#src/cli/commands/reproduction/xing.js";
import { regionsOf, UNCERTAIN } from "#src/evaluation/regions.js";
import { deciding, playEpisodes } from "#src/evaluation/world-play.js";
import { Explainer } from "#src/explain/explainer.js";
import { shippedPolicy } from "#src/package-files.js";
import { loadPolicy, type Policy } from "#src/policy/policy.js";
import {
  allocateStates,
  collectStates,
  drawnRows,
  imageAt,
  regionsAt,
  rowsOf,
  type States,
} from "#src/reproduction/worlds/states.js";
import { playAttacked } from "#src/reproduction/xing/attacked.js";
import { distillationCurve } from "#src/reproduction/xing/distillation-curve.js";
import { type MapsFound, mapsOf } from "#src/reproduction/xing/maps.js";
import { PAPER_WORLDS } from "#src/reproduction/xing/paper.js";
import { prepare } from "#src/reproduction/xing/reproduce.js";
import type { Workload } from "#src/reproduction/xing/workload.js";
import { SimulatedWorld } from "#src/sim/simulated-world.js";
import { SimulatedSource } from "#src/sim/source.js";
import { worldNamed } from "#src/sim/worlds/worlds.js";
import { writeWorldPolicy } from "../../train/distillation/world-policy.js";
import { writeStudents } from "./students.js";

const TINY: Workload = { seed: 0, mostStates: 3, mostPlayed: 2, attacked: 0.02, levels: [2], rounds: 2 };
const WORLD = "red-fetch-green";

let folder: string;
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), "torquelens-xing-"));
});
afterAll(() => rm(folder, { recursive: true }));

describe("a saliency set of Red-Fetch-Green", () => {
  const EPISODES = 3;
  let policy: Policy;
  let states: States;
  /** Every step of the episodes, by the pipeline that explains. */
  const steps: { readonly image: Uint8Array; readonly labels: Uint8Array; readonly map: Float32Array }[][] = [];

  beforeAll(async () => {
    policy = await loadPolicy(shippedPolicy(WORLD));
    states = allocateStates(policy, EPISODES, 2);
    await collectStates(policy, WORLD, states, { seed: 0, first: 0, episodes: EPISODES }, {});
    const world = await SimulatedWorld.load(worldNamed(WORLD));
    const source = new SimulatedSource({ task: world, seed: 0, episodes: EPISODES, speed: 0 });
    const explainer = await Explainer.create(policy, { method: "vanilla-gradient", worker: false, threads: 1 });
    for await (const observation of source.observations()) {
      const explanation = await explainer.explain(observation);
      if (observation.first) steps.push([]);
      const { data } = explanation.heatmaps.image!;
      steps.at(-1)!.push({ image: observation.images.image!.data, labels: world.segmentation(), map: data.slice() });
      source.accept(explanation);
    }
    await explainer.close();
    await source.close();
  });

  /** Planes of a picture's channels, as the policy's tensor has them. */
  const planes = (pixels: Uint8Array) =>
    Uint8Array.from({ length: pixels.length }, (_, i) => pixels[3 * (i % 4096) + Math.floor(i / 4096)]!);
  const stepOf = (row: number) => {
    const seen = imageAt(states, row).data as Uint8Array;
    return steps[Math.floor(row / 2)]!.find(({ image }) => Buffer.compare(planes(image), seen) === 0);
  };

  it("holds states of the policy's own episodes, with their regions", () => {
    expect(rowsOf(states)).toEqual([0, 1, 2, 3, 4, 5]);
    for (const row of rowsOf(states)) {
      const step = stepOf(row);
      expect(step).toBeDefined();
      expect(regionsAt(states, row)).toEqual(regionsOf(step!.labels, worldNamed(WORLD).facts));
    }
  });

  it("draws one state of an episode, spread over the set", () => {
    expect(drawnRows(states)).toEqual([0, 2, 4]);
    expect(drawnRows({ rows: 300, ofEpisode: 15 })).toEqual([15, 45, 75, 105, 135, 165, 195, 225, 255, 285]);
  });

  it("its figures are those of the maps of the pipeline that explains", async () => {
    const found = (await mapsOf(policy, "vanilla-gradient", states, {})) as MapsFound;
    const each = rowsOf(states).map((row) => {
      const { map, labels } = stepOf(row)!;
      const largest = Math.max(...map.map(Math.abs));
      const on = (name: string) =>
        Array.from(map, (value) => Math.abs(value) / largest).filter(
          (_, pixel) => worldNamed(WORLD).facts.classes[labels[pixel]!] === name,
        );
      const [important, unimportant] = [[...on("agent"), ...on("target")], on("empty")];
      let wins = 0;
      for (const a of important) for (const b of unimportant) wins += a > b ? 1 : a === b ? 0.5 : 0;
      const sum = (values: readonly number[]) => values.reduce((total, value) => total + value, 0);
      return {
        important: sum(important),
        unimportant: sum(unimportant),
        auc: wins / (important.length * unimportant.length),
      };
    });
    for (const name of ["important", "unimportant", "auc"] as const)
      for (let episode = 0; episode < EPISODES; episode++)
        expect(found.ofEpisodes[name][episode]).toBeCloseTo(
          (each[2 * episode]![name] + each[2 * episode + 1]![name]) / 2,
          4,
        );
    expect(found.maps).toBe(6);
    expect(found.blank).toBe(0);
    expect(found.estimates.auc.mean).toBeCloseTo(found.ofEpisodes.auc.reduce((a, b) => a + b) / EPISODES, 10);
  });

  it("episodes under an attack without strength are those without one, and a strong attack ends success", async () => {
    const options = { seed: 0, first: 0, episodes: 3 };
    const without = await deciding(policy, (decide) => playEpisodes(policy, WORLD, options, decide));
    expect(without.map(({ steps: count }) => count)).toEqual(steps.map(({ length }) => length));
    expect(without.every(({ success, sum }) => success && sum > 0.9)).toBe(true);
    for (const attack of ["fgsm", "pgd", "mi-fgsm", "mad"] as const)
      expect(await playAttacked(policy, WORLD, { attack, level: 0 }, options, {})).toEqual(without);
    const attacked = await playAttacked(policy, WORLD, { attack: "fgsm", level: 32 }, options, {});
    expect(attacked.map(({ success }) => success)).toEqual([false, false, false]);
  });
});

describe("the command's work, on a few episodes", () => {
  it("makes every table and figure from the shipped policy and a student, and says what is left out", async () => {
    const students = join(folder, "students");
    const sha256 = await writeStudents(students, ["digr"]);
    const iterations = [
      { phase: "states of the teacher", actor: "teacher", episodes: 9, successes: 9, median_error: 0 },
      { phase: "states of the student 1/2", actor: "policy", episodes: 8, successes: 2, median_error: 1 },
      { phase: "states of the student 2/2", actor: "policy", episodes: 4, successes: 4, median_error: 0 },
    ];
    await writeFile(
      join(students, `${WORLD}-digr.curves.json`),
      JSON.stringify({ student: { curves: [], iterations } }),
    );
    const { work, run } = await prepared({ task: [WORLD], seed: 0, students }, TINY);
    let done = 0;
    const { page, files, json, summary } = await run({
      watch: (count) => {
        expect(count).toBeGreaterThanOrEqual(done);
        done = count;
      },
    });
    expect(done).toBe(work);
    type Row = Record<string, string | number | boolean | null>;
    const table = (name: string) => (json as Record<string, Row[]>)[name]!;
    const row = (name: string) => table("table1").find((one) => one.row === name)!;
    // A student with the teacher's weights has its figures.
    for (const key of ["important", "unimportant", "auc", "auc_all_pixels"])
      expect(row("DIGR")[key]).toBe(row("Vanilla Gradient")[key]);
    expect(new Set(table("table1").map(({ policy }) => policy))).toEqual(new Set(["original", "DIGR"]));
    expect(row("DIGR")).toMatchObject({ paper_important: 72.52, paper_unimportant: 0, paper_auc: 0.997, states: 3 });
    expect(row("Guided Backprop").auc as number).toBeGreaterThan(row("Vanilla Gradient").auc as number);
    expect(table("policies").map(({ policy, policy_sha256 }) => [policy, policy_sha256])).toEqual(
      ["original", "DIGR"].map((name) => [name, sha256]),
    );
    expect(table("times")).toHaveLength(table("table1").length);
    expect(table("attacks").map(({ policy, attack }) => `${policy} ${attack}`)).toHaveLength(8);
    expect(table("distillation").map(({ episodes, successes }) => [episodes, successes])).toEqual([
      [8, 2],
      [4, 4],
    ]);
    const claim = (id: string) => table("claims").find((one) => one.claim === id)!;
    expect(claim("performance_kept")).toMatchObject({ holds: true, episodes: 2 });
    expect(claim("pgd_digr_original")).toMatchObject({ mean: 0, holds: false });
    expect(summary[0]).toMatch(/^red-fetch-green: \d+ of 11 of the paper’s orderings hold\.$/);
    const distilled = join(students, `${WORLD}-distilled.onnx`);
    expect(summary[1]).toBe(`Not included: rows and lines of distilled only in ${WORLD} (no ${distilled}).`);
    expect(page).toContain(`rows and lines of ${distilled} (there is no such student of ${WORLD})`);
    expect([...files.keys()].sort()).toEqual(
      [
        ...["policies", "table1", "times", "attacks", "distillation", "claims"].map((name) => `${name}.csv`),
        ...["1b", "3", "7", "8", "9", "10"].map((figure) => `fig${figure}-${WORLD}.svg`),
      ].sort(),
    );
    for (const [name, text] of files) if (name.endsWith(".svg")) expect(page).toContain(text.slice("<svg ".length));
    expect(page.replace(/base64,[^"]+/g, "")).not.toMatch(/NaN|undefined|<script|https?:\/\/(?!www\.w3\.org)/);
  });

  it("makes the pictures of the other worlds under the paper's numbers, and no table without rows", async () => {
    const { run } = await prepared(
      { task: ["breakout", "highway"], seed: 0 },
      { ...TINY, mostStates: 1, mostPlayed: 1, attacked: 0, rounds: 1 },
    );
    const { page, files } = await run({});
    expect([...files.keys()].sort()).toEqual(
      [
        ...["policies", "table1", "times", "claims"].map((name) => `${name}.csv`),
        ...["1b", "4", "7", "11"].map((figure) => `fig${figure}-breakout.svg`),
        ...["1b", "5", "7", "12"].map((figure) => `fig${figure}-highway.svg`),
      ].sort(),
    );
    for (const text of files.values()) expect(text.length).toBeGreaterThan(100);
    for (const [name, text] of files) if (name.endsWith(".svg")) expect(page).toContain(text.slice("<svg ".length));
  });

  it("measures every world of the paper alike: windows of pictures, numbers in place of actions", async () => {
    const others = Object.keys(PAPER_WORLDS).filter((world) => world !== WORLD);
    const worlds = await Promise.all(
      others.map(async (world) => {
        const path = await writeWorldPolicy(folder, world);
        const { sha256 } = await loadPolicy(path);
        return { world, policies: [{ kind: "original" as const, path, sha256 }], distillation: undefined, missing: [] };
      }),
    );
    const { run } = await prepare(worlds, { ...TINY, mostStates: 1, mostPlayed: 1, rounds: 1 });
    const found = await run({});
    expect(found.map(({ world }) => world)).toEqual(others);
    for (const { world, rows, refused, drawn, states, attacked } of found) {
      const paper = PAPER_WORLDS[world]!;
      expect(states).toBe(paper.statesOfEpisode);
      expect(drawn[0]!.regions.some((kind) => kind !== UNCERTAIN)).toBe(true);
      expect(refused.map(({ name }) => name)).toEqual(world === "highway" ? ["SARFA"] : []);
      expect(attacked).toHaveLength(paper.attacked > 0 ? 4 : 0);
      for (const { found: maps, times } of rows) {
        expect(times).toHaveLength(1);
        expect(maps.estimates.auc.mean).toBeGreaterThanOrEqual(0);
        expect(maps.drawn.size).toBe(drawn.length);
      }
    }
  });
});

describe("the curves of a distillation", () => {
  it("are unknown where there is no file", async () => {
    expect(await distillationCurve(join(folder, "none.onnx"))).toBeUndefined();
  });

  it.each(["{", '{"student": {"iterations": [{"phase": 1}]}}', "[]"])(
    "are refused where they are others: %s",
    async (text) => {
      const path = join(folder, "bad.curves.json");
      await writeFile(path, text);
      await expect(distillationCurve(join(folder, "bad.onnx"))).rejects.toThrow(
        `${path}: expected the curves.json that torquelens distil writes`,
      );
    },
  );
});
