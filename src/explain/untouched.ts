import { InputError } from "../errors.js";
import { constant } from "../graph/build.js";
import { DTYPES } from "../graph/dtype.js";
import { constantOf } from "../graph/fold.js";
import { Literal } from "../graph/literal.js";
import { writeModel } from "../graph/onnx-write.js";
import type { Graph, Value } from "../graph/value.js";
import { significant } from "../numbers/format.js";
import { own } from "../own.js";
import type { Card } from "../policy/card-schema.js";
import { commandOf } from "../policy/command.js";
import { normalisedInput, physicalTorque } from "../policy/normalisation.js";
import { commandedTensors } from "../policy/outputs.js";
import type { Policy } from "../policy/policy.js";
import type { CompiledModel } from "../relevance/compile.js";
import type { DeviceInUse } from "../runtime/device.js";
import { LocalModels, type Models, type Tensors } from "../runtime/models.js";
import type { TensorData } from "../runtime/session.js";
import { WorkerModels } from "../runtime/worker-models.js";
import { largestDifference, largestSize } from "./differences.js";
import { differingNode, type Run } from "./differing-node.js";
import { named } from "./named-error.js";
import { checkProbabilities } from "./probabilities.js";
import { REHEARSALS, rehearsalFeeds, WARM_UPS } from "./rehearsal.js";
import { weightFeeds } from "./weight-feeds.js";

/** A model with the policy in it, to be compared with the policy's file. */
export interface Candidate {
  /** Its graph, made only where the torques differ. */
  readonly graph: () => Graph;
  /** Torque, carried state and attention for a policy's inputs. */
  readonly run: (feeds: Tensors) => Promise<Tensors>;
  /** Number of rehearsals to compare, all by default; fewer of a model that takes seconds. */
  readonly rehearsals?: number;
  /** Where it runs, the CPU by default. Other devices round otherwise. */
  readonly device?: DeviceInUse;
}

/** Largest difference that needs no further look, as a part of the output's largest element: the rounding of a float32 network. */
const ROUNDING = 1e-5;
/** The same on another device than the CPU, where products may have 10 bits. */
const DEVICE_ROUNDING = 1e-2;

/** Largest difference of two torques that is rounding on this device, as a part of the larger one. */
export const roundingOn = (device: DeviceInUse): number => (device === "cpu" ? ROUNDING : DEVICE_ROUNDING);

/** Milliseconds after which a candidate is compared on no further rehearsal: a path of fifty gradients takes seconds. */
const PATIENCE = 2000;

/** Smaller roundings, as a part of the output's largest element, need no warning. */
const NOTABLE = 1e-3;

/** The memory of what was run already, one run a policy. */
const RUNS = new WeakMap<Policy, Promise<Untouched>>();

/** What a policy's file commands on the rehearsals where onnxruntime runs it as it is. */
export class Untouched {
  readonly #warnings = new Map<string, string>();
  /** How far rounding can take each output, the largest found: to look for it takes seconds. */
  readonly #roundings = new Map<string, number>();

  private constructor(
    readonly policy: Policy,
    /** Torque, N·m, carried state and attention, by rehearsal; undefined for one that the policy cannot take. */
    private readonly expected: readonly (Tensors | undefined)[],
    private readonly worker: boolean,
  ) {}

  /**
   * Runs the file once, in a thread of its own where `worker`, and compares the graph that was read from it.
   * @throws InputError where the graph commands another torque, naming the node
   */
  static of(policy: Policy, worker: boolean): Promise<Untouched> {
    const known = RUNS.get(policy);
    if (known) return known;
    const started = Untouched.#start(policy, worker);
    RUNS.set(policy, started);
    started.catch(() => RUNS.delete(policy));
    return started;
  }

