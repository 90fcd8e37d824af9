import { InputError } from "../errors.js";
import type { Method } from "./contract/method.js";
import { attention } from "./methods/attention.js";
import { deeplift } from "./methods/deeplift.js";
import { dtd, excitationBackprop } from "./methods/dtd.js";
import { fusion } from "./methods/fusion.js";
import { gradCam } from "./methods/grad-cam.js";
import { GRADIENT_METHODS } from "./methods/gradients.js";
import { integratedGradients } from "./methods/integrated-gradients.js";
import { LRP } from "./methods/lrp.js";
import { configure, type MethodEntry, parseSpec } from "./methods/method-spec.js";
import { PERTURBATION_METHODS } from "./methods/perturbation.js";
import { rap } from "./methods/rap.js";
import { smoothgrad } from "./methods/smoothgrad.js";
import { vanillaGradient } from "./methods/vanilla-gradient.js";
import { xrai } from "./methods/xrai.js";

/** Every way to explain. */
export const METHODS: readonly MethodEntry[] = [
  dtd,
  rap,
  excitationBackprop,
  ...LRP,
  ...GRADIENT_METHODS,
  vanillaGradient,
  integratedGradients,
  xrai,
  smoothgrad((spec) => methodNamed(spec)),
  deeplift,
  gradCam,
  attention,
  fusion,
  ...PERTURBATION_METHODS,
];

/**
 * @param spec a name, or a name and options: `lrp-gamma:gamma=0.5`
 * @throws InputError with the known names or options for one that is none of them
 */
export function methodNamed(spec: string): Method {
  const { name, values } = parseSpec(spec);
  const entry = METHODS.find((candidate) => candidate.name === name);
  if (!entry) {
    const what = name === "" ? "the method has no name" : `method ${name} is unknown`;
    throw new InputError(`${what}; known are ${METHODS.map((m) => m.name).join(", ")}`);
  }
  return configure(entry, values);
}
