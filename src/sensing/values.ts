import { InputError } from "../errors.js";
import { own } from "../own.js";
import type { Quantity } from "../policy/card-schema.js";
import type { ValueModality } from "../policy/modalities.js";
import type { Policy } from "../policy/policy.js";
import { JOINT_WISE } from "../policy/quantities.js";
import type { Given } from "./given-values.js";

/** The end effector's state: metres and m/s, [3] each. */
export interface TipState {
  readonly position: ArrayLike<number>;
  readonly velocity: ArrayLike<number>;
}

/** The state that values are filled from; joints in the order of `jointsOf`. */
export interface Known {
  readonly position: Float64Array;
  readonly velocity: Float64Array;
  readonly tip: TipState | undefined;
  /**
   * What was commanded last, torques or other outputs, in the card's order, of actions 1 for the one that was taken; zeros
   * at the start of an episode.
   */
  readonly torque: Float64Array;
  /** Values that no sensor gives. */
  readonly given: Given;
}

/** Gives one modality's elements, in the card's order. */
export type Filler = (state: Known) => Float64Array;

/** Why values cannot go into a network, one line; undefined where they can. */
export function unusable({ modalities }: Policy, values: Readonly<Record<string, Float64Array>>): string | undefined {
  for (const modality of modalities) {
    const i = own(values, modality.name)?.findIndex((value) => !Number.isFinite(Math.fround(value))) ?? -1;
    if (i < 0 || modality.kind === "image") continue;
    const { name, elements } = modality;
    return `${name}: element ${elements[i]} is ${own(values, name)![i]}, expected a number of float32`;
  }
  return undefined;
}

/** Joints whose states a policy needs: those that it commands, then others that it observes. */
export function jointsOf({ card, modalities }: Policy): string[] {
  const seen = modalities.flatMap((m) =>
    m.kind === "values" && JOINT_WISE.has(m.quantity) && m.quantity !== "previous_action" ? m.elements : [],
  );
  return [...new Set([...card.joints, ...seen])];
}

/** True where one of a policy's modalities has one of these quantities. */
export const hasQuantity = ({ modalities }: Policy, ...quantities: readonly Quantity[]): boolean =>
  modalities.some((m) => m.kind === "values" && !m.isCarried && quantities.includes(m.quantity));

/**
 * Fillers by modality, without images and the state that the policy carries itself.
 * @throws InputError naming the modality that has no source
 */
export function fillersOf(policy: Policy): Map<string, Filler> {
  const fillers = new Map<string, Filler>();
  for (const modality of policy.modalities) {
    if (modality.kind === "image" || modality.isCarried || modality.isTold) continue;
    fillers.set(modality.name, KINDS[modality.quantity]({ policy, modality }));
  }
  return fillers;
}

interface Request {
  readonly policy: Policy;
  readonly modality: ValueModality;
}

const KINDS: Readonly<Record<Quantity, (request: Request) => Filler>> = {
  joint_position: (request) => picking(request, jointsOf(request.policy), ({ position }) => position),
  joint_velocity: (request) => picking(request, jointsOf(request.policy), ({ velocity }) => velocity),
  end_effector_position: (request) => ofTip(request, (tip) => tip.position),
  end_effector_velocity: (request) => ofTip(request, (tip) => tip.velocity),
  previous_action: (request) => picking(request, recalled(request), ({ torque }) => torque),
  other:
    ({ modality: { name } }) =>
    ({ given }) =>
      given.get(name)!.slice(),
};

/** Names of the outputs, whose last values are known unless they are explained as something else. */
function recalled({ policy, modality }: Request): string[] {
  const target = policy.outputs.find(({ reference }) => reference !== "zero");
  if (target === undefined) return policy.outputs.map(({ name }) => name);
  const why = `the target of ${target.name} is known only as a change`;
  throw new InputError(
    `${policy.cardSource}: ${modality.name}: no source, because ${why}; expected quantity: other and a topic of its own`,
  );
}

/** Fills a modality from an array by the names of its elements. */
function picking({ policy, modality }: Request, names: readonly string[], of: (state: Known) => ArrayLike<number>) {
  const places = modality.elements.map((element) => {
    const place = names.indexOf(element);
    if (place >= 0) return place;
    const where = `${policy.cardSource}: ${modality.name}: element ${element}`;
    throw new InputError(`${where} has no source, expected one of ${names.join(", ")}`);
  });
  return (state: Known) => Float64Array.from(places, (place) => of(state)[place]!);
}

function ofTip(request: Request, of: (tip: TipState) => ArrayLike<number>): Filler {
  const { policy, modality } = request;
  if (policy.card.arm === undefined) {
    const expected = "expected arm.site or arm.link in the card, to know where the end effector is";
    throw new InputError(`${policy.cardSource}: ${modality.name}: no source, ${expected}`);
  }
  return picking(request, ["x", "y", "z"], ({ tip }) => {
    if (tip === undefined) throw new Error(`${modality.name}: the end effector's state is not known`);
    return of(tip);
  });
}
