import type { AttackName } from "../../attack/names.js";
import type { Played } from "../../evaluation/world-play.js";
import { median } from "../../numbers/quantile.js";
import type { Verdict } from "../verdict.js";
import type { DrawnState } from "../worlds/states.js";
import type { DistillationCurve } from "./distillation-curve.js";
import type { MapsFound } from "./maps.js";
import type { MapRow, PaperWorld, PolicyKind, StudentKind } from "./paper.js";
import type { Workload } from "./workload.js";

/** A policy in the reproduction. */
export interface PolicyFile {
  readonly kind: PolicyKind;
  readonly path: string;
  readonly sha256: string;
}

/** Policies of a world. */
export interface WorldPolicies {
  readonly world: string;
  /** The original first. */
  readonly policies: readonly PolicyFile[];
  /** Performance while the DIGR policy was distilled; undefined where it is not known. */
  readonly distillation: DistillationCurve | undefined;
  /** Students that are missing. */
  readonly missing: readonly { readonly kind: StudentKind; readonly path: string }[];
}

/** A row of Table 1. */
export interface RowFound {
  readonly row: MapRow;
  /** The method with its options. */
  readonly method: string;
  readonly found: MapsFound;
  /** Milliseconds of single maps, by round. */
  readonly times: readonly number[];
}

/** Episodes of a policy under an attack. */
export interface AttackFound {
  readonly policy: PolicyKind;
  readonly attack: AttackName;
  /** Levels of 255. */
  readonly level: number;
  readonly played: readonly Played[];
}

/** Everything that was measured in a world. */
export interface WorldMeasured extends WorldPolicies {
  readonly paper: PaperWorld;
  /** Pixels of a picture. */
  readonly width: number;
  readonly height: number;
  /** States of the saliency set. */
  readonly states: number;
  readonly rows: readonly RowFound[];
  /** Methods that cannot explain the policy, with the reason. */
  readonly refused: readonly { readonly name: string; readonly why: string }[];
  readonly drawn: readonly DrawnState[];
  /** Episodes without an attack, by policy. */
  readonly played: ReadonlyMap<PolicyKind, readonly Played[]>;
  readonly attacked: readonly AttackFound[];
}

/** A verdict on two policies under an attack. */
export interface RobustnessVerdict extends Verdict {
  readonly attack: AttackName;
  readonly stronger: PolicyKind;
  readonly weaker: PolicyKind;
}

/** With verdicts on the paper's orderings. */
export interface WorldFindings extends WorldMeasured {
  readonly verdicts: readonly Verdict[];
  readonly robustness: readonly RobustnessVerdict[];
}

export interface Findings {
  readonly workload: Workload;
  readonly worlds: readonly WorldFindings[];
  /** Worlds of the paper that were left out, with the reason. */
  readonly missing: readonly { readonly world: string; readonly why: string }[];
}

/** How many times as long maps take as others: the median over the rounds. */
export const timesAs = (times: readonly number[], others: readonly number[]): number =>
  median(times.map((time, round) => time / others[round]!));

/** A row of a world by its id; undefined where it was not measured. */
export const rowNamed = ({ rows }: Pick<WorldMeasured, "rows">, id: string): RowFound | undefined =>
  rows.find(({ row }) => row.id === id);
