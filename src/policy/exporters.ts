import type { Guess } from "./guesses.js";
import { stepSize } from "./guesses.js";
import { elementCount, type Tensor, type Tensors } from "./tensors.js";

/** What is known of a policy besides its tensors. */
export interface Exported {
  readonly tensors: Tensors;
  /** The model's metadata. */
  readonly metadata: ReadonlyMap<string, string>;
  /** `config.json` beside the model, where there is one. */
  readonly config: Readonly<Record<string, unknown>> | undefined;
}

/** Lines of a card that an exporter's habits tell. */
export interface Habits {
  /** The exporter, as a comment names it. */
  readonly by: string;
  /** Seconds between two commands. */
  readonly period?: number;
  readonly joints?: readonly string[];
  /** YAML of `outputs`, without the key. */
  readonly outputs?: readonly string[];
  /** Of images: encoding of three channels, and lowest and highest value. */
  readonly images?: { readonly encoding: string; readonly range: string };
  /** Slices of a tensor; undefined where the habits do not tell. */
  readonly slices?: (tensor: Tensor) => readonly Slice[] | undefined;
  /** Memory: input → output. */
  readonly state?: Readonly<Record<string, string>>;
}

/** A slice, with normalisation outside the model where the exporter has one. */
export interface Slice extends Guess {
  readonly mean?: readonly number[];
  readonly std?: readonly number[];
}

type Exporter = (exported: Exported) => Habits | undefined;

const named = (tensors: readonly Tensor[], names: RegExp) => tensors.find(({ name }) => names.test(name));
const list = (text: string | undefined) => text?.split(",").map((word) => word.trim()) ?? [];
const numbers = (text: string | undefined) => list(text).map(Number);

/** robosuite's cameras, end effector and gripper, and its controller of pose changes: robomimic's usual tasks. */
const robomimic: Exporter = ({ tensors, config }) => {
  const names = tensors.inputs.map(({ name }) => name);
  const isRobosuite = names.some((name) => /robot\d+_eef_(pos|quat)|agentview|eye_in_hand/.test(name));
  if (!isRobosuite && typeof config?.algo_name !== "string") return undefined;
  const output = named(tensors.outputs, /action/i) ?? tensors.outputs[0];
  const isPose = output !== undefined && stepSize(output) === 7;
  return {
    by: "robomimic",
    period: 0.05,
    images: { encoding: "rgb8", range: "[0, 1]" },
    ...(isPose && {
      joints: [],
      outputs: [`${JSON.stringify(output.name)}:`, "  - { kind: end_effector_delta, size: 6 }", "  - kind: gripper"],
    }),
  };
};

/** Terms of an observation in Isaac Lab, with their number of elements. */
const TERMS: readonly (readonly [term: RegExp, modality: string, size: number | "joints"])[] = [
  [/base_lin_vel/, "base_linear_velocity", 3],
  [/base_ang_vel|imu_ang_vel/, "base_angular_velocity", 3],
  [/projected_gravity/, "projected_gravity", 3],
  [/command/, "command", 3],
  [/joint_pos/, "joint_position", "joints"],
  [/joint_vel/, "joint_velocity", "joints"],
  [/action/, "previous_action", "joints"],
];
/** Order of these terms where the file does not say it: with the base's linear velocity, and without. */
const USUAL = [
  "base_lin_vel",
  "base_ang_vel",
  "projected_gravity",
  "velocity_commands",
  "joint_pos",
  "joint_vel",
  "actions",
];

/** Locomotion policies of rsl_rl as Isaac Lab exports them: one vector `obs`, targets around a default pose. */
const rslRl: Exporter = ({ tensors, metadata }) => {
  const input = named(tensors.inputs, /^(obs|observations?|policy|actor_obs)$/);
  const output = named(tensors.outputs, /^actions?$/);
  const isVector = input && output && stepSize(input) === input.shape.at(-1) && input.shape.length <= 2;
  const joints = list(metadata.get("joint_names"));
  if (!isVector || (joints.length === 0 && stepSize(input) < 9 + 3 * stepSize(output))) return undefined;
  const count = stepSize(output);
  const [pose, scale] = [numbers(metadata.get("default_joint_pos")), numbers(metadata.get("action_scale"))];
  const fits = (values: readonly number[]) => values.length === count && values.every(Number.isFinite);
  const std = scale.length === 1 ? Array<number>(count).fill(scale[0]!) : scale;
  const around = fits(pose) && fits(std) ? `, mean: [${pose.join(", ")}], std: [${std.join(", ")}]` : "";
  const memory = ["h", "c"].filter((name) => named(tensors.inputs, new RegExp(`^${name}_in$`)));
  return {
    by: "rsl_rl and Isaac Lab",
    ...(joints.length === count && { joints }),
    outputs: [`${JSON.stringify(output.name)}: { kind: joint_position${around} }`],
    slices: (tensor) => {
      if (/^[hc]_in$/.test(tensor.name))
        return [{ modality: `memory_${tensor.name[0]}`, size: elementCount(tensor.shape) }];
      if (tensor !== input) return undefined;
      const terms = list(metadata.get("observation_names"));
      const slices = termSlices(terms, count, stepSize(input)) ?? usualSlices(count, stepSize(input));
      return slices?.map((slice) =>
        slice.modality === "joint_position" && fits(pose)
          ? { ...slice, mean: pose, std: Array<number>(count).fill(1) }
          : slice,
      );
    },
    ...(memory.length > 0 && { state: Object.fromEntries(memory.map((name) => [`${name}_in`, `${name}_out`])) }),
  };
};

/** Slices by the names of terms; one whose size is not known takes what is left. */
function termSlices(terms: readonly string[], joints: number, size: number): Slice[] | undefined {
  if (terms.length === 0) return undefined;
  const known = terms.map((term) => {
    const [, modality = term.replace(/\W/g, "_"), own] = TERMS.find(([names]) => names.test(term)) ?? [];
    return { modality, size: own === "joints" ? joints : own };
  });
  const rest = size - known.reduce((sum, slice) => sum + (slice.size ?? 0), 0);
  const open = known.filter((slice) => slice.size === undefined).length;
  if (open > 1 || (open === 0 ? rest !== 0 : rest < 1)) return undefined;
  return known.map((slice) => ({ modality: slice.modality, size: slice.size ?? rest }));
}

function usualSlices(joints: number, size: number): Slice[] | undefined {
  const whole = termSlices(USUAL, joints, size) ?? termSlices(USUAL.slice(1), joints, size);
  return whole ?? (size > 12 + 3 * joints ? termSlices([...USUAL, "height_scan"], joints, size) : undefined);
}

/** Actors of Stable-Baselines3: an observation, actions with values and probabilities beside them, images as bytes. */
const stableBaselines: Exporter = ({ tensors }) => {
  const beside = tensors.outputs.some(({ name }) => /^(values?|log_probs?|mean_actions?)$/.test(name));
  const input = named(tensors.inputs, /^(obs|observations?|input|pixels)$/);
  if (!input || !beside) return undefined;
  return { by: "Stable-Baselines3", images: { encoding: "rgb8", range: "[0, 255]" } };
};

/** Exporters whose usual names are known, the first that recognises a model is taken. To add one, add an entry. */
const EXPORTERS: readonly Exporter[] = [robomimic, stableBaselines, rslRl];

/** The habits of the exporter that a model looks like one of; undefined for none that is known. */
export function habitsOf(exported: Exported): Habits | undefined {
  for (const exporter of EXPORTERS) {
    const habits = exporter(exported);
    if (habits) return habits;
  }
  return undefined;
}
