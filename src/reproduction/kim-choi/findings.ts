import { CONVENTIONS } from "../../policy/conventions.js";
import type { Verdict } from "../verdict.js";
import type { ChangeWindows } from "./claims.js";
import type { Course } from "./course.js";
import type { DistractorFindings } from "./distractors.js";
import type { GoalsRow } from "./goals.js";
import type { Pictured } from "./picture.js";
import type { Mass, Part } from "./relevance-mass.js";
import type { Cascade, TorqueLikeness } from "./sanity.js";
import type { SetName } from "./sets.js";
import type { FormLikeness, WeightedShares } from "./weightings.js";
import type { Workload } from "./workload.js";

/** The default convention, the first of the table. */
export const [DEFAULT_CONVENTION] = CONVENTIONS.map(({ name }) => name) as [string];

/** Method and convention of a measurement. */
interface By {
  readonly method: string;
  readonly convention: string;
}

/** Shares along episodes by one method under one convention. */
export interface Measured extends By {
  readonly courses: readonly Course[];
  readonly verdicts: readonly Verdict[];
}

/** Findings about one task's policy. */
export interface TaskFindings {
  readonly task: string;
  readonly policy: { readonly path: string; readonly sha256: string };
  readonly joints: readonly string[];
  readonly modalities: readonly string[];
  readonly conditions: readonly string[];
  /** Seconds per tick; ticks per episode. */
  readonly period: number;
  readonly ticks: number;
  readonly episodes: number;
  readonly successes: number;
  readonly medianError: number;
  /** Every method under every convention. */
  readonly measured: readonly Measured[];
  /** Pairs of methods, under every convention. */
  readonly agreement: readonly { readonly convention: string; readonly verdicts: readonly Verdict[] }[];
  /** Shares in episodes whose target changes midway. */
  readonly change: {
    readonly windows: ChangeWindows;
    readonly measured: readonly Measured[];
    /** Episodes that succeeded at the new target. */
    readonly successes: number;
  };
  readonly mass: readonly (By & { readonly mass: Mass })[];
  readonly torqueLikeness: readonly (By & { readonly torqueLikeness: TorqueLikeness })[];
  readonly cascade: readonly (By & { readonly steps: readonly Cascade[] })[];
  /** Shares by the first method. */
  readonly alpha: {
    readonly weighted: readonly (WeightedShares & { readonly convention: string })[];
    readonly free: FormLikeness;
    readonly held: FormLikeness;
  };
  /** Runs with something else in the image. */
  readonly distractors: readonly DistractorFindings[];
  /** Largest conservation residual of each method that conserves. */
  readonly residual: Readonly<Record<string, number>>;
  readonly pictures: readonly Pictured[];
}

/** What the charts of shares show, of one policy or of several. */
export interface Charted
  extends Pick<
    TaskFindings,
    "task" | "modalities" | "conditions" | "period" | "ticks" | "episodes" | "measured" | "pictures"
  > {
  readonly change: Pick<TaskFindings["change"], "windows" | "measured" | "successes">;
  /** Which policies these are, in words, where they are not the shipped one. */
  readonly set?: string;
}

/** Shares by one method, of all policies together, and verdicts of each. */
export interface SetMeasured extends Measured {
  readonly each: readonly (readonly Verdict[])[];
}

/** Findings about a set's policies, under the default convention. */
export interface SetFindings extends Charted {
  readonly name: SetName;
  readonly set: string;
  readonly policies: readonly {
    readonly seed: number;
    readonly sha256: string;
    readonly successes: number;
    readonly changedSuccesses: number;
  }[];
  /** Episodes of each policy. */
  readonly episodesEach: number;
  readonly successes: number;
  readonly measured: readonly SetMeasured[];
  readonly change: {
    readonly windows: ChangeWindows;
    readonly measured: readonly SetMeasured[];
    readonly successes: number;
  };
  /** Runs with something else in the image, of each policy. */
  readonly distractors: readonly (readonly DistractorFindings[])[];
  /** Mean part of the image's relevance on each part of the image, by method. */
  readonly mass: readonly { readonly method: string; readonly relevance: Readonly<Record<Part, number>> }[];
}

/** Findings about a policy that was trained with goals anywhere, where the target moves; under the default convention. */
export interface AnywhereFindings
  extends Pick<Charted, "task" | "modalities" | "period" | "ticks" | "episodes" | "change"> {
  readonly set: string;
  readonly sha256: string;
}

export interface Findings {
  readonly workload: Workload;
  readonly tasks: readonly TaskFindings[];
  /** Policies beside the shipped ones, by task and by how they were trained. */
  readonly sets: readonly SetFindings[];
  /** Policies that were trained with goals anywhere, by task. */
  readonly anywhere: readonly AnywhereFindings[];
  /** The experiment on the number of goals; undefined where it was not run, or its task is not asked for. */
  readonly goals: readonly GoalsRow[] | undefined;
  /** Tasks that were left out, with the reason. */
  readonly missing: readonly { readonly task: string; readonly why: string }[];
}

/** Measurement by a method under a convention. */
export const measuredBy = <T extends By>(all: readonly T[], method: string, convention: string): T =>
  all.find((one) => one.method === method && one.convention === convention)!;
