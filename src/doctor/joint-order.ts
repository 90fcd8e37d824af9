import type { ManyObservations } from "../evaluation/what-if/many.js";
import type { Observation } from "../explain/observation.js";
import { own } from "../own.js";
import type { ValueModality } from "../policy/modalities.js";
import type { Policy } from "../policy/policy.js";
import type { Finding } from "./finding.js";

const CHECK = "joint order";

/** Observations at which gradients are taken. */
const TAKEN = 6;
/** Step of a joint, rad or the unit of the values. */
const STEP = 1e-3;
/** How much steeper a target must follow another joint than its own. */
const STEEPER = 2;

/**
 * A target of a joint follows the position of that joint: where gradients say that each follows another one's instead,
 * the names are in another order than in training. Policies of other outputs tell nothing.
 */
export async function jointOrder(
  policy: Policy,
  observations: readonly Observation[],
  many: ManyObservations,
): Promise<Finding[]> {
  const joints = policy.modalities.find(
    (one): one is ValueModality => one.kind === "values" && one.quantity === "joint_position",
  );
  const places = policy.outputs.map(({ name, kind }) =>
    kind === "joint_position" ? (joints?.elements.indexOf(name) ?? -1) : -1,
  );
  const targets = places.flatMap((place, j) => (place < 0 ? [] : [j]));
  if (!joints || targets.length < 2) return [];
  const taken = observations.filter((_, i) => i % Math.ceil(observations.length / TAKEN) === 0);
  const slopes = await slopesOf(joints, taken, many, places);
  const follows = targets.map((j) => slopes[j]!.indexOf(Math.max(...slopes[j]!)));
  const wrong = targets.flatMap((j, t) => {
    const [own_, other] = [slopes[j]![places[j]!]!, slopes[j]![follows[t]!]!];
    return follows[t] !== places[j] && other > STEEPER * own_ && other > 0.2 ? [[j, follows[t]!] as const] : [];
  });
  const isPermuted = wrong.length >= 2 && new Set(wrong.map(([, place]) => place)).size === wrong.length;
  if (!isPermuted)
    return [{ check: CHECK, grade: "good", text: "gradients: no target follows another joint than its own" }];
  const pairs = wrong.map(([j, place]) => `${policy.outputs[j]!.name} follows ${joints.elements[place]}`).join(", ");
  return [
    {
      check: CHECK,
      grade: "fault",
      text: `the joints are in another order than the policy's: by its gradients ${pairs}; correct the names in the card`,
    },
  ];
}

/** Mean size of each target's gradient with respect to each joint, [outputs][joints]; of a target itself, not of its change. */
async function slopesOf(
  joints: ValueModality,
  taken: readonly Observation[],
  many: ManyObservations,
  places: readonly number[],
) {
  const slopes = places.map(() => new Array<number>(joints.size).fill(0));
  for (let i = 0; i < joints.size; i++) {
    const moved = (by: number) =>
      taken.map((observation) => ({
        ...observation,
        values: {
          ...observation.values,
          [joints.name]: own(observation.values, joints.name)!.map((value, k) => (k === i ? value + by : value)),
        },
      }));
    const [up, down] = [await many.commands(moved(STEP)), await many.commands(moved(-STEP))];
    for (const [j, place] of places.entries())
      for (const [k, command] of up.entries()) {
        const change = (command[j]! - down[k]![j]!) / (2 * STEP);
        slopes[j]![i]! += Math.abs(change + (place === i ? 1 : 0)) / taken.length;
      }
  }
  return slopes;
}
