import { mkdtemp, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import fc from "fast-check";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import type { Run } from "#src/analysis/run.js";
import { fileOf } from "#src/fleet/dataset/layout.js";
import { writePart } from "#src/fleet/dataset/write-part.js";
import { LocalStore } from "#src/fleet/store/local-store.js";
import { changePoints } from "#src/fleet/survey/change-points.js";
import { isoWeek } from "#src/fleet/survey/drift.js";
import type { Policy } from "#src/policy/policy.js";
import { imageShares, runOf } from "../analysis/runs.js";
import { refusal, torquelens } from "../cli/run.js";
import { query, table } from "./queries.js";

/** The same segmentation by trying every beginning of every last segment, with sums written out. */
function slowChangePoints(values: readonly number[], floor: number): number[] {
  const n = values.length;
  const fewest = 5;
  const middle = (of: readonly number[]) => {
    const sorted = [...of].sort((a, b) => a - b);
    return (sorted[Math.floor((sorted.length - 1) / 2)]! + sorted[Math.ceil((sorted.length - 1) / 2)]!) / 2;
  };
  const steps = values.slice(1).map((value, i) => value - values[i]!);
  const spread = middle(steps.map((step) => Math.abs(step - middle(steps))));
  const noise = Math.max(floor, (1.4826 * spread) / Math.sqrt(2));
  const clean = values.map((value, i) => {
    const around = middle(values.filter((_, k) => Math.abs(k - i) <= 3));
    return (Math.abs(value - around) > 3 * noise ? around : value) / noise;
  });
  const cost = (s: number, t: number) => {
    const some = clean.slice(s, t);
    const mean = some.reduce((sum, value) => sum + value, 0) / some.length;
    return some.reduce((sum, value) => sum + (value - mean) ** 2, 0);
  };
  const best: { cost: number; points: number[] }[] = [];
  for (let t = 0; t <= n; t++) {
    best[t] = { cost: t === 0 ? 0 : t < fewest ? Number.POSITIVE_INFINITY : cost(0, t), points: [] };
    for (let s = fewest; s <= t - fewest; s++) {
      const total = best[s]!.cost + cost(s, t) + 3 * Math.log(n);
      if (total < best[t]!.cost) best[t] = { cost: total, points: [...best[s]!.points, s] };
    }
  }
  return best[n]!.points;
}

describe("change points", () => {
  it("are those of the best segmentation, found by trying all", () => {
    const sequence = fc
      .array(fc.tuple(fc.integer({ min: 1, max: 14 }), fc.double({ min: 0, max: 1, noNaN: true })), {
        minLength: 1,
        maxLength: 6,
      })
      .chain((levels) =>
        fc.tuple(
          ...levels.flatMap(([count, level]) =>
            Array.from({ length: count }, () => fc.double({ min: level, max: level + 0.05, noNaN: true })),
          ),
        ),
      );
    fc.assert(
      fc.property(sequence, (values) => {
        const expected = values.length < 10 ? [] : slowChangePoints(values, 0.005);
        expect(
          changePoints(
            values.map((value) => [value]),
            0.005,
          ),
        ).toEqual(expected);
      }),
      { seed: 7, numRuns: 150 },
    );
  });

  it("are none in noise, and are where all columns say", () => {
    const random = (seed: number) => () => {
      seed = (seed * 1103515245 + 12345) % 2147483648;
      return seed / 2147483648 - 0.5;
    };
    const noise = Array.from({ length: 50 }, (_, seed) => {
      const next = random(seed + 1);
      return changePoints(
        Array.from({ length: 200 }, () => [0.5 + 0.1 * next(), 0.5 + 0.1 * next()]),
        0.005,
      );
    });
    expect(noise.filter((points) => points.length > 0).length).toBeLessThanOrEqual(1);
    const next = random(3);
    const shifted = Array.from({ length: 100 }, (_, i) => [
      (i < 60 ? 0.6 : 0.5) + 0.05 * next(),
      (i < 60 ? 0.3 : 0.4) + 0.05 * next(),
    ]);
    expect(changePoints(shifted, 0.005)).toEqual([60]);
    expect(
      changePoints(
        Array.from({ length: 50 }, () => [0.5]),
        0.005,
      ),
    ).toEqual([]);
  });
});

describe("a week", () => {
  it("is that of ISO 8601", () => {
    const weeks = ["2026-11-29", "2026-01-01", "2021-01-03", "2021-01-04", "2020-12-31", "2024-12-30", "1970-01-01"];
    expect(weeks.map((day) => isoWeek(Date.parse(`${day}T23:59:59Z`)))).toEqual([
      "2026-W48",
      "2026-W01",
      "2020-W53",
      "2021-W01",
      "2020-W53",
      "2025-W01",
      "1970-W01",
    ]);
  });
});

describe("torquelens report --dataset", () => {
  let folder: string;
  const out = () => join(folder, "out");
  const report = (...argv: string[]) => torquelens("report", "--dataset", out(), ...argv);
  const DAY = 86_400_000_000_000n;
  const modalities = ["image", "joint_position", "joint_velocity", "end_effector_position"];

  /** A run on a day, whose image shares are as given. */
  const dayRun = (bag: string, day: number, shares: readonly number[]): Run => {
    const run = runOf(imageShares(shares), { bag });
    const from = 1_700_000_000_000_000_000n + BigInt(day) * DAY;
    return { ...run, stamp: run.stamp.map((stamp) => stamp - run.stamp[0]! + from) };
  };

  beforeAll(async () => {
    folder = await mkdtemp(join(tmpdir(), "torquelens-survey-"));
    const store = new LocalStore(out());
    const facts = {
      slice: 0,
      settings: "0",
      card: "p",
      bundle: "b",
      precision: "exact",
      device: "cpu",
      version: "1",
      schema: 1,
    };
    const write = async (name: string, robot: string, count: number, image: (day: number) => number) => {
      const runs = Array.from({ length: count }, (_, day) => {
        const wobble = 0.004 * ((day * 7) % 5);
        const odd = name === "A" && robot === "arm-2" && day === 11;
        const share = odd ? 0.1 : image(day) + wobble;
        return dayRun(`/lab/${robot}/${name}-${day}.mcap`, day, [share, share, odd ? 0.05 : share]);
      });
      const { joints, outputs } = runs[0]!.identity;
      const policy = { modalities: modalities.map((name) => ({ name })), outputs } as unknown as Policy;
      expect(joints).toHaveLength(2);
      for (const [day, run] of runs.entries()) {
        const part = `${name === "A" ? "a" : "b"}${robot.slice(-1)}${String(day).padStart(22, "0")}-0123456789ab`;
        await writePart(store, { policy: name, date: "2023-11-14", robot, part }, policy, [run], {
          ...facts,
          bundle: name,
        });
      }
    };
    await write("A", "arm-1", 30, (day) => (day < 18 ? 0.6 : 0.45));
    await write("A", "arm-2", 30, () => 0.6);
    await write("B", "arm-1", 8, () => 0.7);
    await write("B", "arm-3", 8, () => 0.7);
  });
  afterAll(() => rm(folder, { recursive: true }));

  it("finds the shares by week and robot that a query finds", async () => {
    const { groups } = JSON.parse((await report("--json")).stdout);
    expect(
      groups.map(({ policy, runs, ticks }: { policy: string; runs: number; ticks: number }) => [policy, runs, ticks]),
    ).toEqual([
      ["A", 60, 180],
      ["B", 16, 48],
    ]);
    const rows = await query(
      `SELECT robot, strftime(make_timestamp_ns(t_ns), '%G-W%V') AS week, count(*)::INT AS runs, avg(share_image) AS share
       FROM ${table(out(), "runs")} WHERE policy = 'A' GROUP BY ALL ORDER BY ALL`,
    );
    const found = groups[0].robots.flatMap(
      ({ robot, weeks }: { robot: string; weeks: { week: string; runs: number; shares: { image: number } }[] }) =>
        weeks.map(({ week, runs, shares }) => ({ robot, week, runs, share: shares.image })),
    );
    expect(found).toHaveLength(rows.length);
    for (const [i, row] of rows.entries()) {
      expect(found[i]).toMatchObject({ robot: row.robot, week: row.week, runs: row.runs });
      expect(found[i].share).toBeCloseTo(row.share as number, 5);
    }
  });

  it("says where a robot changed, and which run and second to look at", async () => {
    const { groups } = JSON.parse((await report("--where", "policy=A", "--json")).stdout);
    expect(groups).toHaveLength(1);
    const [one, two] = groups[0].robots;
    expect(one.changes).toEqual([expect.objectContaining({ run: "/lab/arm-1/A-18.mcap", before: 18, after: 12 })]);
    expect(one.changes[0].from.image - one.changes[0].to.image).toBeCloseTo(0.15, 2);
    expect(two.changes).toEqual([]);
    expect(groups[0].notable[0]).toMatchObject({
      reason: "run",
      bag: "/lab/arm-2/A-11.mcap",
      robot: "arm-2",
      seek: 0.1,
      what: expect.stringMatching(/^image 8\.3 %, usually 60/),
    });
    expect(groups[0].notable.filter(({ reason }: { reason: string }) => reason === "moment")).toEqual([]);
  });

  it("compares two policies over all robots, and robot by robot", async () => {
    const argv = ["--where", "policy=A", "--against", "policy=B"];
    const { comparison } = JSON.parse((await report(...argv, "--json")).stdout);
    const image = comparison.find(({ modality }: { modality: string }) => modality === "image");
    const [means] = await query(
      `SELECT avg(share_image) FILTER (policy = 'A') AS a, avg(share_image) FILTER (policy = 'B') AS b FROM ${table(out(), "runs")}`,
    );
    expect(image.all.a).toBeCloseTo(means!.a as number, 5);
    expect(image.all.difference).toBeCloseTo((means!.b as number) - (means!.a as number), 5);
    expect(image.robots.map(({ robot }: { robot: string }) => robot)).toEqual(["arm-1"]);
    expect(image.per_robot).toMatchObject({ robots: 1, interval: null });
    const { stdout } = await report(...argv);
    expect(stdout).toContain("B − A, difference of mean shares");
  });

  it("prints a summary and writes a page without scripts", async () => {
    const { code, stdout, stderr } = await report("-o", join(folder, "fleet.html"));
    expect({ code, stderr }).toEqual({ code: 0, stderr: "" });
    expect(stdout).toContain("A, method dtd: 60 runs of 2 robots, 180 ticks");
    expect(stdout).toMatch(
      /changes .*\n +arm-1 {2}2023-12-02T22:13:20Z {2}image 60\.8 % → 45\.8 % {2}18 and 12 runs {2}\/lab\/arm-1\/A-18\.mcap/,
    );
    const page = await readFile(join(folder, "fleet.html"), "utf8");
    expect(page).toContain("/lab/arm-2/A-11.mcap");
    expect(page).not.toMatch(/<script|https?:\/\/(?!www\.w3\.org)/);
  });

  it("refuses what does not fit, and leaves out parts that cannot be read", async () => {
    expect(await torquelens("report", "--dataset", folder)).toMatchObject(
      refusal(`${folder}: no runs in it, expected a data set of torquelens batch`),
    );
    expect(await report("--where", "arm=1")).toMatchObject(
      refusal("--where arm=1: expected policy=NAME, robot=NAME or date=YYYY-MM-DD (or its beginning)"),
    );
    expect(await report("--where", "robot=arm-9")).toMatchObject(refusal(`${out()}: no runs with robot=arm-9`));
    expect((await report("--where", "robot=arm-1", "--against", "policy=B")).stderr).toMatch(
      /are of 2 policies or methods \(A by dtd, B by dtd\)/,
    );
    expect(await report("run.mcap")).toMatchObject({ code: 2 });
    expect(await torquelens("report")).toMatchObject(
      refusal("no recordings: expected paths, or --dataset with a data set"),
    );
    const broken = fileOf({
      table: "runs",
      policy: "A",
      date: "2023-11-14",
      robot: "arm-1",
      part: `${"f".repeat(24)}-0123456789ab`,
    });
    await writeFile(join(out(), broken), "PAR1 no table");
    const { code, stderr } = await report("--where", "policy=A");
    expect(code).toBe(0);
    expect(stderr).toMatch(/^warning: .*ffff.*: cannot be read as Parquet \(.+\)\n$/);
  });
});
