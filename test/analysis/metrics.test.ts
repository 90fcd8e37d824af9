import { describe, expect, it, test } from "vitest";
import { METRIC_ROWS, METRICS, valuesOf } from "#src/analysis/metrics.js";
import { tableColumns } from "#src/analysis/table.js";
import { imageShares, runOf } from "./runs.js";

/** Four ticks, of which the last is idle. */
const run = runOf(
  imageShares([0.2, 0.4, 0.6, 0.9]).map((tick, i) => ({
    ...tick,
    residual: [0.1, 0.2, 0.4, 0.3][i]!,
    flags: i === 3 ? (["idle", "at_limit"] as const) : [],
  })),
);
const values = valuesOf(run, [0, 1, 2]);
const mean = { image: 0.4, joint_position: 0.6, joint_velocity: 0, end_effector_position: 0 };
const torque = (joint: string, value: number, importance: number) => ({
  joint,
  torque: value,
  importance,
  shares: mean,
});

/** The JSON of each metric of the run. */
const EXPECTED: Record<keyof typeof METRICS, object> = {
  duration: { seek: 0, seconds: 0.15 },
  ticks: { ticks: 4, counted: 3, idle: 1 },
  shares: {
    shares: {
      image: { mean: 0.4, std: 0.2 },
      joint_position: { mean: 0.6, std: 0.2 },
      joint_velocity: { mean: 0, std: 0 },
      end_effector_position: { mean: 0, std: 0 },
    },
  },
  torques: { per_torque: [torque("shoulder", 0.5, 1.25), torque("elbow", 0.25, 0.75)] },
  residual: { conservation_residual: { median: 0.25, max: 0.4 } },
  latency: { latency_ms: { p50: 3.5, p99: 3.5 } },
  outcome: { outcome: null },
  flags: { flags: { episode_start: 1, idle: 1, at_limit: 1 } },
};

describe("metrics of a run", () => {
  test.each(METRIC_ROWS)("%s", (name, metric) => {
    expect(metric.json(values[name], run.identity)).toEqual(EXPECTED[name]);
  });

  it("has the columns of every metric in the table of ticks", () => {
    const names = tableColumns(["image"]).map((column) => column.name);
    for (const [, metric] of METRIC_ROWS) {
      for (const column of metric.columns?.(["image"]) ?? []) expect(names).toContain(column.name);
    }
  });

  it("has a cell for each heading on the page", () => {
    for (const [name, { page }] of METRIC_ROWS)
      expect(page?.cells(values[name]).length, name).toBe(page?.headings(run.identity).length);
  });
});

describe("metrics of a set", () => {
  const other = valuesOf(runOf(imageShares([0.6, 0.8])), [0, 1]);

  it("give each run the same weight; the deviation is that between runs", () => {
    const [image] = METRICS.shares.ofSet([values.shares, other.shares]);
    expect(image!.mean).toBeCloseTo(0.55, 6);
    expect(image!.std).toBeCloseTo(0.15 * Math.SQRT2, 6);
    expect(METRICS.torques.ofSet([values.torques, other.torques])[0]!.shares[0]).toBeCloseTo(0.55, 6);
  });

  it("of a single run are the run's own", () => {
    expect(METRICS.shares.ofSet([values.shares])).toBe(values.shares);
  });
});
