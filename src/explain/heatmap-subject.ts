import { InputError } from "../errors.js";
import { CHOSEN } from "../outputs/choice.js";
import { areActions, itemOf, type OutputMeaning } from "../outputs/kinds.js";
import type { Policy } from "../policy/policy.js";
import { CONTRAST_METHOD } from "../relevance/contract/contrast.js";
import type { Method } from "../relevance/contract/method.js";
import { METHODS, methodNamed } from "../relevance/methods.js";
import { hasDifferences } from "../relevance/suitable.js";
import type { Level } from "./explanation.js";
import { subjectOf } from "./subject.js";

/** What `heatmaps` and `relevance` explain; by default the α-weighted sum over all joints, of actions the chosen one. */
export interface HeatmapSubject {
  /**
   * Joint whose torque they explain alone, or action that counts in place of the chosen one, in shares too. Of actions,
   * `chosen` is the one that is taken.
   */
  readonly heatmapOf?: string | undefined;
  /** Joint, action, or `chosen`, that they explain rather than the others. */
  readonly contrast?: string | undefined;
  /** The one that `contrast` is compared with, in place of all others. With actions, `contrast` is then `chosen` by default. */
  readonly against?: string | undefined;
}

/** An output of a policy, as far as it can be asked for. */
type Named = { readonly name: string } & Pick<OutputMeaning, "kind">;

/** Weight of each output's relevance, [J], and what the action that is taken weighs besides. */
export interface Weights {
  readonly each: Float32Array;
  readonly chosen: number;
}

/**
 * Weights of a subject: α for the sum over all; 1 for a joint alone; for a contrast α_j of its joint and −α_k/(J − 1) of
 * the others, or −α_k of the one that it is compared with: α_j R_j less the mean of the others' α_k R_k, or less α_k R_k.
 * Logits are compared as they are: α of each action is 1 there.
 * @param own α, of an action that is asked about `ofAction`
 * @throws InputError as `checkedSubject`
 */
export function weightsOf(asked: HeatmapSubject, own: Weights, outputs: readonly Named[]): Weights {
  const { heatmapOf, contrast, against } = checkedSubject(asked, outputs);
  if (heatmapOf !== undefined && !areActions(outputs)) return only(heatmapOf, ones(outputs), outputs);
  if (contrast === undefined) return own;
  const alpha = areActions(outputs) ? ones(outputs) : own.each;
  const of = only(contrast, alpha, outputs);
  if (against !== undefined) {
    const other = only(against, alpha, outputs);
    return { each: of.each.map((weight, k) => weight - other.each[k]!), chosen: of.chosen - other.chosen };
  }
  const rest = outputs.length - 1;
  return {
    each: alpha.map((each, k) => (outputs[k]!.name === contrast ? each : -each / rest)),
    chosen: of.chosen && of.chosen + 1 / rest,
  };
}

/** α where an action is asked about: it counts in place of the chosen one, in shares too. Undefined for other subjects. */
export const ofAction = ({ heatmapOf }: HeatmapSubject, outputs: readonly Named[]): Weights | undefined =>
  heatmapOf !== undefined && areActions(outputs) ? only(heatmapOf, ones(outputs), outputs) : undefined;

const ones = ({ length }: readonly Named[]): Float32Array => new Float32Array(length).fill(1);

/** The weights of one output alone. */
const only = (name: string, alpha: Float32Array, outputs: readonly Named[]): Weights => ({
  each: alpha.map((each, k) => (outputs[k]!.name === name ? each : 0)),
  chosen: Number(isAnyTaken(name, outputs)),
});

const isAnyTaken = (name: string, outputs: readonly Named[]): boolean => name === CHOSEN && areActions(outputs);

/** Levels that a tick needs: the shares of all torques are a run of their own beside the heatmaps of others than all. */
export const levelsFor = (subject: HeatmapSubject): readonly Level[] =>
  isOfAll(subject) ? ["full"] : ["full", "shares"];

