import * as z from "zod";
import { CARD_ENCODINGS } from "../image/pixel-formats.js";
import { RESIZE_FILTERS } from "../image/resize.js";
import { COMMAND_KIND_NAMES } from "../outputs/kinds.js";
import { attentionTensor } from "./attention-schema.js";
import {
  choice,
  count,
  deviation,
  finite,
  list,
  mapping,
  modalityName,
  positive,
  statistic,
  text,
} from "./schema-parts.js";

/**
 * The policy card's schema. In this file the error text of every schema says what is *expected* there;
 * the file, the key path and what was found are put in front of it.
 */

/** Version of the card format that this version reads and writes. */
export const CARD_VERSION = 1;

/** The quantity that a source puts into a slice. Joint-wise quantities are matched by joint name, never by position. */
export const QUANTITIES = [
  "joint_position",
  "joint_velocity",
  "end_effector_position",
  "end_effector_velocity",
  "previous_action",
  "other",
] as const;

/** Ways to handle a source without joint velocities. */
export const MISSING_VELOCITY = ["refuse", "differentiate"] as const;

/** Orders of an image tensor's axes; with T, a window of images in time, the oldest first. */
export const LAYOUTS = ["NHWC", "NCHW", "NTHWC", "NTCHW"] as const;

const imageInput = mapping({
  /** Modality name, `image` for a single camera. */
  modality: modalityName,
  /** Order of the channels in the tensor. */
  encoding: choice(CARD_ENCODINGS),
  /** Order of the tensor's axes: batch, (time,) height, width, channels or batch, (time,) channels, height, width. */
  layout: choice(LAYOUTS),
  /** Number of images in a window whose channels stand one after another, the oldest first: [1, T·C, H, W]. */
  frames: count(2, "a whole number, 2 or more").optional(),
  /** Lowest and highest value that a pixel can have in the tensor's own units; the zB rule's bounds. */
  range: z
    .tuple([finite("a number"), finite("a number")], { error: "[low, high], two numbers" })
    .refine(([low, high]) => low < high, { error: "low below high" }),
  /**
   * Tensor units of one step: tensor value = low + scale · sample. Default (high − low) / 255, or / 65535 for depth of
   * 16 bits.
   */
  scale: positive("a number above 0").optional(),
  /**
   * Crop of the camera's image that the policy sees: [x, y, width, height] in pixels, or the largest around the centre.
   */
  crop: z
    .union(
      [
        z.literal("centre", { error: "centre or [x, y, width, height]" }),
        z.tuple(
          [
            count(0, "a whole number, 0 or more"),
            count(0, "a whole number, 0 or more"),
            count(1, "a whole number, 1 or more"),
            count(1, "a whole number, 1 or more"),
          ],
          { error: "[x, y, width, height], four whole numbers" },
        ),
      ],
      { error: "centre or [x, y, width, height]" },
    )
    .optional(),
  /** Method of resizing the crop to the tensor's size; without it, the crop must have this size. */
  resize: choice(RESIZE_FILTERS).optional(),
  /** Normalisation outside the model, per channel: the model gets (value − mean) / std of a value in `range`. */
  mean: statistic("channel").optional(),
  std: deviation("channel").optional(),
});

const slice = mapping({
  /** Modality name; relevance is summed and shared by it. */
  modality: modalityName,
  /** First element of the slice in the flattened tensor. */
  start: count(0, "a whole number, 0 or more"),
  /** Number of elements; may be left out where `elements` names them. */
  size: count(1, "a whole number, 1 or more").optional(),
  /** One name per element; joint names for joint-wise quantities. */
  elements: list(text("a name"), "a list of names").optional(),
  /** The quantity that a source puts into the slice. Default: the quantity of the modality's name, else `other`. */
  quantity: choice(QUANTITIES).optional(),
  /** SI unit of the elements. Default: rad, rad/s, m, m/s, N·m by quantity, none for `other`. */
  unit: text("a unit").optional(),
  /** Normalisation outside the model, per element: the model gets (value − mean) / std of a value in SI units. */
  mean: statistic("element").optional(),
  std: deviation("element").optional(),
});

const input = z.union([imageInput, list(slice, "one slice or more")], {
  error: "an image (a mapping) or a list of slices",
});

const referenceValues = list(finite("a number"), "a list of numbers, one per element");
const reference = z.union(
  [
    z.literal("zero", { error: "zero, mean: [numbers] or values: [numbers]" }),
    mapping({ mean: referenceValues }),
    mapping({ values: referenceValues }),
  ],
  { error: "zero, mean: [numbers] or values: [numbers]" },
);

const EXPECTED_ORIGIN = "policy, corner or mean: [numbers]";
const pointOrigin = z.union(
  [z.enum(["policy", "corner"], { error: EXPECTED_ORIGIN }), mapping({ mean: referenceValues })],
  { error: EXPECTED_ORIGIN },
);

