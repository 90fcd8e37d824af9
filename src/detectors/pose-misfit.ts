import { own } from "../own.js";
import type { Look } from "./look.js";
import type { Moment } from "./moment.js";
import { poseByPicture } from "./samples.js";

/** The joint whose position fits the picture least: 1 for more than in good runs. */
export interface PoseMisfit {
  readonly joint: string;
  readonly score: number;
  /** By the picture and by the joint states, rad. */
  readonly seen: number;
  readonly told: number;
}

/** How the joints fit the picture; undefined where good runs do not tell, or of another camera. */
export function poseMisfit({ reference, ticks }: Moment, look: Look, camera: string): PoseMisfit | undefined {
  const { pose, names = [] } = reference ?? {};
  const { joints, position } = ticks.at(-1)!;
  if (!pose || camera !== pose.camera || joints.length !== names.length) return undefined;
  const seen = poseByPicture(own(reference!.cameras, camera)!.samples, look.cells);
  const scores = pose.error.map((error, j) => Math.abs(seen[j]! - position[j]!) / (1.2 * error + 0.03));
  const j = scores.indexOf(Math.max(...scores));
  return { joint: names[j]!, score: scores[j]!, seen: seen[j]!, told: position[j]! };
}