/** True where heatmaps explain the α-weighted sum of all outputs. */
export const isOfAll = ({ heatmapOf, contrast, against }: HeatmapSubject): boolean =>
  heatmapOf === undefined && contrast === undefined && against === undefined;

/**
 * A subject that the policy has: `chosen` is filled in where actions are compared with another one, and left out where it
 * is the default.
 * @throws InputError for a name that is no output's, both kinds at once, or a contrast of one output or with itself
 */
export function checkedSubject(asked: HeatmapSubject, outputs: readonly Named[]): HeatmapSubject {
  const names = outputs.map(({ name }) => name);
  const isChoice = areActions(outputs);
  const item = itemOf(outputs);
  const check = (what: string, name: string | undefined) => {
    if (name === undefined || names.includes(name) || isAnyTaken(name, outputs)) return;
    const known = isChoice ? [...names, CHOSEN] : names;
    throw new InputError(`${what} ${item} ${name}: expected one of ${known.join(", ")}`);
  };
  const { against } = asked;
  check("heatmap of", asked.heatmapOf);
  check("contrast of", asked.contrast);
  check("contrast against", against);
  const contrast = asked.contrast ?? (isChoice && against !== undefined ? CHOSEN : undefined);
  const heatmapOf = asked.heatmapOf !== undefined && isAnyTaken(asked.heatmapOf, outputs) ? undefined : asked.heatmapOf;
  if (contrast === undefined) {
    if (against === undefined) return { heatmapOf };
    throw new InputError(`contrast against ${item} ${against}: expected the ${item} to compare with it too (contrast)`);
  }
  if (asked.heatmapOf !== undefined)
    throw new InputError(
      `heatmap of ${item} ${asked.heatmapOf} and contrast of ${item} ${contrast}: expected one of the two`,
    );
  if (names.length < 2)
    throw new InputError(`contrast of ${item} ${contrast}: the policy has no other output to compare it with`);
  if (against === contrast)
    throw new InputError(`contrast of ${item} ${contrast} against itself: expected another ${item}`);
  return { contrast, against };
}

/**
 * The method that explains a subject: the one asked for, else `dtd`, or that of a contrast.
 * @throws InputError for an unknown method, or a contrast by a method that cannot show it
 */
export function methodFor(policy: Policy, subject: HeatmapSubject, asked?: string | Method): Method {
  const chosen = asked ?? (isContrast(subject) ? CONTRAST_METHOD : "dtd");
  const method = typeof chosen === "string" ? methodNamed(chosen) : chosen;
  checkContrast(policy, subject, method);
  return method;
}

/** True where a method's heatmaps tell a policy's outputs apart, or it explains the difference of two as one value. */
export const canContrast = (policy: Policy, { contrasts }: Pick<Method, "contrasts">): boolean =>
  contrasts === true || (contrasts === "logits" && areActions(policy.outputs) && hasDifferences(subjectOf(policy)));

/** @throws InputError for a contrast by a method that cannot show it */
export function checkContrast(policy: Policy, subject: HeatmapSubject, method: Method): void {
  if (!isContrast(subject) || canContrast(policy, method)) return;
  const others = METHODS.filter(
    ({ contrasts }) => typeof contrasts !== "function" && canContrast(policy, { contrasts }),
  );
  const why =
    method.contrasts === "logits" && areActions(policy.outputs)
      ? "explains the difference of logits that one dense layer makes, and this policy has none"
      : "does not tell outputs apart";
  throw new InputError(
    `contrast of ${subject.contrast ?? CHOSEN}: method ${method.spec} ${why}; expected ${CONTRAST_METHOD}, or one of ${others.map(({ name }) => name).join(", ")}`,
  );
}

/** True where heatmaps explain one output rather than another or all others. */
export const isContrast = ({ contrast, against }: HeatmapSubject): boolean =>
  contrast !== undefined || against !== undefined;
