import { InputError } from "../../errors.js";
import { feedsOf } from "../../explain/feeds.js";
import { hasMemory } from "../../explain/memory.js";
import type { Observation } from "../../explain/observation.js";
import { inRows } from "../../graph/batch.js";
import { input, reshape } from "../../graph/build.js";
import { writeModel } from "../../graph/onnx-write.js";
import { sizeOf } from "../../graph/shape.js";
import type { Value } from "../../graph/value.js";
import { own as of } from "../../own.js";
import type { Policy } from "../../policy/policy.js";
import { Session, type TensorData } from "../../runtime/session.js";

/** Observations of one run of the model: larger batches are no faster. */
const ROWS = 16;
const OUTPUTS = "torquelens.outputs";

/** The observations' parts that a policy is fed with. */
export type Given = Pick<Observation, "images" | "values">;

/** A policy's commands for many observations at once. It runs the policy itself: nothing is approximated. */
export class ManyObservations {
  private constructor(
    private readonly policy: Policy,
    private readonly rows: number,
    private readonly session: Session,
  ) {}

  /** @throws InputError for a policy that remembers earlier ticks */
  static async create(policy: Policy, threads = 2): Promise<ManyObservations> {
    const { path, card, graph, command } = policy;
    if (hasMemory(policy))
      throw new InputError(`${path}: ${card.name} remembers earlier ticks, expected one that does not`);
    const own = graph.outputs.get(command)!;
    const many = batched(policy, ROWS);
    const [rows, inputs, output] = many ? [ROWS, many.inputs, many.output] : [1, graph.inputs, own];
    const bytes = writeModel({
      ...graph,
      inputs,
      outputs: new Map([[OUTPUTS, reshape(output, [rows, sizeOf(own.shape)])]]),
      metadata: new Map(),
    });
    return new ManyObservations(policy, rows, await Session.create(bytes, { threads, spinning: false }));
  }

  /** Commands of each observation, [J], in the policy's units. @throws InputError as `feedsOf` */
  async commands(observations: readonly Given[]): Promise<Float32Array[]> {
    const found: Float32Array[] = [];
    for (let start = 0; start < observations.length; start += this.rows) {
      const feeds = observations.slice(start, start + this.rows).map((given) => feedsOf(this.policy, given));
      const outputs = await this.session.run(this.#together(feeds), [OUTPUTS]);
      const data = outputs[OUTPUTS]!.data as Float32Array;
      const count = data.length / this.rows;
      for (const r of feeds.keys()) found.push(data.slice(r * count, (r + 1) * count));
    }
    return found;
  }

  async release(): Promise<void> {
    await this.session.release();
  }

  /** The feeds of several observations one after another; the last is repeated in a batch that is not full. */
  #together(feeds: readonly Record<string, TensorData>[]): Record<string, TensorData> {
    if (this.rows === 1) return feeds[0]!;
    return Object.fromEntries(
      Array.from(this.policy.graph.inputs, ([name, { dtype, shape }]) => {
        const [first = 1, ...rest] = shape;
        const size = sizeOf(shape);
        const one = of(feeds[0]!, name)!.data as Float32Array;
        const data = new (one.constructor as Float32ArrayConstructor)(this.rows * size);
        for (let r = 0; r < this.rows; r++)
          data.set(of(feeds[Math.min(r, feeds.length - 1)]!, name)!.data as Float32Array, r * size);
        return [name, { dtype, shape: [this.rows * first, ...rest], data }] as const;
      }),
    );
  }
}

/** The command for many rows; undefined where an operator is not known to keep rows apart. */
function batched({ graph, command }: Policy, rows: number) {
  const inputs = new Map<string, Value>();
  const replaced = new Map<Value, Value>();
  for (const [name, value] of graph.inputs) {
    const [first = 1, ...rest] = value.shape;
    const wide = input(name, value.dtype, [rows * first, ...rest]);
    inputs.set(name, wide);
    replaced.set(value, wide);
  }
  const output = inRows([graph.outputs.get(command)!], replaced, rows)?.[0];
  return output && { inputs, output };
}
