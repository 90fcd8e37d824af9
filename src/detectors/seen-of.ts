import type { Explanation } from "../explain/explanation.js";
import { toRgb } from "../image/rgb.js";
import { areTorques } from "../outputs/kinds.js";
import type { Seen } from "./seen.js";
import { thinned } from "./thinned.js";

/** What the policy saw at an explained tick, and what it commanded. */
export function seenOf({
  observation,
  torque,
  outputs,
}: Pick<Explanation, "observation" | "torque" | "outputs">): Seen {
  const { stamp, first = false, skipped = 0, images, joints } = observation;
  return {
    stamp,
    first,
    skipped,
    images: Object.fromEntries(Object.entries(images).map(([camera, image]) => [camera, thinned(toRgb(image))])),
    joints: joints.names,
    position: joints.position,
    velocity: joints.velocity,
    torque: areTorques(outputs) && torque.length === joints.names.length ? torque : [],
  };
}