  static async #start(policy: Policy, worker: boolean): Promise<Untouched> {
    const { bytes, path, graph } = policy;
    let models: Models;
    try {
      models = await load({ file: Uint8Array.from(bytes), graph: writeModel(graph) }, worker);
    } catch (error) {
      if (!(error instanceof InputError)) throw error;
      const made = new Untouched(policy, [], worker);
      made.#warnings.set("file", `${path}: its torque cannot be compared with the file's: ${error.message}`);
      return made;
    }
    try {
      const made = new Untouched(policy, await expectedOf(policy, models), worker);
      const outputs = ownOutputs(policy);
      await made.compare({
        graph: () => graph,
        run: (feeds) => models.run(feeds, [{ model: "graph", outputs }])[0]!,
      });
      return made;
    } finally {
      await models.release();
    }
  }

  /** One line each. */
  get warnings(): readonly string[] {
    return [...this.#warnings.values()];
  }

  /** @throws InputError where the candidate commands another torque than the file, naming the node */
  async compare({ graph, run, rehearsals = REHEARSALS, device = "cpu" }: Candidate): Promise<void> {
    const { policy } = this;
    const start = performance.now();
    for (let i = 0; i < rehearsals && (i === 0 || performance.now() - start < PATIENCE); i++) {
      const feeds = rehearsalFeeds(policy, this.expected[i] ? i : 0);
      const found = await run(feeds).catch(named(policy.path));
      checkProbabilities(policy, found, `rehearsal input ${i + 1} of ${REHEARSALS}`);
      for (const [name, { data }] of Object.entries(this.expected[i] ?? {})) {
        const difference = largestDifference(own(found, name)!.data, data);
        const limit = roundingOn(device) * this.#sizeOf(name);
        if (difference <= Math.max(limit, this.#roundings.get(name) ?? 0)) continue;
        const differs = `output "${name}" differs by up to ${significant(difference)} from the file's on rehearsal input ${i + 1} of ${REHEARSALS}`;
        if (device !== "cpu") this.#warnings.set(`${device} ${name}`, `${policy.path}: on ${device} the ${differs}`);
        else if ((await this.#isRounding(differs, i, graph(), feeds)) && difference > NOTABLE * this.#sizeOf(name))
          this.#warnings.set(
            name,
            `${policy.path}: the ${differs}, where each node gives the same: it magnifies rounding`,
          );
      }
    }
  }

  /**
   * True where rounding alone makes the difference.
   * @throws InputError naming the node that makes it
   */
  async #isRounding(differs: string, index: number, graph: Graph, feeds: Tensors): Promise<true> {
    const { policy, worker } = this;
    const { path } = policy;
    const found = await differingNode({
      policy,
      graph,
      feeds,
      more: moreOf(graph, policy),
      fileFeeds: fileFeedsOf(policy, feeds),
      expected: this.expected[index]!,
      load: (model, work) => loaded(model, worker, work),
    }).catch((error: Error) => {
      throw new InputError(`${path}: the compiled ${differs}; the node was not found: ${error.message}`);
    });
    if ("label" in found)
      throw new InputError(
        `${path}: node "${found.label}" (${found.op}): its compiled form differs by up to ` +
          `${significant(found.difference)} from what onnxruntime computes, and so the ${differs}`,
      );
    for (const [name, limit] of found) this.#roundings.set(name, Math.max(limit, this.#roundings.get(name) ?? 0));
    return true;
  }

  /** The largest element of an output over all rehearsals. */
  #sizeOf(name: string): number {
    return Math.max(0, ...this.expected.map((outputs) => (outputs ? largestSize(own(outputs, name)!.data) : 0)));
  }
}

/**
 * Compares a compiled policy with its file on rehearsal inputs, as an `Explainer` does when it is created.
 * @returns warnings, one line each: a file that onnxruntime refuses, a network that magnifies rounding
 * @throws InputError where the compiled model commands another torque than the file, naming the node
 */
export async function checkTorque(policy: Policy, { bytes, graph }: CompiledModel): Promise<readonly string[]> {
  const untouched = await Untouched.of(policy, false);
  const more = moreOf(graph, policy);
  const models = await load({ compiled: bytes }, false);
  try {
    const outputs = ownOutputs(policy);
    await untouched.compare({
      graph: () => graph,
      run: (feeds) => models.run({ ...feeds, ...more }, [{ model: "compiled", outputs }])[0]!,
      rehearsals: WARM_UPS,
    });
  } finally {
    await models.release();
  }
  return untouched.warnings;
}

/** The policy's own outputs that are used: torque, probabilities of actions, what the file has of them, where they act, attention, and carried state. */
export const ownOutputs = ({ command, probabilities, card, attention, mask }: Policy): string[] => {
  const actions = card.actions && probabilities !== undefined ? [probabilities, card.actions.output] : [];
  const masks = mask ? [mask.tensor] : [];
  return [
    ...new Set([command, ...actions, ...masks, ...attention.map(({ tensor }) => tensor), ...Object.values(card.state)]),
  ];
};

const load = (models: Readonly<Record<string, Uint8Array>>, worker: boolean): Promise<Models> =>
  (worker ? WorkerModels : LocalModels).create(models, { spinning: false });

/** Loads a model for as long as `work` takes. */
async function loaded<Result>(
  model: Uint8Array,
  worker: boolean,
  work: (run: Run) => Promise<Result>,
): Promise<Result> {
  const models = await load({ model }, worker);
  try {
    return await work((feeds, outputs) => models.run(feeds, [{ model: "model", outputs }])[0]!);
  } finally {
    await models.release();
  }
}

/** The outputs of the file for each rehearsal, in physical units; undefined where onnxruntime refuses the input. */
async function expectedOf(policy: Policy, models: Models): Promise<(Tensors | undefined)[]> {
  const expected: (Tensors | undefined)[] = [];
  const { card, command, attention } = policy;
  const carried = [...Object.values(card.state), ...attention.map(({ tensor }) => tensor)];
  const tensors = commandedTensors(card);
  for (let i = 0; i < REHEARSALS; i++) {
    const feeds = rehearsalFeeds(policy, i);
    try {
      const asked = [...new Set([...tensors, ...carried])];
      const found = await models.run(fileFeedsOf(policy, feeds), [{ model: "file", outputs: asked }])[0]!;
      const kept = carried.map((name) => [name, own(found, name)!] as const);
      // Logits behind a softmax are no output of the file: its probabilities are compared.
      const commanded = card.actions
        ? { [card.actions.output]: own(found, card.actions.output)! }
        : { [command]: commandedBy(card, found, feeds) };
      expected.push({ ...Object.fromEntries(kept), ...commanded });
    } catch {
      // An index of something beyond its end, for example.
      expected.push(undefined);
    }
  }
  return expected;
}

/** Inputs as the file has them, from inputs in physical units. */
const fileFeedsOf = ({ card }: Policy, feeds: Tensors): Tensors =>
  Object.fromEntries(
    Object.entries(feeds).map(([name, tensor]) => [
      name,
      evaluated(tensor, (value) => normalisedInput(name, value, card)),
    ]),
  );

/** The explained values by the file's outputs and inputs in physical units. */
function commandedBy(card: Card, found: Tensors, feeds: Tensors): TensorData {
  const constants = (tensors: Tensors, names: readonly string[]) =>
    names.map((name) => [name, given(own(tensors, name)!)] as const);
  const { torque } = card;
  const outputs = constants(found, commandedTensors(card)).map(
    ([name, value]) => [name, torque ? physicalTorque(value, torque) : value] as const,
  );
  return dataOf(commandOf(card, Object.fromEntries(outputs), Object.fromEntries(constants(feeds, Object.keys(feeds)))));
}

/** A function of the graph evaluated on a tensor, with the graph's roundings. */
function evaluated(tensor: TensorData, of: (value: Value) => Value): TensorData {
  const before = given(tensor);
  const made = of(before);
  return made === before ? tensor : dataOf(made);
}

function given({ dtype, shape, data }: TensorData): Value {
  const { buffer, byteOffset, byteLength } = data as Float32Array;
  return constant(new Literal(dtype, shape, new Uint8Array(buffer, byteOffset, byteLength)));
}

function dataOf(value: Value): TensorData {
  const { dtype, shape } = value;
  return { dtype, shape, data: new (DTYPES[dtype].array as Float32ArrayConstructor)(constantOf(value)!.numbers()) };
}

/** Inputs of a graph with relevance in it besides the policy's. */
function moreOf({ inputs }: Graph, policy: Policy): Tensors {
  if (!inputs.has("torquelens.importance")) return {};
  return weightFeeds(policy, { each: new Float32Array(policy.outputs.length).fill(1), chosen: 0 });
}
