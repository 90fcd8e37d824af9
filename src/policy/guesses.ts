import type { ACTION_VALUES } from "./card-schema.js";
import { elementCount, type Tensor } from "./tensors.js";

/** A slice of a tensor as its name and size suggest it. */
export interface Guess {
  readonly modality: string;
  readonly size: number;
}

/** Modalities by the names that tensors have in LeRobot, robosuite, MuJoCo Playground and Isaac Lab. */
const NAMES: readonly (readonly [modality: string, names: RegExp])[] = [
  ["joint_position", /^(q|qpos|(joint|dof)s?_(pos|positions?|angles?|states?)(_rel)?)$/],
  ["joint_velocity", /^(qd|dq|qvel|(joint|dof)s?_(vel|velocity|velocities)(_rel)?)$/],
  ["end_effector_position", /^(eef?|end_effector|tcp|tip|fingertip|gripper)_(pos|position)$/],
  ["end_effector_velocity", /^(eef?|end_effector|tcp|tip|fingertip)_(vel|velocity|vel_lin|lin_vel)$/],
  ["end_effector_orientation", /^(eef?|end_effector|tcp|tip)_(quat|orientation|rot|rot6d|ori)(_site)?$/],
  ["previous_action", /^((last|prev|previous)_act(ions?)?|actions?)$/],
  ["gripper", /^gripper(_(qpos|state|width|joint_pos))?$/],
  [
    "goal",
    /^(goal|target|object|cube|block)(_(pos|position))?$|^(desired_goal|commands?|velocity_commands|pose_command)$/,
  ],
];
/** Names of a tensor that holds several quantities, or one that its name does not tell. */
const MIXED = /^(state|obs|observations?|policy|proprio|proprioception|agent_pos|low_?dim|robot_state|inputs?|x)$/;
/** Modalities with an element per joint. */
const PER_JOINT = ["joint_position", "joint_velocity", "previous_action"];

/** `observation.state`, `obs/policy` and `robot0_joint_pos` without what only says where they come from. */
export function stem(name: string): string {
  const last = name.toLowerCase().split(/[./:]/).at(-1)!;
  return last.replace(/^(obs|observations?|robot\d*|arm\d*)_(?=.)/, "");
}

/**
 * Slices of one step of a tensor, by its name and its number of elements a step; undefined where these do not tell.
 * @param joints number of torques
 */
export function guessSlices(name: string, size: number, joints: number): readonly Guess[] | undefined {
  const known = stem(name);
  const modality = NAMES.find(([, names]) => names.test(known))?.[0];
  if (modality !== undefined) {
    const fits = PER_JOINT.includes(modality) ? joints : /_(position|velocity)$/.test(modality) ? 3 : size;
    return fits === size ? [{ modality, size }] : undefined;
  }
  if (!MIXED.test(known) || size % joints !== 0 || size > 3 * joints) return undefined;
  return PER_JOINT.slice(0, size / joints).map((each) => ({ modality: each, size: joints }));
}

/** Name of a camera's modality: `observation.images.top`, `top_image` and `pixels/top` are `top`. */
export function cameraName(name: string): string {
  const known = name.replace(/^observations?[./_]/, "").replace(/^(images?|pixels|rgb)[./_](?=.)/, "");
  return (known.replace(/(?<=.)[._/](image|rgb|color)$/, "") || name).replace(/^(?=\d)|\W/g, "_");
}

/** Output that holds the torques most likely: by its name, else the first. */
export function guessOutput(outputs: readonly Tensor[]): Tensor | undefined {
  const named = (names: RegExp) => outputs.find(({ name }) => names.test(stem(name)));
  return named(/torque|^tau$|effort/) ?? named(/^(actions?|mu|mean|mode)$/) ?? outputs[0];
}

/** What an output holds of each action, by the names that classifiers' outputs have. */
const ACTIONS: readonly (readonly [values: (typeof ACTION_VALUES)[number], names: RegExp])[] = [
  ["logits", /^((action|policy)s?_?)?logits?$/],
  ["probabilities", /^((action|policy)s?_?)?prob(s|abilit(y|ies))?$/],
];

/** The output that holds logits or probabilities of actions, by its name; undefined where none does. */
export function guessActions(
  outputs: readonly Tensor[],
): { readonly output: Tensor; readonly values: (typeof ACTION_VALUES)[number] } | undefined {
  for (const [values, names] of ACTIONS) {
    const output = outputs.find((tensor) => names.test(stem(tensor.name)) && stepSize(tensor) > 1);
    if (output) return { output, values };
  }
  return undefined;
}

/** Steps of a window in time [1, steps, n], else 1. */
export const stepsOf = ({ shape }: Tensor): number => (shape.length === 3 ? shape[1]! : 1);

/** Elements of one step. */
export const stepSize = (tensor: Tensor): number => elementCount(tensor.shape) / stepsOf(tensor);
