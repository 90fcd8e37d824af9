import { seenOf } from "../detectors/seen-of.js";
import { detectorNamed } from "../detectors/table.js";
import type { Alarm } from "../detectors/watch.js";
import { Watch } from "../detectors/watch.js";
import type { Observation } from "../explain/observation.js";
import type { Finding } from "./finding.js";

const CHECK = "inputs";

/** Watches every observation of a recording, run by run, with the detectors of faulty input that need no good runs. */
export class InputWatch {
  readonly #watch = new Watch();
  readonly #alarms = new Map<string, Alarm>();

  add(observation: Observation): void {
    const found = this.#watch.add(seenOf({ observation, torque: new Float32Array(0), outputs: [] }));
    for (const alarm of found) this.#alarms.set(`${alarm.detector} ${alarm.subject}`, alarm);
  }

  findings(): Finding[] {
    if (this.#alarms.size === 0)
      return [{ check: CHECK, grade: "good", text: "no detector finds images, joints or stamps at fault" }];
    return Array.from(this.#alarms.values(), ({ detector, subject, text }): Finding => {
      const { words, hint } = detectorNamed(detector);
      return { check: CHECK, grade: "warning", text: `${subject && `${subject}: `}${words} (${text}); ${hint}` };
    });
  }
}
