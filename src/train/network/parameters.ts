import { input } from "../../graph/build.js";
import { type Shape, sizeOf } from "../../graph/shape.js";
import type { Random } from "../../sim/random.js";
import type { NetworkSpec } from "../../sim/tasks/lesson.js";
import type { Parameters } from "./linear.js";
import { headShapes, pointsOf, visionShapes } from "./network.js";

type Part = "readout" | "convolutions" | "head";

/** Parameters that are trained together, by the parts of the vector that they are: these lie together. */
const GROUPS = {
  /** The convolutions with their pose readout. */
  vision: ["readout", "convolutions"],
  /** The fully connected layers. */
  head: ["head"],
  /** All that the policy is made of. */
  whole: ["convolutions", "head"],
} as const satisfies Readonly<Record<string, readonly Part[]>>;

export type Group = keyof typeof GROUPS;

interface Slot {
  readonly part: Part;
  readonly shape: Shape;
  readonly offset: number;
  readonly size: number;
}

/** Offsets of all parameters in one flat vector; the parameters of a group lie together. */
export class Layout {
  readonly slots: ReadonlyMap<string, Slot>;
  readonly size: number;

  constructor(shapes: Readonly<Record<Part, Readonly<Record<string, Shape>>>>) {
    const slots = new Map<string, Slot>();
    let offset = 0;
    for (const part of ["readout", "convolutions", "head"] as const) {
      for (const [name, shape] of Object.entries(shapes[part])) {
        slots.set(name, { part, shape, offset, size: sizeOf(shape) });
        offset += sizeOf(shape);
      }
    }
    this.slots = slots;
    this.size = offset;
  }

  names(group: Group): string[] {
    return [...this.slots].flatMap(([name, slot]) => (isOf(group, slot) ? [name] : []));
  }

  /** First and one past the last element of a group. */
  range(group: Group): readonly [from: number, to: number] {
    const slots = [...this.slots.values()].filter((slot) => isOf(group, slot));
    const last = slots[slots.length - 1]!;
    return [slots[0]!.offset, last.offset + last.size];
  }

  /** One parameter's elements in a flat vector. */
  view(vector: Float32Array, name: string): Float32Array {
    const { offset, size } = this.slots.get(name)!;
    return vector.subarray(offset, offset + size);
  }

  /** A graph input for every parameter of a group. */
  inputs(group: Group): Parameters {
    return Object.fromEntries(
      this.names(group).map((name) => [name, input(name, "float32", this.slots.get(name)!.shape)]),
    );
  }
}

const isOf = (group: Group, { part }: Slot): boolean => (GROUPS[group] as readonly Part[]).includes(part);

/** Parameters of a network and of the linear readout that reads `landmarks` image positions from its feature points. */
export function layoutOf(spec: NetworkSpec, landmarks: number): Layout {
  const readout = { "readout.weight": [2 * pointsOf(spec), 2 * landmarks], "readout.bias": [2 * landmarks] };
  return new Layout({ readout, convolutions: visionShapes(spec), head: headShapes(spec) });
}

export interface Initialisation {
  /** See `BaseRecipe.sharpness`. */
  readonly sharpness: number;
  /** The landmark of each feature point, for the readout; a layout without one needs none. */
  readonly landmarkOfChannel?: readonly number[];
}

/** He weights and zero biases; a readout starts as the mean of each landmark's feature points. */
export function initialise(layout: Layout, vector: Float32Array, random: Random, how: Initialisation): void {
  vector.fill(0);
  for (const [name, { shape }] of layout.slots) {
    if (!name.endsWith(".weight") || name === "readout.weight") continue;
    const fanIn = shape.length === 2 ? shape[0]! : sizeOf(shape.slice(1));
    const deviation = Math.sqrt(2 / fanIn) * (name === "conv3.weight" ? how.sharpness : 1);
    const weight = layout.view(vector, name);
    for (let i = 0; i < weight.length; i++) weight[i] = deviation * random.normal();
  }
  const { landmarkOfChannel } = how;
  if (landmarkOfChannel === undefined) return;
  const readout = layout.view(vector, "readout.weight");
  const columns = layout.slots.get("readout.weight")!.shape[1]!;
  landmarkOfChannel.forEach((landmark, channel) => {
    const share = 1 / landmarkOfChannel.filter((other) => other === landmark).length;
    for (const axis of [0, 1]) readout[(2 * channel + axis) * columns + 2 * landmark + axis] = share;
  });
}

/** A vector in shared memory, visible to all workers. onnxruntime refuses such tensors: copy for it. */
export const sharedFloats = (length: number): Float32Array => new Float32Array(new SharedArrayBuffer(4 * length));
