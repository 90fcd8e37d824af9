/**
 * What a policy's output can be: the words, units and rules of each kind, one entry a kind. Every place that names an
 * output takes its words from here.
 */
export interface OutputKind {
  /** Of the value itself; of a value that is measured from what is present, `change of …` and Δ. */
  readonly noun: string;
  readonly plural: string;
  /** True where these words say themselves that it is commanded. */
  readonly saysCommand?: boolean;
  readonly symbol: string;
  /** Units that fit, the default first. Undefined: any, and none by default. */
  readonly units: readonly string[] | undefined;
  /**
   * How far one unit of it moves the end effector, for α: as a torque held over a control period, as a change of a
   * joint's position, as a joint's velocity over a control period; `one`: not weighed against joints, α = 1; `chosen`: 1 for the
   * action that the policy takes, 0 for the others.
   */
  readonly importance: "torque" | "position" | "velocity" | "one" | "chosen";
  /** Names of its elements: the joints, components of a pose, or the kind's own name. */
  readonly elements: "joints" | "pose" | "own";
  /** The observed quantity that a target is measured from; undefined where the output is no target. */
  readonly present?: "joint_position" | "end_effector_position";
}

const JOINT = { elements: "joints" } as const;
const POSE = { importance: "one", elements: "pose" } as const;
/** Of a policy that chooses one of several actions. */
const ACTION = { importance: "chosen", elements: "own", units: ["1"] } as const;

export const OUTPUT_KINDS = {
  joint_torque: {
    ...JOINT,
    noun: "torque",
    plural: "torques",
    symbol: "τ",
    units: ["N·m", "N"],
    importance: "torque",
  },
  joint_position: {
    ...JOINT,
    noun: "position",
    plural: "positions",
    symbol: "q",
    units: ["rad", "m"],
    importance: "position",
    present: "joint_position",
  },
  joint_position_delta: {
    ...JOINT,
    noun: "change of position",
    plural: "changes of position",
    symbol: "Δq",
    units: ["rad", "m"],
    importance: "position",
  },
  joint_velocity: {
    ...JOINT,
    noun: "velocity",
    plural: "velocities",
    symbol: "q̇",
    units: ["rad/s", "m/s"],
    importance: "velocity",
  },
  end_effector_position: {
    ...POSE,
    noun: "pose",
    plural: "poses",
    symbol: "x",
    units: ["m", "rad", "1"],
    present: "end_effector_position",
  },
  end_effector_delta: {
    ...POSE,
    noun: "change of pose",
    plural: "changes of pose",
    symbol: "Δx",
    units: ["m", "rad", "1"],
  },
  end_effector_velocity: {
    ...POSE,
    noun: "end-effector velocity",
    plural: "end-effector velocities",
    symbol: "ẋ",
    units: ["m/s", "rad/s"],
  },
  gripper: {
    noun: "gripper command",
    plural: "gripper commands",
    saysCommand: true,
    symbol: "g",
    units: ["1", "m", "rad", "N"],
    importance: "one",
    elements: "own",
  },
  other: {
    noun: "command",
    plural: "commands",
    saysCommand: true,
    symbol: "u",
    units: undefined,
    importance: "one",
    elements: "own",
  },
  action_logit: { ...ACTION, noun: "logit", plural: "logits", symbol: "z" },
  action_probability: { ...ACTION, noun: "probability", plural: "probabilities", symbol: "π" },
} as const satisfies Readonly<Record<string, OutputKind>>;

export type OutputKindName = keyof typeof OUTPUT_KINDS;

/** Kinds of actions, of which a policy takes one at a time. */
export type ActionKindName = "action_logit" | "action_probability";
/** Kinds of commands, which a robot gets all at once. */
export type CommandKindName = Exclude<OutputKindName, ActionKindName>;

export const COMMAND_KIND_NAMES = (Object.keys(OUTPUT_KINDS) as OutputKindName[]).filter(
  (name): name is CommandKindName => OUTPUT_KINDS[name].importance !== "chosen",
) as readonly CommandKindName[] as readonly [CommandKindName, ...CommandKindName[]];

/** True where the outputs are actions, of which the policy takes one. */
export const areActions = (outputs: readonly { readonly kind: string }[]): boolean =>
  outputs.length > 0 && outputs.every(({ kind }) => kindNamed(kind).importance === "chosen");

/** What one output of a policy is. */
export interface OutputMeaning {
  readonly kind: OutputKindName;
  /** Unit of the explained value, empty where the card gives none. */
  readonly unit: string;
  /** What the explained value is measured from: 0, what is present (the change that is commanded), or a number. */
  readonly reference: Reference;
}

const REFERENCES = ["zero", "present", "values"] as const;
type Reference = (typeof REFERENCES)[number];

/** A torque in N·m: what outputs are where nothing else is said, as in recordings of version 0.1. */
export const TORQUE: OutputMeaning = { kind: "joint_torque", unit: "N·m", reference: "zero" };

