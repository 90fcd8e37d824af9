import {
  type ActionKindName,
  type CommandKindName,
  kindNamed,
  type OutputKindName,
  type OutputMeaning,
} from "../outputs/kinds.js";
import { type ACTION_VALUES, type Card, type CardOutput, UNUSED } from "./card-schema.js";

/** One output that is explained: a joint's, a component's, or the gripper's. */
export interface Output extends OutputMeaning {
  /** Name of the joint or component; unique among the outputs. */
  readonly name: string;
  /** Largest size of the explained value, in its unit; undefined where the card gives none. */
  readonly limit: number | undefined;
}

/** Outputs of one kind, side by side in one tensor. */
export interface OutputSlice {
  /** Output tensor of the model. */
  readonly tensor: string;
  /** Key path in the card, for messages. */
  readonly path: readonly PropertyKey[];
  readonly kind: OutputKindName;
  /** True for elements that the robot does not get: they are not explained. */
  readonly isUnused: boolean;
  /** First element in one step of the tensor. */
  readonly start: number;
  /** Steps of a chunk where the shape does not tell, and the step that is explained; undefined where there is no chunk. */
  readonly chunk: number | undefined;
  readonly step: number | undefined;
  readonly elements: readonly string[];
  /** One per element. */
  readonly units: readonly string[];
  readonly limits: readonly number[] | undefined;
  readonly mean: readonly number[] | undefined;
  readonly std: readonly number[] | undefined;
  readonly reference: NonNullable<CardOutput["reference"]>;
}

/** The card's entry of each slice of a tensor: a kind alone is one entry. */
export function entriesOf(
  entry: NonNullable<Card["outputs"]>[string],
  path: readonly PropertyKey[],
): { readonly entry: CardOutput; readonly path: readonly PropertyKey[] }[] {
  if (typeof entry === "string") return [{ entry: { kind: entry }, path }];
  if (!Array.isArray(entry)) return [{ entry, path }];
  return entry.map((one, i) => ({ entry: one, path: [...path, i] }));
}

const ACTION_KINDS: Readonly<Record<(typeof ACTION_VALUES)[number], ActionKindName>> = {
  logits: "action_logit",
  probabilities: "action_probability",
};

/** The slices of the card's outputs, in its order; `torque` and `actions` are one slice. The card must be consistent. */
export function outputSlices(card: Card): OutputSlice[] {
  const { torque, joints, actions } = card;
  if (actions) {
    const { output, names, values, start = 0, step } = actions;
    return [
      {
        tensor: output,
        path: ["actions"],
        kind: ACTION_KINDS[values],
        isUnused: false,
        start,
        chunk: undefined,
        step,
        elements: names,
        units: names.map(() => "1"),
        limits: undefined,
        mean: undefined,
        std: undefined,
        reference: "zero",
      },
    ];
  }
  if (torque) {
    const { output, step, mean, std, limits } = torque;
    return [
      {
        tensor: output,
        path: ["torque"],
        kind: "joint_torque",
        isUnused: false,
        start: 0,
        chunk: undefined,
        step,
        elements: joints,
        units: joints.map(() => "N·m"),
        limits: limits === undefined ? undefined : each(limits, joints.length),
        mean,
        std,
        reference: "zero",
      },
    ];
  }
  return Object.entries(card.outputs ?? {}).flatMap(([tensor, outputs]) => {
    let end = 0;
    const entries = entriesOf(outputs, ["outputs", tensor]);
    const [first] = entries;
    return entries.map(({ entry, path }): OutputSlice => {
      const elements = outputNames(card, entry, tensor) ?? [];
      const size = elements.length;
      const start = entry.start ?? end;
      end = start + size;
      const numbers = (given: number | readonly number[] | undefined) =>
        given === undefined ? undefined : each(given, size);
      const kind = kindOf(entry);
      return {
        tensor,
        path,
        kind,
        isUnused: entry.kind === UNUSED,
        start,
        chunk: entry.chunk ?? first!.entry.chunk,
        step: entry.step ?? first!.entry.step,
        elements,
        units: entry.unit === undefined ? elements.map((name) => defaultUnit(kind, name)) : each(entry.unit, size),
        limits: numbers(entry.limits),
        mean: numbers(entry.mean),
        std: numbers(entry.std),
        reference: entry.reference ?? (kindNamed(kind).present ? "present" : "zero"),
      };
    });
  });
}

/** What the policy's outputs are, in the order of every list of torques. The card must be consistent. */
export const outputsOf = (card: Card): Output[] =>
  usedSlices(card).flatMap(({ elements, kind, units, limits, reference }) =>
    elements.map((name, i) => ({
      name,
      kind,
      unit: units[i]!,
      limit: limits?.[i],
      reference: typeof reference === "string" ? reference : "modality" in reference ? "present" : "values",
    })),
  );

/** The slices that are explained. */
export const usedSlices = (card: Card): OutputSlice[] => outputSlices(card).filter(({ isUnused }) => !isUnused);

/** The model's output tensors that hold what is explained. */
export const commandedTensors = (card: Card): string[] => [...new Set(usedSlices(card).map(({ tensor }) => tensor))];

const kindOf = ({ kind }: CardOutput): CommandKindName => (kind === UNUSED ? "other" : kind);

const each = <T>(given: T | readonly T[], size: number): readonly T[] =>
  Array.isArray(given) ? given : Array.from({ length: size }, () => given as T);

const TURNS = ["roll", "pitch", "yaw"];
/** Components of a pose by their number. */
const POSES: Readonly<Record<number, readonly string[]>> = {
  3: ["x", "y", "z"],
  6: ["x", "y", "z", ...TURNS],
  7: ["x", "y", "z", "qx", "qy", "qz", "qw"],
};

/** Names of an entry's elements; undefined where its size does not tell them. */
export function outputNames(card: Card, entry: CardOutput, tensor: string): readonly string[] | undefined {
  const kind = kindOf(entry);
  const { elements } = entry;
  if (elements) return elements;
  const by = kindNamed(kind).elements;
  const size = entry.size ?? (by === "joints" ? card.joints.length : by === "own" ? 1 : undefined);
  if (size === undefined) return undefined;
  if (by === "joints") return size === card.joints.length && size > 0 ? card.joints : undefined;
  if (by === "pose") return POSES[size];
  if (kind === "gripper") return size === 1 ? [kind] : undefined;
  return Array.from({ length: size }, (_, i) => `${tensor}[${(entry.start ?? 0) + i}]`);
}

/** Turns are in rad, components of a quaternion have no unit. */
function defaultUnit(kind: CommandKindName, name: string): string {
  const { units, elements } = kindNamed(kind);
  if (elements === "pose" && TURNS.includes(name)) return units!.find((unit) => unit.startsWith("rad"))!;
  if (elements === "pose" && /^q[xyzw]$/.test(name)) return "1";
  return units?.[0] ?? "";
}

/** Steps of a chunk; 1 for a tensor without one. */
export const stepsIn = (shape: readonly number[], chunk: number | undefined): number =>
  chunk ?? (shape.length === 3 ? shape[1]! : 1);

/** Elements in one step of a tensor of this shape. */
export const widthIn = (shape: readonly number[], chunk: number | undefined): number =>
  shape.reduce((product, extent) => product * extent, 1) / stepsIn(shape, chunk);

/** Names of outputs, in their order. */
export const namesOf = (outputs: readonly Pick<Output, "name">[]): readonly string[] => outputs.map(({ name }) => name);
