import type { Explanation } from "../explain/explanation.js";
import { toRgb } from "../image/rgb.js";
import { areTorques } from "../outputs/kinds.js";
import { own } from "../own.js";
import type { Seen } from "./seen.js";
import { thinned } from "./thinned.js";
import { heededOf, onlyOne, PREVIOUS_ACTION } from "./told.js";

type Commanded = Pick<Explanation, "observation" | "torque" | "outputs"> &
  Partial<Pick<Explanation, "instruction" | "choice" | "joints" | "modalities" | "shares">>;

/** What the policy saw at an explained tick, and what it commanded. */
export function seenOf(explanation: Commanded): Seen {
  const { observation, torque, outputs } = explanation;
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
    ...toldIn(explanation),
  };
}

function toldIn(explanation: Commanded): Pick<Seen, "told"> {
  const { observation, instruction, choice, joints: actions = [], modalities = [], shares = [] } = explanation;
  if (!instruction || !choice) return {};
  const previous = onlyOne(own(observation.values, PREVIOUS_ACTION) ?? []);
  return {
    told: {
      instruction: instruction.text,
      unknown: instruction.unknown,
      chosen: choice.chosen,
      previous: previous === undefined ? undefined : actions[previous],
      heeded: heededOf(modalities, shares, instruction.modality, Object.keys(observation.images)),
    },
  };
}
