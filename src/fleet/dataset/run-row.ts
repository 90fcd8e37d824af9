import { digest, type RunDigest } from "../../analysis/digest.js";
import type { Cell } from "../../analysis/parquet-file.js";
import { LIMIT_FLAGS } from "../../analysis/ranking.js";
import { flagsAt, type Run, secondsAt } from "../../analysis/run.js";
import type { TableColumn } from "../../analysis/table-column.js";
import { areTorques } from "../../outputs/kinds.js";

/** What a row of a run says besides the run itself. */
export interface RunFacts {
  readonly slice: number;
  /** Digest of the options that explained it. */
  readonly settings: string;
  readonly card: string;
  readonly bundle: string;
  readonly precision: string;
  readonly device: string;
  readonly version: string;
  readonly schema: number;
}

interface RunColumn {
  readonly name: string;
  readonly type: TableColumn["type"];
  readonly value: (row: { readonly run: Run; readonly digest: RunDigest; readonly facts: RunFacts }) => Cell;
}

const known = (value: number | undefined): number | null =>
  value === undefined || !Number.isFinite(value) ? null : value;

/**
 * Columns of the table that has a row a run.
 * @param modalities of all runs of the part
 */
export function runColumns(modalities: readonly string[]): RunColumn[] {
  const float = (name: string, of: (digest: RunDigest, run: Run) => number | undefined): RunColumn => ({
    name,
    type: "FLOAT",
    value: ({ digest, run }) => known(of(digest, run)),
  });
  const text = (name: string, of: (facts: RunFacts, run: Run) => string): RunColumn => ({
    name,
    type: "STRING",
    value: ({ facts, run }) => of(facts, run),
  });
  const whole = (name: string, of: (digest: RunDigest, run: Run, facts: RunFacts) => number): RunColumn => ({
    name,
    type: "INT32",
    value: ({ digest, run, facts }) => of(digest, run, facts),
  });
  return [
    text("bag", (_, { bag }) => bag),
    whole("slice", (_, __, { slice }) => slice),
    text("settings", ({ settings }) => settings),
    whole("episode", (_, { episode }) => episode),
    { name: "t_ns", type: "INT64", value: ({ run }) => run.stamp[0]! },
    { name: "end_ns", type: "INT64", value: ({ run }) => run.stamp[run.ticks - 1]! },
    float("seek", ({ duration }) => duration.seek),
    float("seconds", ({ duration }) => duration.seconds),
    whole("ticks", ({ ticks }) => ticks.all),
    whole("counted", ({ ticks }) => ticks.counted),
    whole("idle", ({ ticks }) => ticks.idle),
    ...modalities.flatMap((modality): RunColumn[] => {
      const at = ({ identity }: RunDigest) => identity.modalities.indexOf(modality);
      return [
        float(`share_${modality}`, (digest) => digest.shares[at(digest)]?.mean),
        float(`share_std_${modality}`, (digest) => digest.shares[at(digest)]?.std),
        ...(["min", "max"] as const).flatMap((which) => [
          float(`share_${which}_${modality}`, (digest) => extreme(digest, at(digest), which)?.share),
          float(`share_${which}_seek_${modality}`, (digest) => extreme(digest, at(digest), which)?.seek),
        ]),
      ];
    }),
    float("residual_median", ({ residual }) => residual.median),
    float("residual_max", ({ residual }) => residual.max),
    float("residual_max_seek", (digest) => largestResidual(digest)),
    float("limit_seconds", (_, run) => atLimit(run)?.seconds),
    float("limit_seek", (_, run) => atLimit(run)?.seek),
    { name: "success", type: "BOOLEAN", value: ({ run }) => run.outcome?.success ?? null },
    float("final_error", (_, run) => run.outcome?.error ?? undefined),
    { name: "condition", type: "STRING", value: ({ run }) => run.outcome?.condition ?? null },
    { name: "flags", type: "STRING", value: ({ digest }) => JSON.stringify(digest.flags) },
    { name: "outputs", type: "STRING", value: ({ run }) => run.identity.joints.join(" ") },
    {
      name: "kinds",
      type: "STRING",
      value: ({ run }) => (areTorques(run.identity.outputs) ? "torque" : run.identity.outputs[0]!.kind),
    },
    text("method", (_, { identity }) => identity.method),
    text("references", (_, { identity }) => identity.references.join(" ")),
    text("feature_points", (_, { identity }) => identity.featurePoints),
    text("policy_name", ({ card }) => card),
    text("policy_sha256", (_, { identity }) => identity.policySha256),
    text("policy_files", ({ bundle }) => bundle),
    text("precision", ({ precision }) => precision),
    text("device", ({ device }) => device),
    text("torquelens", ({ version }) => version),
    { name: "schema", type: "INT32", value: ({ facts }) => facts.schema },
  ];
}

export const runRow = (columns: readonly RunColumn[], run: Run, facts: RunFacts): Cell[] => {
  const row = { run, digest: digest(run), facts };
  return columns.map(({ value }) => value(row));
};

/** The tick that counts with the smallest or largest share of a modality, and where a player must seek, seconds. */
function extreme(
  { trace, identity }: RunDigest,
  m: number,
  which: "min" | "max",
): { readonly share: number; readonly seek: number } | undefined {
  if (m < 0) return undefined;
  const width = identity.modalities.length;
  let best: number | undefined;
  for (let i = 0; i < trace.stamp.length; i++) {
    const share = trace.shares[i * width + m]!;
    if (Number.isNaN(share)) continue;
    const before = best === undefined ? Number.NaN : trace.shares[best * width + m]!;
    if (best === undefined || (which === "min" ? share < before : share > before)) best = i;
  }
  return best === undefined ? undefined : { share: trace.shares[best * width + m]!, seek: trace.seek[best]! };
}

function largestResidual({ trace: { residual, seek } }: RunDigest): number | undefined {
  let best: number | undefined;
  residual.forEach((value, i) => {
    if (!Number.isNaN(value) && (best === undefined || value > residual[best]!)) best = i;
  });
  return best === undefined ? undefined : seek[best];
}

/** The longest stretch of ticks at a limit, and where a player must seek, seconds. */
function atLimit(run: Run): { readonly seconds: number; readonly seek: number } | undefined {
  let best: { readonly seconds: number; readonly seek: number } | undefined;
  const isAt = (i: number) => flagsAt(run, i).some((flag) => LIMIT_FLAGS.includes(flag));
  for (let i = 0; i < run.ticks; ) {
    let end = i + 1;
    if (isAt(i)) {
      while (end < run.ticks && isAt(end)) end++;
      const seconds = secondsAt(run, Math.min(end, run.ticks - 1)) - secondsAt(run, i);
      if (!best || seconds > best.seconds) best = { seconds, seek: Number(run.logTime[i]! - run.bagStart) / 1e9 };
    }
    i = end;
  }
  return best;
}