const torqueNumber = "a number of N·m above 0";
const limitNumber = "a number above 0, in the output's unit";

/** Elements that the robot does not get, such as padding: not explained. */
export const UNUSED = "unused";
const EXPECTED_KIND = `${COMMAND_KIND_NAMES.join(", ")} or ${UNUSED}`;
const kind = z.enum([...COMMAND_KIND_NAMES, UNUSED], { error: EXPECTED_KIND });

const EXPECTED_START = "present, zero, modality: NAME or values: [numbers]";
const measuredFrom = z.union(
  [
    z.enum(["present", "zero"], { error: EXPECTED_START }),
    mapping({ modality: text("a modality name") }),
    mapping({ values: referenceValues }),
  ],
  { error: EXPECTED_START },
);

/** One number for all elements or one per element. */
const perElement = (one: z.ZodType<number>, expected: string) =>
  z.union([one, list(one, "a list of numbers")], { error: `${expected}, or a list with one per element` });

const output = mapping({
  kind,
  /** First element in one step of the tensor. Default: where the slice before it ends. */
  start: count(0, "a whole number, 0 or more").optional(),
  /** Number of elements; may be left out where `elements` names them, or where the kind has one per joint. */
  size: count(1, "a whole number, 1 or more").optional(),
  /** One name per element. Default: the joints, components of a pose, or the kind's name. */
  elements: list(text("a name"), "a list of names").optional(),
  /** Unit of the elements, or one per element. Default: the kind's. */
  unit: z
    .union([text("a unit"), list(text("a unit"), "a list of units")], { error: "a unit, or a list of them" })
    .optional(),
  /** Number of steps of an action chunk, where the tensor's shape does not tell. */
  chunk: count(1, "a whole number, 1 or more").optional(),
  /** The step of an action chunk that is explained: default 0, the first. */
  step: count(0, "a whole number, 0 or more").optional(),
  /** What a target is measured from. Default: what is present for a target, else zero. */
  reference: measuredFrom.optional(),
  /** Normalisation outside the model: value = mean + std · output. */
  mean: perElement(finite("a number"), "a number").optional(),
  std: perElement(positive("a number above 0"), "a number above 0").optional(),
  /** Largest size of the explained value, in its unit. */
  limits: perElement(positive(limitNumber), limitNumber).optional(),
});

const EXPECTED_OUTPUT = `a kind (${EXPECTED_KIND}), a mapping with the key kind, or a list of such mappings`;
const outputTensor = z.union([kind, output, list(output, "one slice or more")], { error: EXPECTED_OUTPUT });

/** How a sentence becomes tokens: the card's own words, or a tokenizer's file. */
const language = mapping({
  /** The modality that holds the tokens. */
  tokens: modalityName.default("language"),
  /** The modality that holds 1 for each token and 0 for padding, where the model has such an input. */
  mask: modalityName.optional(),
  /** The modality of one element that holds the number of tokens, where the model has such an input. */
  count: modalityName.optional(),
  /** Words by id, the marks among them; all others in lower case, as sentences are read. Either this or `tokenizer`. */
  vocabulary: list(text("a word"), "a list of words, in the order of their ids").optional(),
  /** A HuggingFace `tokenizer.json`, relative to the card; `tokenizer_config.json` beside it is read, too. */
  tokenizer: text("the path of a tokenizer.json").optional(),
  /** The word that fills up; of a vocabulary by default its first, of a tokenizer the one that it names. */
  padding: text("a word").optional(),
  /** Words before the first word and after the last, and in place of unknown ones. Default: none. */
  begin: text("a word of the vocabulary").optional(),
  end: text("a word of the vocabulary").optional(),
  unknown: text("a word of the vocabulary").optional(),
});

/** What an output tensor holds of each action. */
export const ACTION_VALUES = ["logits", "probabilities"] as const;

const EXPECTED_THRESHOLD = "a number, 0 or more, in the outputs' unit (N·m of torques)";

/** Longest control period, seconds. */
const LONGEST_PERIOD = 3600;
const EXPECTED_PERIOD = `a number of seconds above 0 and at most ${LONGEST_PERIOD}`;

