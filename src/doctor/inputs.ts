import { detectorNamed } from "../detectors/table.js";
import { Watch } from "../detectors/watch.js";
import type { Observation } from "../explain/observation.js";
import { toRgb } from "../image/rgb.js";
import type { Finding } from "./finding.js";

const CHECK = "inputs";

/** Runs the detectors of faulty input that need no good runs over a recording's observations. */
export function faultyInputs(observations: readonly Observation[]): Finding[] {
  const watch = new Watch();
  for (const { stamp, first = false, images, joints } of observations)
    watch.add({
      stamp,
      first,
      images: Object.fromEntries(Object.entries(images).map(([camera, image]) => [camera, toRgb(image)])),
      joints: joints.names,
      position: joints.position,
      velocity: joints.velocity,
      torque: [],
    });
  const alarms = watch.alarms.filter(({ isSecondary }) => !isSecondary);
  if (alarms.length === 0)
    return [{ check: CHECK, grade: "good", text: "no detector finds images, joints or stamps at fault" }];
  return alarms.map(({ detector, subject, text }) => {
    const { words, hint } = detectorNamed(detector);
    return { check: CHECK, grade: "warning", text: `${subject && `${subject}: `}${words} (${text}); ${hint}` };
  });
}
