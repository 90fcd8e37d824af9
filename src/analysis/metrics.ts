import { max } from "d3-array";
import { number, percent, plural, significant } from "../numbers/format.js";
import { type MeanStd, mean, meanStd } from "../numbers/mean.js";
import { median, quantile } from "../numbers/quantile.js";
import type { Outcome } from "../outcome/outcome.js";
import {
  areActions,
  areTorques,
  isPlainTorque,
  meaningJson,
  type OutputMeaning,
  quantityWithUnit,
  TORQUE,
  withUnit,
  wordsOf,
} from "../outputs/kinds.js";
import { own, put } from "../own.js";
import { flagsAt, type Run, type RunIdentity, secondsAt } from "./run.js";
import { byModality, shareColumns, type TableColumn, tickColumn, torqueColumn } from "./table-column.js";

/**
 * A metric of a run. The JSON, the tables of ticks (CSV and Parquet) and the page read these rows in their order; what
 * a row leaves out is not shown there.
 */
export interface Metric<V> {
  readonly unit: string;
  /** @param counted the ticks that count */
  ofRun(run: Run, counted: readonly number[]): V;
  /** Value over the runs of a set, each run with the same weight. */
  ofSet?(values: readonly V[]): V;
  /** Keys in the JSON of a run, and in that of a set if there is `ofSet`. */
  json(value: V, identity: RunIdentity): object;
  /** Columns of the tables that have a row a tick and joint. */
  columns?(modalities: readonly string[], outputs?: readonly OutputMeaning[]): TableColumn[];
  /** Columns of the page's table of runs. */
  readonly page?: { headings(identity: RunIdentity): readonly string[]; cells(value: V): readonly (string | number)[] };
  /** Phrase of the sentence about a run on the page; empty if there is nothing to say. */
  fact?(value: V): string;
}

/** A metric of one torque or other output: a JSON key, a column in the tables of ticks and a heading on the page. */
interface TorqueMetric {
  /** Whether outputs of these kinds have it; by default all do. */
  applies?(outputs: readonly OutputMeaning[]): boolean;
  name(outputs: readonly OutputMeaning[]): string;
  heading(outputs: readonly OutputMeaning[]): string;
  ticks(run: Run): Float32Array;
  averaged(value: number): number;
  text(value: number, output: OutputMeaning, outputs: readonly OutputMeaning[]): string;
}

const TORQUE_METRICS: readonly TorqueMetric[] = [
  {
    name: (outputs: readonly OutputMeaning[]) => (areTorques(outputs) ? "torque" : "command"),
    heading: (outputs: readonly OutputMeaning[]) => {
      const { symbol, unit } = wordsOf(outputs);
      return quantityWithUnit(`mean |${symbol}|`, unit);
    },
    ticks: (run: Run) => run.torque,
    averaged: Math.abs,
    /** Its own unit where the heading has none. */
    text: (value: number, { unit }: OutputMeaning, outputs: readonly OutputMeaning[]) =>
      withUnit(significant(value), wordsOf(outputs).unit === "" ? unit : ""),
  },
  {
    applies: areActions,
    name: () => "probability",
    heading: () => "mean probability",
    ticks: (run: Run) => run.probability,
    averaged: Number,
    text: percent,
  },
  {
    name: () => "importance",
    heading: () => "importance α",
    ticks: (run: Run) => run.importance,
    averaged: Number,
    text: (value: number) => significant(value),
  },
];

const torqueMetrics = (outputs: readonly OutputMeaning[]): readonly TorqueMetric[] =>
  TORQUE_METRICS.filter(({ applies }) => applies?.(outputs) ?? true);

/** One torque or other output, means over the ticks that count. */
export interface TorqueDigest {
  readonly joint: string;
  /** Of each of `torqueMetrics`, in their order. */
  readonly values: readonly number[];
  /** Share of each modality, [M]. */
  readonly shares: readonly number[];
}

const MEANING_COLUMNS: readonly TableColumn[] = (["kind", "unit", "reference"] as const).map((key) => ({
  name: key === "reference" ? "measured_from" : key,
  type: "STRING",
  value: ({ identity }, _, j) => identity.outputs[j]![key],
}));