/** True for a torque in N·m, which needs no word more. */
export const isPlainTorque = ({ kind, unit, reference }: OutputMeaning): boolean =>
  kind === TORQUE.kind && unit === TORQUE.unit && reference === TORQUE.reference;

/** An output's meaning as files and JSON name it. */
export const meaningJson = ({ kind, unit, reference }: OutputMeaning) => ({ kind, unit, measured_from: reference });

/** What a recorded output is; a torque where the recording does not say. */
export function meaningOf({ kind, unit = "", measured_from: from }: RecordedOutput): OutputMeaning {
  if (kind === undefined || kind === "") return TORQUE;
  const known = Object.hasOwn(OUTPUT_KINDS, kind) ? (kind as OutputKindName) : "other";
  return { kind: known, unit, reference: REFERENCES.find((reference) => reference === from) ?? "zero" };
}

/** Fields of `msg/TorqueRelevance.msg`; absent in recordings of version 0.1. */
interface RecordedOutput {
  readonly kind?: string;
  readonly unit?: string;
  readonly measured_from?: string;
}

/** The kind of this name; of a name that a later version wrote, `other`. */
export const kindNamed = (name: string): OutputKind =>
  Object.hasOwn(OUTPUT_KINDS, name) ? OUTPUT_KINDS[name as OutputKindName] : OUTPUT_KINDS.other;

/** What a policy does by these outputs: `commands torques`, `chooses among actions`. */
export const doingOf = (outputs: readonly Described[]): string =>
  areActions(outputs) ? "chooses among actions" : `commands ${wordsOf(outputs).plural}`;

/** What one of these outputs is called, and several. */
export const itemOf = (outputs: readonly { readonly kind: string }[]): "joint" | "action" | "output" =>
  areActions(outputs) ? "action" : followJoints(outputs) ? "joint" : "output";

/**
 * `elbow rather than the other joints`: a contrast, with what it is compared with. The action that is taken may turn out to
 * be the one that it is compared with.
 */
export const ratherThan = (
  contrast: string,
  against: string | undefined,
  outputs: readonly { readonly kind: string }[],
): string =>
  contrast === against
    ? `${contrast} rather than itself (the policy takes it): the map is zero`
    : `${contrast} rather than ${against || `the other ${itemOf(outputs)}s`}`;

/** Words for several outputs together. */
export interface OutputWords {
  readonly noun: string;
  readonly plural: string;
  /** `OutputKind.saysCommand`; left out: false. */
  readonly saysCommand?: boolean;
  readonly symbol: string;
  /** Their common unit; empty where they have none, or several. */
  readonly unit: string;
}

/** The words of one kind where all outputs share it, else those of commands. */
export function wordsOf(outputs: readonly Described[]): OutputWords {
  const first = outputs[0] ?? TORQUE;
  const isShared = outputs.every(
    ({ kind, reference }) => kind === first.kind && from(reference) === from(first.reference),
  );
  const { noun, plural, saysCommand, symbol } = kindNamed(isShared ? first.kind : "other");
  const unit = outputs.every((output) => output.unit === first.unit) ? first.unit : "";
  const more = { ...(saysCommand && { saysCommand }), unit };
  if (isShared && first.reference === "present")
    return { noun: `change of ${noun}`, plural: `changes of ${noun}`, symbol: `Δ${symbol}`, ...more };
  if (isShared && first.reference === "values")
    return {
      noun: `${noun} from its reference`,
      plural: `${plural} from their references`,
      symbol: `${symbol} − ${symbol}₀`,
      ...more,
    };
  return { noun, plural, symbol, ...more };
}

const from = (reference: string | undefined): string => reference ?? "zero";

/** As much of an output's meaning as its words need. */
interface Described {
  readonly kind: string;
  readonly unit: string;
  readonly reference?: string;
}

/** `0.3 N·m`; the number alone where there is no unit, or the unit is 1. */
export const withUnit = (number: string, unit: string): string =>
  unit === "" || unit === "1" ? number : `${number} ${unit}`;

/** `torque, N·m`: a quantity with its unit, as axes and column heads name it. */
export const quantityWithUnit = (quantity: string, unit: string): string =>
  unit === "" || unit === "1" ? quantity : `${quantity}, ${unit}`;

/** True where the outputs command joints and at most a gripper beside them, so that each is one joint of the arm. */
export const followJoints = (outputs: readonly { readonly kind: string }[]): boolean =>
  outputs.every(({ kind }) => kind === "gripper" || kindNamed(kind).elements === "joints") &&
  outputs.some(({ kind }) => kind !== "gripper");

/** True where every output is a torque, which an effort controller takes. */
export const areTorques = (outputs: readonly { readonly kind: string; readonly reference: string }[]): boolean =>
  outputs.every(({ kind, reference }) => kind === "joint_torque" && reference === "zero");
