import { InputError } from "../../errors.js";
import { full, sign } from "../../graph/build.js";
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
  readonly omit: number | undefined;
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
    { signs, omit }: { readonly signs?: Value; readonly omit?: number } = {},
  ) {
    this.commanded = torqueOf(subject);
    const analysis = new GraphAnalysis({ ...subject.graph, outputs: new Map([[subject.torque, this.commanded]]) });
    this.signs = signs ?? (this.areActions ? full(this.commanded.shape, 1) : sign(this.commanded));
    this.omit = omit;
    this.torques = sizeOf(this.commanded.shape);
    this.context = new NetworkContext(subject, analysis, depth, importance);
  }

  at(depth: Depth): Network {
    const { subject, importance, signs, omit } = this;
    return new ExplainedNetwork(subject, importance, depth, { signs, ...(omit !== undefined && { omit }) });
  }

  get areActions(): boolean {
    return this.subject.distribution !== undefined;
  }

  get fixed(): readonly Value[] {
    return [this.signs, this.importance];
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
export const countTorques = (subject: Subject): number => sizeOf(torqueOf(subject).shape);
