import { isMeaningful } from "../../explain/explanation.js";
import { own } from "../../own.js";
import type { Progress } from "../progress.js";
import type { Verdict } from "../verdict.js";
import type { ChangeWindows } from "./claims.js";
import type { Course } from "./course.js";
import type { Episode } from "./episodes.js";
import type { Each, EpisodeExplainer } from "./explaining.js";
import { type Mass, MassMeter } from "./relevance-mass.js";
import { firstImage } from "./sanity.js";
import { verdictsOf } from "./verdicts.js";

/** Recorded episodes: usual ones, and ones whose target changes midway. */
export interface Recorded {
  readonly usual: readonly Episode[];
  readonly changed: readonly Episode[];
  readonly windows: ChangeWindows;
}

/** Results of a method under one convention. */
export interface Measurement {
  readonly courses: readonly Course[];
  readonly verdicts: readonly Verdict[];
  /** Courses of the episodes whose target changes. */
  readonly changed: readonly Course[];
  readonly changeVerdicts: readonly Verdict[];
  readonly mass: Mass;
  /** Largest conservation residual of a tick that counts. */
  readonly residual: number;
}

/** Ticks of an episode that are explained, and those of them whose heatmaps are: every so many. */
export interface Strides {
  readonly stride: number;
  readonly mapStride: number;
}

export async function measure(
  explainer: EpisodeExplainer,
  { usual, changed, windows }: Recorded,
  strides: Strides,
  progress: Progress,
): Promise<Measurement> {
  const meter = new MassMeter();
  const image = firstImage(explainer.policy).name;
  let residual = 0;
  const each: Each = ({ heatmaps, conservationResidual, flags }, { segmentation }) => {
    if (!isMeaningful(flags)) return;
    residual = Math.max(residual, conservationResidual);
    meter.add(own(heatmaps, image)!, segmentation!);
  };
  const courses = await explainer.courses(usual, { ...strides, each, ...progress });
  const after = await explainer.courses(changed, { ...strides, level: "shares", ...progress });
  return {
    courses,
    verdicts: verdictsOf(courses),
    changed: after,
    changeVerdicts: verdictsOf(after, windows),
    mass: meter.result(),
    residual,
  };
}