export const cardSchema = mapping({
  /** Version of the card format. */
  torquelens_card: z.literal(CARD_VERSION, { error: `${CARD_VERSION}, the card format that this version reads` }),
  /** The policy's display name. */
  name: text("the policy's name"),
  /** Time between two torques, seconds. */
  control_period: positive(EXPECTED_PERIOD).max(LONGEST_PERIOD, { error: EXPECTED_PERIOD }),
  /** Joint names; of `torque`, one per torque in its order. May be left out where no output commands joints. */
  joints: list(text("a joint name"), "a list of joint names").default([]),
  /** The outputs where all are joint torques. Either this, `outputs` or `actions`. */
  torque: mapping({
    /** Name of the output tensor that holds the torques, N·m. */
    output: text("the name of an output tensor"),
    /** The step of an action chunk [1, steps, joints] that is the torque. */
    step: count(0, "a whole number, 0 or more").optional(),
    /** Normalisation outside the model, per joint: torque = mean + std · output. */
    mean: statistic("joint").optional(),
    std: deviation("joint").optional(),
    /** Largest |torque|, N·m: one number for all joints or one per joint. */
    limits: z
      .union([positive(torqueNumber), list(positive(torqueNumber), "a list of numbers")], {
        error: "a number of N·m above 0 or a list of them, one per joint",
      })
      .optional(),
  }).optional(),
  /** Output tensor name → what it holds: a kind, or the slices of one step of it, in order and without gaps. */
  outputs: z
    .record(z.string(), outputTensor, { error: "a mapping from output tensor names to a kind or a list of slices" })
    .optional(),
  /** The actions of which the policy takes one: one head, also where the network has others. */
  actions: mapping({
    /** Name of the output tensor that holds one number per action. */
    output: text("the name of an output tensor"),
    /** Names of the actions, in the tensor's order. */
    names: list(text("an action's name"), "a list of action names, one per element of the output"),
    /** What the numbers are. */
    values: choice(ACTION_VALUES),
    /** First element of one step, where the tensor holds several heads. Default: the tensor holds these actions alone. */
    start: count(0, "a whole number, 0 or more").optional(),
    /** The step of a chunk [1, steps, n] that is explained: default 0. */
    step: count(0, "a whole number, 0 or more").optional(),
    /** Name of the output tensor [1, 1, h, w] that says where in the image the action acts, the largest cell first. */
    mask: text("the name of an output tensor").optional(),
  }).optional(),
  /** Input tensor name → an image modality, or the slices of the flattened tensor, in order and without gaps. */
  inputs: z.record(z.string(), input, { error: "a mapping from input tensor names to an image or a list of slices" }),
  /** How the policy is told in words what to do. */
  language: language.optional(),
  /** Attention: output tensor → what its maps are of. */
  attention: z
    .record(z.string(), attentionTensor, { error: "a mapping from output tensor names to their attention maps" })
    .default({}),
  /** Memory: input tensor → the output tensor that feeds it at the next tick; zeros at the start of an episode. */
  state: z
    .record(z.string(), text("the name of an output tensor"), {
      error: "a mapping from input tensor names to output tensor names",
    })
    .default({}),
  /** Reference of relevance, by modality: zero (default), the training data's mean, or given values. */
  reference: z.record(z.string(), reference, { error: "a mapping from modality names to a reference" }).default({}),
  /** Origin of the feature points: as the policy has them, shifted to the image corner, or to their mean. */
  feature_points: mapping({ origin: pointOrigin }).default({ origin: "policy" }),
  /** Name of the tensor where the modalities' features join, for the method `fusion`. Found by default. */
  fusion: text("the name of a tensor").optional(),
  /** Σα|τ| below which a tick is flagged idle, in the unit of the outputs. Default 1e-3 of the sum of their limits. */
  idle_threshold: finite(EXPECTED_THRESHOLD).min(0, { error: EXPECTED_THRESHOLD }).optional(),
  /** Handling of a source without joint velocities: refuse it (default), or differentiate positions and set a flag. */
  missing_velocity: choice(MISSING_VELOCITY).default("refuse"),
  /** The arm's model, for the importance factor α and the end effector's state. Without it, α = 1. */
  arm: mapping({
    /** MJCF or URDF file, relative to the card. Without it, the URDF that a live source publishes. */
    file: text("the path of an MJCF or URDF file").optional(),
    /** Site of the end effector. Either this or `link`. */
    site: text("the name of the end effector's site").optional(),
    /** Link (URDF) or body (MJCF) of the end effector. Either this or `site`. */
    link: text("the name of the end effector's link").optional(),
    /** Frame that tf gives the end effector's pose in. With it, its state comes from tf, not from kinematics. */
    tf: text("the name of a frame").optional(),
  }).optional(),
  /** Free record of the training: success rates, seeds, data. */
  training: z.record(z.string(), z.unknown(), { error: "a mapping" }).optional(),
});

/** A policy card as read from YAML, defaults filled in. */
export interface Card extends z.infer<typeof cardSchema> {}
/** An image input of the card. */
export interface CardImage extends z.infer<typeof imageInput> {}
/** One slice of a configuration input. */
export interface CardSlice extends z.infer<typeof slice> {}
/** One slice of an output tensor of the card. */
export interface CardOutput extends z.infer<typeof output> {}
/** The quantity that a source puts into a slice. */
export type Quantity = (typeof QUANTITIES)[number];
/** A card before its defaults are filled in. */
export interface CardInput extends z.input<typeof cardSchema> {}
