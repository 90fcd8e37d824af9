import { isMeaningful } from "../explain/explanation.js";
import { own } from "../own.js";
import type { Policy } from "../policy/policy.js";
import type { ChangeWindows } from "./claims.js";
import type { Course } from "./course.js";
import type { Episode } from "./episodes.js";
import { explainEpisodes } from "./explaining.js";
import type { Progress } from "./progress.js";
import { type Mass, MassMeter } from "./relevance-mass.js";
import { firstImage } from "./sanity.js";
import { type Verdict, verdictsOf } from "./verdicts.js";

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

/** @param stride explains every `stride`th tick of an episode */
export async function measure(
  policy: Policy,
  method: string,
  { usual, changed, windows }: Recorded,
  stride: number,
  progress: Progress,
): Promise<Measurement> {
  const meter = new MassMeter();
  const image = firstImage(policy).name;
  let residual = 0;
  const courses = await explainEpisodes(policy, usual, {
    method,
    stride,
    each: ({ heatmaps, conservationResidual, flags }, { segmentation }) => {
      if (!isMeaningful(flags)) return;
      residual = Math.max(residual, conservationResidual);
      meter.add(own(heatmaps, image)!, segmentation);
    },
    ...progress,
  });
  const after = await explainEpisodes(policy, changed, { method, stride, ...progress });
  return {
    courses,
    verdicts: verdictsOf(courses),
    changed: after,
    changeVerdicts: verdictsOf(after, windows),
    mass: meter.result(),
    residual,
  };
}
