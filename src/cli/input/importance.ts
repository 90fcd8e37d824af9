import { Arm } from "../../arm/arm.js";
import { type Importance, ImportanceFactor, importanceWithoutArm, movingOf } from "../../arm/importance.js";
import { modelFromFile } from "../../arm/mujoco.js";
import { InputError } from "../../errors.js";
import type { Observation } from "../../explain/observation.js";
import type { Policy } from "../../policy/policy.js";

/**
 * The importance factor α of each of the policy's outputs, [J], in the pose of these joints: from the arm that the card
 * names; 1 for each, flagged unknown where it commands joints, where it names none or a joint's position is not among `joints`.
 * Throws InputError for an arm's model that cannot be read or lacks a joint or the end effector.
 */
export async function importanceAt(policy: Policy, joints: Observation["joints"]): Promise<Importance> {
  const { card, armFile } = policy;
  const outputs = movingOf(policy.outputs);
  const places = card.joints.map((name) => joints.names.indexOf(name));
  if (armFile === undefined || card.arm === undefined || places.includes(-1)) {
    return importanceWithoutArm(outputs);
  }
  const { site, link } = card.arm;
  const model = await modelFromFile(armFile);
  const tip = site !== undefined ? { site } : link !== undefined ? { body: link } : undefined;
  if (tip === undefined) throw new InputError(`${policy.cardSource}: arm: found neither site nor link`);
  const arm = new Arm(model, card.joints, tip);
  const factor = new ImportanceFactor(arm, card.control_period, outputs);
  try {
    return factor.at(
      places.map((place) => joints.position[place]!),
      places.map((place) => joints.velocity[place]!),
    );
  } finally {
    factor.delete();
    arm.delete();
    model.delete();
  }
}
