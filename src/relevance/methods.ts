import { InputError } from "../errors.js";
import type { Context } from "./context.js";
import type { LinearLayer } from "./linear-layer.js";
import { eq1, eq2, type LayerRule, zBox } from "./linear-rules.js";

/** A row of a layer table: the first row that matches a layer decides its rule. */
export interface Row {
  readonly rule: LayerRule;
  /** What `inspect` calls the rule. */
  readonly name: string;
  readonly when: (layer: LinearLayer, context: Context) => boolean;
}

/** A named way to explain: what is asked (the torques), and a first-match table of rules for linear layers. */
export interface Method {
  readonly name: string;
  readonly title: string;
  readonly cite: string;
  /** Whether Σ R of all inputs is Σα|τ|. */
  readonly conserves: boolean;
  /** Whether relevance is linear in the seed: one pass gives the α-weighted sum over torques. */
  readonly linear: boolean;
  readonly rows: readonly Row[];
}

const isOutput = (layer: LinearLayer, context: Context) => context.analysis.isOutputSide(layer.node);
const isBounded = (layer: LinearLayer, context: Context) => context.prefix.bounds(layer.input) !== undefined;

export const METHODS: readonly Method[] = [
  {
    name: "dtd",
    title: "Deep Taylor Decomposition: Eq. 1 at the torques, z+ (Eq. 2) in hidden layers, zB at the image",
    cite: "Kim & Choi, Explaining the Decisions of Deep Policy Networks for Robotic Manipulations, IROS 2021; Montavon et al., Pattern Recognition 65, 2017",
    conserves: true,
    linear: true,
    rows: [
      { name: "eq1", rule: eq1, when: isOutput },
      { name: "zbox", rule: zBox, when: isBounded },
      { name: "eq2", rule: eq2, when: () => true },
    ],
  },
];

/** @throws InputError with the known names for a name that is none of them */
export function methodNamed(name: string): Method {
  const method = METHODS.find((entry) => entry.name === name);
  if (!method) throw new InputError(`method ${name} is unknown; known are ${METHODS.map((m) => m.name).join(", ")}`);
  return method;
}
