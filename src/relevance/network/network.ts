import { InputError } from "../../errors.js";
import { reshape, sign, slice } from "../../graph/build.js";
import { sizeOf } from "../../graph/shape.js";
import type { Value } from "../../graph/value.js";
import type { Subject } from "../contract/subject.js";
import type { Depth } from "../pass/readout.js";
import { explainedValue } from "../pass/seed.js";
import { Analysis } from "./analysis.js";
import { Context } from "./context.js";
import { Prefix } from "./prefix.js";

/** A network as methods see it: what it computes, what is asked of it, and how deep. */
export class Network {
  /** The torques, or what they are before a final squash, [.., J]. */
  readonly explained: Value;
  /** Signs of the explained values; they stay as they are where a method asks what other observations would give. */
  readonly signs: Value;
  readonly torques: number;
  readonly context: Context;

  /**
   * @param importance α, [J]
   * @throws InputError for a torque output that is missing or of another type than float32
   */
  constructor(
    readonly subject: Subject,
    readonly importance: Value,
    readonly depth: Depth,
    signs?: Value,
  ) {
    const torque = torqueOf(subject);
    this.explained = atStep(explainedValue(torque), subject.step);
    const outputs = [torque, this.explained].map((value, i) => [String(i), value] as const);
    const analysis = new Analysis({ ...subject.graph, outputs: new Map(outputs) });
    this.signs = signs ?? sign(this.explained);
    this.torques = sizeOf(this.explained.shape);
    this.context = new Context(subject, analysis, new Prefix(subject, analysis), depth);
  }

  /** The same network followed to another depth. */
  at(depth: Depth): Network {
    return new Network(this.subject, this.importance, depth, this.signs);
  }

  /** The input tensors that modalities are made of. */
  get inputs(): ReadonlySet<Value> {
    const { graph, modalities } = this.subject;
    return new Set(modalities.map(({ input }) => graph.inputs.get(input)!));
  }
}

/** @throws InputError for a torque output that is missing or of another type than float32 */
export function torqueOf({ graph, torque: name }: Subject): Value {
  const torque = graph.outputs.get(name);
  if (!torque) throw new InputError(`torque output "${name}" is not an output of the model`);
  if (torque.dtype !== "float32")
    throw new InputError(`torque output "${name}" is ${torque.dtype}; policies are explained in float32`);
  return torque;
}

/** How many torques there are. @throws InputError as `torqueOf` */
export const countTorques = (subject: Subject): number => sizeOf(atStep(torqueOf(subject), subject.step).shape);

/** One row of a chunk [1, steps, J], [1, J]; without a step, all there is. */
function atStep(chunk: Value, step: number | undefined): Value {
  if (step === undefined) return chunk;
  const { shape } = chunk;
  return reshape(slice(chunk, shape.length - 2, step, step + 1), [1, shape.at(-1)!]);
}
