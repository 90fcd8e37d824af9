import type { OutputKindName } from "../outputs/kinds.js";
import { stem, stepSize, stepsOf } from "./guesses.js";
import type { Tensor } from "./tensors.js";

/** Outputs of one kind, side by side, as names or shapes suggest them. */
export interface GuessedKind {
  readonly kind: OutputKindName;
  readonly size: number;
  /** Names of the elements where they are known. */
  readonly elements?: readonly string[];
}

/** A guess, and what it was made by. */
export interface GuessedKinds {
  readonly kinds: readonly GuessedKind[];
  readonly by: string;
}

/** Kinds by the names that output tensors have. */
const TENSORS: readonly (readonly [kind: OutputKindName, names: RegExp])[] = [
  ["joint_position_delta", /^(delta|rel(ative)?)_?(joint|q|dof)/],
  [
    "joint_position",
    /^(target_?)?(q|qpos|(joint|dof)s?_?(pos|positions?|angles?|targets?))(_(target|cmd|command)s?)?$/,
  ],
  ["joint_velocity", /^(target_?)?(qd|dq|qvel|(joint|dof)s?_?(vel|velocity|velocities))(_(target|cmd|command)s?)?$/],
  ["end_effector_delta", /^(delta_?(pose|eef?|ee|xyz|tcp)|(eef?|ee|tcp|pose)_?deltas?)$/],
  ["end_effector_velocity", /^(twist|(eef?|ee|tcp)_?(vel|velocity|twist))$/],
  ["end_effector_position", /^(eef?|ee|tcp|target)_?(pose|pos|position)$/],
  ["gripper", /^gripper(_(action|cmd|command|pos|position|state|width))?$/],
];

const POSE = /^(delta_?)?(x|y|z|roll|pitch|yaw|rx|ry|rz|wx|wy|wz)$/;

/** Kinds by the names of single actions, as data sets of LeRobot have them: `shoulder_pan.pos`, `gripper.pos`, `delta_x`. */
function kindOfName(name: string): { readonly kind: OutputKindName; readonly element: string } | undefined {
  const [, stemmed = name, suffix] = /^(.*?)(?:[._](pos|position|vel|velocity|effort|torque|delta))?$/.exec(name)!;
  if (/(^|[._])gripper\d*$/.test(stemmed)) return { kind: "gripper", element: stemmed };
  if (POSE.test(name)) return { kind: "end_effector_delta", element: name.replace(/^delta_?/, "") };
  if (suffix === "pos" || suffix === "position") return { kind: "joint_position", element: stemmed };
  if (suffix === "vel" || suffix === "velocity") return { kind: "joint_velocity", element: stemmed };
  if (suffix === "delta") return { kind: "joint_position_delta", element: stemmed };
  if (suffix === "effort" || suffix === "torque") return { kind: "joint_torque", element: stemmed };
  return undefined;
}

/** Kinds of a tensor by the names of its elements; undefined where one does not tell, or their number differs. */
export function kindsByNames(names: readonly string[], width: number): GuessedKinds | undefined {
  const told = names.map(kindOfName);
  if (names.length !== width || told.length === 0 || told.includes(undefined)) return undefined;
  const kinds: { kind: OutputKindName; size: number; elements: string[] }[] = [];
  for (const { kind, element } of told as NonNullable<(typeof told)[number]>[]) {
    const last = kinds.at(-1);
    if (last?.kind === kind) {
      last.elements.push(element);
      last.size++;
    } else kinds.push({ kind, size: 1, elements: [element] });
  }
  return { kinds, by: "the actions' names" };
}

/**
 * Kinds of an output tensor by its name, else by its shape: seven numbers of a policy that reads words are an
 * end-effector delta and a gripper, a chunk is one of joint positions. Undefined where nothing tells.
 * @param readsWords true where the policy has an input of tokens
 */
export function guessKinds(tensor: Tensor, readsWords: boolean): GuessedKinds | undefined {
  const width = stepSize(tensor);
  const known = stem(tensor.name);
  const named = TENSORS.find(([, names]) => names.test(known))?.[0];
  if (named !== undefined) return { kinds: [{ kind: named, size: width }], by: "name" };
  if (readsWords && width === 7) {
    const kinds: GuessedKind[] = [
      { kind: "end_effector_delta", size: 6 },
      { kind: "gripper", size: 1 },
    ];
    return { kinds, by: "size, and the words that the policy reads" };
  }
  if (stepsOf(tensor) > 1 && !/torque|^tau$|effort/.test(known))
    return { kinds: [{ kind: "joint_position", size: width }], by: "shape: chunks mostly hold joint positions" };
  return undefined;
}
