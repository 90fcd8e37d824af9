import { InputError } from "../../errors.js";
import { reshape, sign, slice } from "../../graph/build.js";
import { sizeOf } from "../../graph/shape.js";
import type { Value } from "../../graph/value.js";
import type { Depth } from "../contract/depth.js";
import type { Context, Network } from "../contract/facts.js";
import type { Subject } from "../contract/subject.js";
import { GraphAnalysis } from "./analysis.js";
import { NetworkContext } from "./context.js";

/** The network of a subject. */
export class ExplainedNetwork implements Network {
  readonly commanded: Value;
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
    this.commanded = atStep(torque, subject.step);
    const outputs = [torque, this.commanded].map((value, i) => [String(i), value] as const);
    const analysis = new GraphAnalysis({ ...subject.graph, outputs: new Map(outputs) });
    this.signs = signs ?? sign(this.commanded);
    this.torques = sizeOf(this.commanded.shape);
    this.context = new NetworkContext(subject, analysis, depth);
  }

  at(depth: Depth): Network {
    return new ExplainedNetwork(this.subject, this.importance, depth, this.signs);
  }

  get inputs(): ReadonlySet<Value> {
    const { graph, modalities } = this.subject;
    return new Set(modalities.map(({ input }) => graph.inputs.get(input)!));
  }
}

/** @throws InputError for a torque output that is missing or of another type than float32 */
function torqueOf({ graph, torque: name }: Subject): Value {
  const torque = graph.outputs.get(name);
  if (!torque) throw new InputError(`torque output "${name}" is not an output of the model`);
  if (torque.dtype !== "float32")
    throw new InputError(`torque output "${name}" is ${torque.dtype}; policies are explained in float32`);
  return torque;
}

/** The number of torques. @throws InputError as `torqueOf` */
export const countTorques = (subject: Subject): number => sizeOf(atStep(torqueOf(subject), subject.step).shape);

/** One row of a chunk [1, steps, J], as [1, J]; the whole output without a step. */
function atStep(chunk: Value, step: number | undefined): Value {
  if (step === undefined) return chunk;
  const { shape } = chunk;
  return reshape(slice(chunk, shape.length - 2, step, step + 1), [1, shape.at(-1)!]);
}
