import * as z from "zod";

/** Kinds of features that a policy reads and writes. */
const FEATURE_TYPES = ["STATE", "VISUAL", "ENV", "ACTION", "REWARD", "LANGUAGE"] as const;
export type FeatureType = (typeof FEATURE_TYPES)[number];

/** Ways that LeRobot normalises a feature. */
const MODES = ["IDENTITY", "MEAN_STD", "MIN_MAX", "QUANTILES", "QUANTILE10"] as const;
export type Mode = (typeof MODES)[number];

const feature = z.object({
  type: z.enum(FEATURE_TYPES, FEATURE_TYPES.join(", ")),
  shape: z.array(z.int("a whole number"), "a list of whole numbers"),
});
const features = z.record(z.string(), feature, "a mapping from names to features");
const modes = z.partialRecord(z.enum(FEATURE_TYPES), z.enum(MODES, `one of ${MODES.join(", ")}`));
const size = z.tuple([z.int(), z.int()]).nullish();
const steps = z.int("a whole number").min(1).nullish();

/** `config.json` of a LeRobot policy, the part that says what goes in and out. */
export const configSchema = z.object({
  type: z.string("the kind of policy, such as act"),
  input_features: features,
  output_features: features,
  normalization_mapping: modes.default({}),
  n_obs_steps: steps,
  chunk_size: steps,
  horizon: steps,
  n_action_steps: steps,
  crop_shape: size,
  resize_shape: size,
});

export type Config = z.output<typeof configSchema>;
export type Feature = z.output<typeof feature>;

/** A processor's JSON: its steps in order, with the file of those that hold statistics. */
export const processorSchema = z.object({
  steps: z.array(
    z.object({
      registry_name: z.string().optional(),
      config: z
        .object({
          eps: z.number().optional(),
          norm_map: modes.optional(),
        })
        .optional(),
      state_file: z.string().optional(),
    }),
  ),
});

export type Processor = z.output<typeof processorSchema>;

const names = z.union([
  z.array(z.string()),
  z.record(z.string(), z.array(z.string())).transform((groups) => Object.values(groups).flat()),
  z.record(z.string(), z.int()).transform((places) =>
    Object.entries(places)
      .sort(([, a], [, b]) => a - b)
      .map(([name]) => name),
  ),
]);

/** `meta/info.json` of a LeRobot data set, the part that a policy's card needs. */
export const infoSchema = z.object({
  fps: z.number("frames a second").positive(),
  robot_type: z.string().nullish(),
  features: z.record(
    z.string(),
    z.object({ dtype: z.string(), shape: z.array(z.int()), names: names.nullish().catch(null) }),
  ),
});

export type Info = z.output<typeof infoSchema>;

/** `train_config.json`: of policies for simulators it has the frames a second. */
export const trainConfigSchema = z.object({
  env: z.object({ fps: z.number().positive().optional() }).nullish().catch(undefined),
});

/** Any JSON object. */
export const anything = z.record(z.string(), z.unknown());
