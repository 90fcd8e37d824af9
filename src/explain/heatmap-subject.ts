import { InputError } from "../errors.js";
import { CONTRAST_METHOD } from "../relevance/contract/contrast.js";
import type { Method } from "../relevance/contract/method.js";
import { METHODS, methodNamed } from "../relevance/methods.js";
import type { Level } from "./explanation.js";

/** What `heatmaps` and `relevance` explain; by default the α-weighted sum over all joints. */
export interface HeatmapSubject {
  /** Joint whose torque they explain alone. */
  readonly heatmapOf?: string | undefined;
  /** Joint whose torque they explain rather than the others'. */
  readonly contrast?: string | undefined;
}

/**
 * Weight of each torque's relevance, [J]: α for the sum over all, 1 for a joint alone; α_j for the joint of a contrast
 * and −α_k/(J − 1) for the others, so that its relevance is α_j R_j less the mean of the others' α_k R_k.
 * @throws InputError for a joint that the policy does not command, or both kinds at once
 */
export function weightsOf(
  { heatmapOf, contrast }: HeatmapSubject,
  importance: Float32Array,
  joints: readonly string[],
): Float32Array {
  checkJoints({ heatmapOf, contrast }, joints);
  if (heatmapOf !== undefined) return Float32Array.from(joints, (joint) => Number(joint === heatmapOf));
  if (contrast === undefined) return importance;
  return importance.map((alpha, k) => (joints[k] === contrast ? alpha : -alpha / (joints.length - 1)));
}

/** Levels that a tick needs: the shares of all torques are a run of their own beside the heatmaps of others than all. */
export const levelsFor = ({ heatmapOf, contrast }: HeatmapSubject): readonly Level[] =>
  heatmapOf === undefined && contrast === undefined ? ["full"] : ["full", "shares"];

/** @throws InputError for a joint that the policy does not command, both kinds at once, or a contrast of one torque */
export function checkJoints({ heatmapOf, contrast }: HeatmapSubject, joints: readonly string[]): void {
  const check = (what: string, joint: string | undefined) => {
    if (joint !== undefined && !joints.includes(joint))
      throw new InputError(`${what} of joint ${joint}: expected one of ${joints.join(", ")}`);
  };
  check("heatmap", heatmapOf);
  check("contrast", contrast);
  if (contrast === undefined) return;
  if (heatmapOf !== undefined)
    throw new InputError(`heatmap of joint ${heatmapOf} and contrast of joint ${contrast}: expected one of the two`);
  if (joints.length < 2)
    throw new InputError(`contrast of joint ${contrast}: the policy has no other output to compare it with`);
}

/**
 * The method that explains a subject: the one asked for, else `dtd`, or that of a contrast.
 * @throws InputError for an unknown method, or a contrast by a method whose heatmaps hardly depend on the torque
 */
export function methodFor(subject: HeatmapSubject, asked?: string | Method): Method {
  const chosen = asked ?? (subject.contrast === undefined ? "dtd" : CONTRAST_METHOD);
  const method = typeof chosen === "string" ? methodNamed(chosen) : chosen;
  checkContrast(subject, method);
  return method;
}

/** @throws InputError for a contrast by a method whose heatmaps hardly depend on the torque */
export function checkContrast({ contrast }: HeatmapSubject, { spec, contrasts }: Method): void {
  if (contrast === undefined || contrasts) return;
  const others = METHODS.filter((entry) => entry.contrasts === true).map(({ name }) => name);
  throw new InputError(
    `contrast of joint ${contrast}: method ${spec} does not tell outputs apart; expected ${CONTRAST_METHOD}, or one of ${others.join(", ")}`,
  );
}
