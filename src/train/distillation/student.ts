import { inRows } from "../../graph/batch.js";
import { cast, constant, input, mul, reshape, tensor } from "../../graph/build.js";
import { Literal } from "../../graph/literal.js";
import { writeModel } from "../../graph/onnx-write.js";
import { type Shape, stridesOf } from "../../graph/shape.js";
import { substitute } from "../../graph/substitute.js";
import type { Graph, Value } from "../../graph/value.js";
import { own } from "../../own.js";
import type { ImageModality } from "../../policy/modalities.js";
import type { Policy } from "../../policy/policy.js";
import type { Random } from "../../sim/random.js";
import type { Parameters } from "../network/linear.js";
import { Layout } from "../network/parameters.js";
import { type Learned, learnedOf } from "./parameters-of.js";

/** A learned constant as a parameter: the file's numbers are `factor` × the parameter's. */
interface Slot extends Learned {
  readonly factor: Float64Array;
  /** Of the factor, broadcast to the constant. */
  readonly factorShape: Shape;
}

/** A student's network on some states. */
export interface StatesGraph {
  /** As the policy takes them, [states · d, …] for an input [d, …]. */
  readonly inputs: readonly Value[];
  /** The images as real numbers, of which gradients can be taken, in the order of `imagesOf`. */
  readonly images: readonly Value[];
  /** The explained outputs, [states, n]. */
  readonly outputs: Value;
}

/** The image modalities of a policy. */
export const imagesOf = ({ modalities }: Pick<Policy, "modalities">): ImageModality[] =>
  modalities.filter((modality): modality is ImageModality => modality.kind === "image");

/**
 * A network of the teacher's shape whose learned constants are parameters. They are scaled so that the teacher's have the
 * size of He's initialisation (He et al. 2015), those of each input of a dense layer for themselves: what a file has
 * folded into its weights (pixels of 0 to 255, torque limits, standard deviations) does not change a learning rate's
 * meaning.
 */
export class Student {
  readonly layout: Layout;
  readonly #slots: ReadonlyMap<string, Slot>;

  /** @param file the policy's own graph as read, without what the card adds; it shares the constants */
  constructor(
    readonly policy: Policy,
    private readonly file: Graph,
  ) {
    const learned = learnedOf([policy.graph.outputs.get(policy.command)!]);
    this.#slots = new Map(learned.map((one, i) => [`${i}:${one.constant.name ?? ""}`, { ...one, ...factorsOf(one) }]));
    const shapes = Object.fromEntries([...this.#slots].map(([name, slot]) => [name, slot.constant.shape]));
    this.layout = new Layout({ readout: {}, convolutions: {}, head: shapes });
  }

  /** Number of learned numbers. */
  get size(): number {
    return this.layout.size;
  }

  /** Sets the parameters to the teacher's, or to new ones: He weights, no biases, scales of 1. */
  start(vector: Float32Array, from: "teacher" | "random", random: Random): void {
    for (const [name, slot] of this.#slots) {
      const view = this.layout.view(vector, name);
      if (from === "teacher") view.set(slot.constant.literal!.numbers().map((x, i) => x / factorAt(slot, i)));
      else if (slot.role === "weight") view.set(view.map(() => heSize(slot) * random.normal()));
      else view.fill(slot.role === "scale" ? 1 : 0);
    }
  }

  /**
   * The network with its parameters as inputs, on some states at once.
   * @returns undefined where an operator is not known to keep several states apart
   */
  graph(parameters: Parameters, states: number): StatesGraph | undefined {
    const { graph, command, outputs } = this.policy;
    const learned = new Map<Value, Value>();
    for (const [name, { constant, factor, factorShape }] of this.#slots)
      learned.set(constant, mul(own(parameters, name)!, tensor("float32", factorShape, factor)));
    const [one] = substitute([graph.outputs.get(command)!], learned);
    const inputs = new Map<Value, Value>();
    for (const [name, value] of graph.inputs) {
      if (states > 1 && value.shape.length === 0) return undefined;
      const [d, ...rest] = value.shape;
      inputs.set(value, input(name, value.dtype, d === undefined ? [] : [states * d, ...rest]));
    }
    const replaced = new Map(inputs);
    const images = imagesOf(this.policy).map(({ input: name }) => {
      const image = graph.inputs.get(name)!;
      const real = cast(inputs.get(image)!, "float32");
      replaced.set(image, real);
      return real;
    });
    const all = states === 1 ? substitute([one!], replaced) : inRows([one!], replaced, states);
    return all && { inputs: [...inputs.values()], images, outputs: reshape(all[0]!, [states, outputs.length]) };
  }

  /** The policy's file with these parameters, and entries of its metadata replaced. */
  export(vector: Float32Array, metadata: ReadonlyMap<string, string>): Uint8Array {
    const replaced = new Map<Value, Value>();
    for (const [name, slot] of this.#slots) {
      const numbers = Float64Array.from(this.layout.view(vector, name), (x, i) => x * factorAt(slot, i));
      replaced.set(slot.constant, constant(Literal.from("float32", slot.constant.shape, numbers), slot.constant.name));
    }
    const names = [...this.file.outputs.keys()];
    const values = substitute([...this.file.outputs.values()], replaced, { named: true });
    return writeModel({
      ...this.file,
      outputs: new Map(names.map((name, i) => [name, values[i]!])),
      metadata: new Map([...this.file.metadata, ...metadata]),
    });
  }
}

const heSize = ({ fanIn }: Learned): number => Math.sqrt(2 / fanIn);

const sizeAt = (numbers: readonly number[]): number =>
  Math.sqrt(numbers.reduce((sum, x) => sum + x * x, 0) / numbers.length);

/** Factors that give the parameters He's size, or 1: one in all, or one an input. */
function factorsOf(learned: Learned): Pick<Slot, "factor" | "factorShape"> {
  const { constant, role, inputAxis } = learned;
  const numbers = [...constant.literal!.numbers()];
  const whole = sizeAt(numbers) || 1;
  if (role !== "weight") return { factor: Float64Array.of(role === "bias" ? whole : 1), factorShape: [] };
  const wanted = heSize(learned);
  if (inputAxis === undefined) return { factor: Float64Array.of(whole / wanted), factorShape: [] };
  const stride = stridesOf(constant.shape)[inputAxis]!;
  const extent = constant.shape[inputAxis]!;
  const ofInput = (input: number) => numbers.filter((_, i) => Math.floor(i / stride) % extent === input);
  const factor = Float64Array.from({ length: extent }, (_, input) => (sizeAt(ofInput(input)) || whole) / wanted);
  return { factor, factorShape: constant.shape.map((d, axis) => (axis === inputAxis ? d : 1)) };
}

/** The factor of an element. */
function factorAt({ factor, constant, inputAxis }: Slot, element: number): number {
  if (factor.length === 1 || inputAxis === undefined) return factor[0]!;
  return factor[Math.floor(element / stridesOf(constant.shape)[inputAxis]!) % factor.length]!;
}
