import type { Random } from "../../random.js";
import { fingertip, type ReacherState, type Target } from "./model.js";

/** Share of frames with the target within 3 cm of the fingertip, as at the end of every episode. */
const CLOSE = 0.3;
const NEARBY = 0.03;
/** Distance of the other targets from the shoulder, metres: a little more than the range of the task. */
const RADIUS = [0.05, 0.245] as const;

/** A target for a training frame: near the fingertip, or anywhere. */
export function scatteredTarget(state: ReacherState, numbers: Random): Target {
  if (numbers.uniform() < CLOSE) {
    const [x, y] = fingertip(state);
    return [x + numbers.between(-NEARBY, NEARBY), y + numbers.between(-NEARBY, NEARBY)];
  }
  const angle = numbers.between(-Math.PI, Math.PI);
  const distance = numbers.between(...RADIUS);
  return [distance * Math.cos(angle), distance * Math.sin(angle)];
}