export const METRICS = {
  duration: {
    unit: "s",
    ofRun: (run) => ({
      /** From the bag's beginning to the first tick. */
      seek: Number(run.logTime[0]! - run.bagStart) / 1e9,
      /** From the first tick's stamp to the last one's. */
      seconds: secondsAt(run, run.ticks - 1),
    }),
    json: ({ seek, seconds }) => ({ seek: number(seek), seconds: number(seconds) }),
    page: { headings: () => ["seconds"], cells: ({ seconds }) => [seconds.toFixed(1)] },
    fact: ({ seek, seconds }) => `${seconds.toFixed(2)} s, from ${seek.toFixed(2)} s of the bag`,
  } satisfies Metric<{ readonly seek: number; readonly seconds: number }>,

  ticks: {
    unit: "ticks",
    ofRun: (run, counted) => ({
      all: run.ticks,
      /** Ticks whose shares count: computed, and not idle. */
      counted: counted.length,
      idle: Array.from(run.flags).filter((set) => run.flagSets[set]!.includes("idle")).length,
    }),
    json: ({ all, counted, idle }) => ({ ticks: all, counted, idle }),
    page: { headings: () => ["ticks", "idle"], cells: ({ all, idle }) => [all, idle] },
    fact: ({ all, counted, idle }) => `${plural(all, "tick")}, of which ${counted} count and ${idle} are idle`,
  } satisfies Metric<Readonly<Record<"all" | "counted" | "idle", number>>>,

  /** Share of each modality in the α-weighted sum over torques, [M]. Deviation over ticks; of several runs, between runs. */
  shares: {
    unit: "1",
    ofRun: (run, counted) => {
      const { modalities } = run.identity;
      return modalities.map((_, m) => meanStd(counted, (i) => run.shares[i * modalities.length + m]!));
    },
    ofSet: (runs) =>
      runs.length === 1 ? runs[0]! : runs[0]!.map((_, m) => meanStd(runs, (shares) => shares[m]!.mean)),
    json: (shares, { modalities }) => ({
      shares: byModality(modalities, (m) => ({ mean: number(shares[m]!.mean), std: number(shares[m]!.std) })),
    }),
    columns: (modalities) => shareColumns("total_share_", modalities, ({ shares }) => shares, "tick"),
    page: {
      headings: ({ modalities }) => modalities,
      cells: (shares) => shares.map(({ mean: share }) => percent(share)),
    },
  } satisfies Metric<readonly MeanStd[]>,

  torques: {
    unit: "that of each output, 1",
    ofRun: (run, counted) => {
      const { joints, modalities, outputs } = run.identity;
      const over = (value: (row: number) => number, j: number) => mean(counted, (i) => value(i * joints.length + j));
      return joints.map((joint, j) => ({
        joint,
        values: torqueMetrics(outputs).map(({ ticks, averaged }) => over((row) => averaged(ticks(run)[row]!), j)),
        shares: modalities.map((_, m) => over((row) => run.torqueShares[row * modalities.length + m]!, j)),
      }));
    },
    ofSet: (runs) =>
      runs[0]!.map(({ joint, values, shares }, j) => ({
        joint,
        values: values.map((_, v) => mean(runs, (torques) => torques[j]!.values[v]!)),
        shares: shares.map((_, m) => mean(runs, (torques) => torques[j]!.shares[m]!)),
      })),
    json: (torques, { modalities, outputs }) => ({
      [areTorques(outputs) ? "per_torque" : "per_output"]: torques.map(({ joint, values, shares }, j) => ({
        joint,
        ...(outputs.every(isPlainTorque) ? {} : meaningJson(outputs[j]!)),
        ...Object.fromEntries(torqueMetrics(outputs).map(({ name }, v) => [name(outputs), number(values[v]!)])),
        shares: byModality(modalities, (m) => number(shares[m]!)),
      })),
    }),
    columns: (modalities, outputs = [TORQUE]) => [
      ...(outputs.every(isPlainTorque) ? [] : MEANING_COLUMNS),
      ...torqueMetrics(outputs).map(({ name, ticks }) => torqueColumn(name(outputs), ticks)),
      ...shareColumns("share_", modalities, ({ torqueShares }) => torqueShares, "torque"),
    ],
  } satisfies Metric<readonly TorqueDigest[]>,

  /** Conservation residual; NaN if none was computed. */
  residual: {
    unit: "part of Σα|τ| or the like",
    ofRun: ({ residual }) => ({ median: median(residual), max: max(residual) ?? Number.NaN }),
    json: (of) => ({ conservation_residual: { median: number(of.median), max: number(of.max) } }),
    columns: () => [tickColumn("residual", ({ residual }) => residual)],
    page: { headings: () => ["residual"], cells: (of) => [significant(of.max)] },
    fact: (of) => `conservation residual at most ${significant(of.max)}`,
  } satisfies Metric<{ readonly median: number; readonly max: number }>,

  latency: {
    unit: "ms",
    ofRun: ({ latencyMs }) => ({ p50: median(latencyMs), p99: quantile(latencyMs, 0.99) }),
    json: ({ p50, p99 }) => ({ latency_ms: { p50: number(p50), p99: number(p99) } }),
    columns: () => [tickColumn("latency_ms", ({ latencyMs }) => latencyMs)],
    fact: ({ p50, p99 }) => `latency p50 ${significant(p50)}, p99 ${significant(p99)} ms`,
  } satisfies Metric<{ readonly p50: number; readonly p99: number }>,

  /** What became of the run. */
  outcome: {
    unit: "–, m",
    ofRun: ({ outcome }) => outcome,
    json: (outcome) =>
      outcome ? { outcome: { ...outcome, success: outcome.success, error: outcome.error ?? null } } : { outcome: null },
    columns: () => [
      { name: "success", type: "BOOLEAN", value: ({ outcome }) => outcome?.success ?? null },
      { name: "final_error", type: "FLOAT", value: ({ outcome }) => outcome?.error ?? null },
      { name: "condition", type: "STRING", value: ({ outcome }) => outcome?.condition ?? null },
      { name: "ablation", type: "STRING", value: ({ outcome }) => outcome?.ablation ?? null },
      {
        name: "perturbations",
        type: "STRING",
        value: ({ outcome }) => (outcome?.perturbations?.length ? JSON.stringify(outcome.perturbations) : null),
      },
    ],
    page: {
      headings: () => ["outcome", "condition"],
      cells: (outcome) => [outcomeWords(outcome), outcome?.condition ?? "–"],
    },
    fact: (outcome) => (outcome ? outcomeWords(outcome) : ""),
  } satisfies Metric<Outcome | undefined>,

  /** Ticks with each flag. */
  flags: {
    unit: "ticks",
    ofRun: (run) => {
      const count: Record<string, number> = {};
      for (let i = 0; i < run.ticks; i++)
        for (const flag of flagsAt(run, i)) put(count, flag, (own(count, flag) ?? 0) + 1);
      return count;
    },
    json: (flags) => ({ flags }),
    fact: (flags) => {
      const shown = Object.entries(flags).filter(([flag]) => flag !== "idle" && flag !== "episode_start");
      return shown.length > 0 ? `flags ${shown.map(([flag, count]) => `${flag} ${count}`).join(", ")}` : "";
    },
  } satisfies Metric<Readonly<Record<string, number>>>,
};

