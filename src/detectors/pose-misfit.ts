import { own } from "../own.js";
import type { Look } from "./look.js";
import type { Moment } from "./moment.js";
import { angle, comparable, misfitOf, poseByPicture } from "./samples.js";

/** The joint whose position fits the picture least: 1 for more than in good runs. */
export interface PoseMisfit {
  readonly joint: string;
  readonly score: number;
  /** By the picture and by the joint states, rad. */
  readonly seen: number;
  readonly told: number;
  /** True where both pose and picture are like those of good runs. */
  readonly isKnown: boolean;
}

/** How the joints fit the picture; undefined where good runs do not tell, or of another camera. */
export function poseMisfit({ reference, ticks }: Moment, look: Look, camera: string): PoseMisfit | undefined {
  const { pose, names = [] } = reference ?? {};
  const { joints, position } = ticks.at(-1)!;
  if (!pose || camera !== pose.camera || joints.length !== names.length) return undefined;
  const { samples, misfits } = own(reference!.cameras, camera)!;
  const seen = poseByPicture(samples, look.cells);
  const scores = pose.error.map((error, j) => Math.abs(angle(seen[j]!, position[j]!)) / (1.2 * error + 0.03));
  const j = scores.indexOf(Math.max(...scores));
  const isKnown =
    Number.isFinite(comparable(samples, misfits, position).distance) &&
    misfitOf(look.cells, samples) <= 1.2 * (misfits.at(-1)?.misfit ?? 0) + 1;
  return { joint: names[j]!, score: scores[j]!, seen: seen[j]!, told: position[j]!, isKnown };
}
