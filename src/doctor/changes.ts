import type { Observation } from "../explain/observation.js";
import type { Image } from "../image/image.js";
import { pixelsOf } from "../image/pixel-formats.js";
import { own } from "../own.js";
import type { ImageModality, ValueModality } from "../policy/modalities.js";
import type { Policy } from "../policy/policy.js";
import { sliceOf } from "./slice.js";

/** What a policy is given of an observation. */
export type Given = Pick<Observation, "images" | "values">;

/** A fault that inputs may have, and the change that would mend them. */
export interface Change {
  readonly name: string;
  /** The fault in words. */
  readonly words: string;
  readonly hint: string;
  /** The observation without the fault. */
  readonly mend: (given: Given) => Given;
  /** Place of each output in a command without the fault, where it changes; undefined where it stays. */
  readonly outputs?: readonly number[];
}

type Make = (policy: Policy) => readonly Change[];

const imagesOf = ({ modalities }: Policy) => modalities.filter((one): one is ImageModality => one.kind === "image");
const valuesOf = ({ modalities }: Policy) => modalities.filter((one): one is ValueModality => one.kind === "values");
const JOINT_WISE = ["joint_position", "joint_velocity"];

const eachImage =
  (change: (image: Image) => Image) =>
  (given: Given): Given => ({
    ...given,
    images: Object.fromEntries(Object.entries(given.images).map(([name, image]) => [name, change(image)])),
  });

const eachValue =
  (modalities: readonly ValueModality[], change: (values: Float64Array, modality: ValueModality) => Float64Array) =>
  (given: Given): Given => ({
    ...given,
    values: {
      ...given.values,
      ...Object.fromEntries(
        modalities.flatMap((modality) => {
          const values = own(given.values, modality.name);
          return values ? [[modality.name, change(values, modality)]] : [];
        }),
      ),
    },
  });

/** The same pixels under the other order of colours. */
const SWAPPED: Readonly<Record<string, Image["encoding"]>> = {
  rgb8: "bgr8",
  bgr8: "rgb8",
  rgba8: "bgra8",
  bgra8: "rgba8",
};

const inColour: Make = (policy) =>
  imagesOf(policy).some(({ channels }) => channels === 3)
    ? [
        {
          name: "colours",
          words: "red and blue are swapped in the images (BGR for RGB)",
          hint: "correct the card's encoding, or that of the camera's driver",
          mend: eachImage((image) => ({ ...image, encoding: own(SWAPPED, image.encoding) ?? image.encoding })),
        },
      ]
    : [];

/** @param place of a new pixel in the old rows and columns */
const moved = (place: (x: number, y: number, image: Image) => readonly [x: number, y: number]) =>
  eachImage((image) => {
    const { width, height, encoding, data } = image;
    const { bytes } = pixelsOf(encoding);
    const pixels = new Uint8Array(data.length);
    for (let y = 0; y < height; y++)
      for (let x = 0; x < width; x++) {
        const [fromX, fromY] = place(x, y, image);
        const from = (fromY * width + fromX) * bytes;
        pixels.set(data.subarray(from, from + bytes), (y * width + x) * bytes);
      }
    return { ...image, data: pixels };
  });

const turned: Make = (policy) =>
  imagesOf(policy).length === 0
    ? []
    : [
        {
          name: "upside down",
          words: "the images are upside down (turned by 180°)",
          hint: "turn the camera, or its images before the policy sees them",
          mend: moved((x, y, { width, height }) => [width - 1 - x, height - 1 - y]),
        },
        {
          name: "flipped",
          words: "the images are upside down (top and bottom exchanged)",
          hint: "flip the images before the policy sees them: renderers often begin at the bottom",
          mend: moved((x, y, { height }) => [x, height - 1 - y]),
        },
        {
          name: "mirrored",
          words: "the images are mirrored (left and right exchanged)",
          hint: "mirror the images before the policy sees them",
          mend: moved((x, y, { width }) => [width - 1 - x, y]),
        },
      ];

const DEGREE = Math.PI / 180;

const units: Make = (policy) => {
  const joints = valuesOf(policy).filter(({ quantity }) => JOINT_WISE.includes(quantity));
  if (joints.length === 0) return [];
  return [
    {
      name: "degrees",
      words: "joint states are in degrees, the policy expects radians",
      hint: "convert what the driver publishes",
      mend: eachValue(joints, (values) => values.map((value) => value * DEGREE)),
    },
    {
      name: "radians",
      words: "joint states are in radians, the policy expects degrees",
      hint: "the card's mean and std must be in rad: divide those in degrees by 57.3",
      mend: eachValue(joints, (values) => values.map((value) => value / DEGREE)),
    },
  ];
};

/** Most joints whose orders are tried pair by pair. */
const MOST_PAIRED = 8;

const orders: Make = (policy) => {
  const joints = valuesOf(policy).filter(({ quantity }) => JOINT_WISE.includes(quantity));
  const size = joints[0]?.size ?? 0;
  if (size < 2 || joints.some((one) => one.size !== size)) return [];
  const names = joints[0]!.elements;
  const straight = Array.from({ length: size }, (_, i) => i);
  const swapped = (a: number, b: number) => straight.map((i) => (i === a ? b : i === b ? a : i));
  const pairs = size > MOST_PAIRED ? [] : straight.flatMap((a) => straight.slice(a + 1).map((b) => [a, b] as const));
  const permutations: [number[], string][] = [
    ...pairs.map(([a, b]): [number[], string] => [swapped(a, b), `${names[a]} and ${names[b]} are exchanged`]),
    ...(size > 2 ? [[straight.toReversed(), "they are reversed"] as [number[], string]] : []),
  ];
  const same = policy.outputs.length === size && policy.outputs.every(({ name }) => names.includes(name));
  return permutations.flatMap(([order, which]) => {
    const change: Change = {
      name: `order ${order}`,
      words: `the joints are in another order than the policy's: ${which}`,
      hint: "correct the names in the card: joints, or elements of the slice",
      mend: eachValue(joints, (values) => Float64Array.from(order, (i) => values[i]!)),
    };
    return same ? [change, { ...change, outputs: order }] : [change];
  });
};

const normalised: Make = (policy) => {
  const slices = new Map(
    valuesOf(policy).flatMap((one) => (sliceOf(policy, one)?.mean ? [[one, sliceOf(policy, one)!] as const] : [])),
  );
  if (slices.size === 0) return [];
  return [
    {
      name: "normalised",
      words: "values are normalised twice: the recording's are normalised, and the card's mean and std do it again",
      hint: "feed values as the sensors give them, or take mean and std out of the card",
      mend: eachValue([...slices.keys()], (values, modality) => {
        const { mean, std } = slices.get(modality)!;
        return values.map((value, i) => value * (std?.[i] ?? 1) + (mean?.[i] ?? 0));
      }),
    },
  ];
};

/** Faults that inputs may have, by kind. To add one, add an entry. */
const MAKERS: readonly Make[] = [inColour, turned, units, normalised, orders];

/** Every fault that this policy's inputs may have. */
export const changesFor = (policy: Policy): Change[] => MAKERS.flatMap((make) => make(policy));