/** How a run ended, in a few words. */
function outcomeWords(outcome: Outcome | undefined): string {
  if (!outcome) return "–";
  const word = outcome.success ? "success" : "failure";
  return outcome.error == null ? word : `${word}, ${significant(1000 * outcome.error)} mm off`;
}

/** Value of every metric of a run. */
export type MetricValues = { readonly [K in keyof typeof METRICS]: ReturnType<(typeof METRICS)[K]["ofRun"]> };

/** The rows with their names, whatever the type of their values. */
export const METRIC_ROWS = Object.entries(METRICS) as readonly (readonly [keyof MetricValues, Metric<unknown>])[];

/** Headings of the numbers of an output. */
export const outputHeadings = (outputs: readonly OutputMeaning[]): string[] =>
  torqueMetrics(outputs).map(({ heading }) => heading(outputs));

/** The numbers of output j, as the page shows them. */
export const outputCells = ({ values }: TorqueDigest, outputs: readonly OutputMeaning[], j: number): string[] =>
  torqueMetrics(outputs).map(({ text }, v) => text(values[v]!, outputs[j]!, outputs));

/** @param counted the ticks that count */
export const valuesOf = (run: Run, counted: readonly number[]): MetricValues =>
  Object.fromEntries(METRIC_ROWS.map(([name, metric]) => [name, metric.ofRun(run, counted)])) as MetricValues;
