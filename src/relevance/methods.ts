import { InputError } from "../errors.js";
import type { Context } from "./context.js";
import type { LinearLayer } from "./linear-layer.js";
import { eq1, eq2, zBox } from "./linear-rules.js";
import type { Method } from "./method.js";
import { configure, type MethodEntry, parseSpec, ruled } from "./method-spec.js";
import { fusion } from "./methods/fusion.js";
import { GRADIENT_METHODS } from "./methods/gradients.js";
import { positive } from "./operator-rules.js";

const isOutput = (layer: LinearLayer, context: Context) => context.analysis.isOutputSide(layer.node);
const isBounded = (layer: LinearLayer, context: Context) => context.prefix.bounds(layer.input) !== undefined;

/** Every way to explain. */
export const METHODS: readonly MethodEntry[] = [
  ruled({
    name: "dtd",
    title: "Deep Taylor Decomposition: Eq. 1 at the torques, z+ (Eq. 2) in hidden layers, zB at the image",
    cite: "Kim & Choi, Explaining the Decisions of Deep Policy Networks for Robotic Manipulations, IROS 2021; Montavon et al., Pattern Recognition 65, 2017",
    conserves: true,
    linear: true,
    rules: () => ({
      seed: "torque",
      rows: [
        { name: "eq1", rule: eq1, when: isOutput },
        { name: "zbox", rule: zBox, when: isBounded },
        { name: "eq2", rule: eq2, when: () => true },
      ],
      operators: positive,
    }),
  }),
  fusion,
  ...GRADIENT_METHODS,
];

/**
 * @param spec a name, or a name and options: `lrp-gamma:gamma=0.5`
 * @throws InputError with the known names or options for one that is none of them
 */
export function methodNamed(spec: string): Method {
  const { name, values } = parseSpec(spec);
  const entry = METHODS.find((candidate) => candidate.name === name);
  if (!entry) throw new InputError(`method ${name} is unknown; known are ${METHODS.map((m) => m.name).join(", ")}`);
  return configure(entry, values);
}
