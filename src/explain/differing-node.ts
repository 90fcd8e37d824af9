import { apart, namedValues, shaken, showing } from "../graph/apart.js";
import { DTYPES } from "../graph/dtype.js";
import { fileNodes, withOutputs } from "../graph/file-nodes.js";
import { writeModel } from "../graph/onnx-write.js";
import { sizeOf } from "../graph/shape.js";
import type { Graph, Value } from "../graph/value.js";
import { own } from "../own.js";
import type { Policy } from "../policy/policy.js";
import type { Tensors } from "../runtime/models.js";
import type { TensorData } from "../runtime/session.js";
import { largestDifference, largestSize } from "./differences.js";
import { seeded } from "./rehearsal.js";

/** Runs a model for these outputs. */
export type Run = (feeds: Tensors, outputs: readonly string[]) => Promise<Tensors>;
/** Loads a model, runs it as often as `work` asks for, and forgets it. */
type Load = <Result>(model: Uint8Array, work: (run: Run) => Promise<Result>) => Promise<Result>;

/** An input for which a policy's file and a graph of it command different torques. */
export interface Disagreement {
  readonly policy: Policy;
  /** The policy's own graph, or with relevance in it. */
  readonly graph: Graph;
  /** Inputs of the policy's graph, in physical units. */
  readonly feeds: Tensors;
  /** Inputs that `graph` has besides. */
  readonly more: Tensors;
  /** Inputs of the file. */
  readonly fileFeeds: Tensors;
  /** The outputs that were compared, as the file has them, in physical units. */
  readonly expected: Tensors;
  readonly load: Load;
}

/** A node whose value is not the file's, by more than rounding. */
export interface DifferingNode {
  readonly label: string;
  readonly op: string;
  /** The largest difference of an element. */
  readonly difference: number;
}

/** A value of the policy's graph, and the same value of the file. */
interface Pair {
  readonly name: string;
  readonly label: string;
  readonly op: string;
  readonly value: Value;
  readonly expected: TensorData;
}

/** One rounding of a float32. */
const ROUNDING = 2 ** -23;
/** Random roundings that are tried. */
const TRIALS = 4;
/** Sums round at every term: so many times what one rounding of each value makes is still rounding. */
const TERMS = 64;

/**
 * The first node whose value is not the file's, or, where rounding explains the difference, how far rounding can take
 * each compared output. Each node is first tried on the file's own values, so that no node is blamed for those before
 * it, however much the network magnifies rounding; then the graph as a whole.
 */
export async function differingNode(disagreement: Disagreement): Promise<DifferingNode | ReadonlyMap<string, number>> {
  const { policy, graph, feeds, more, load } = disagreement;
  const pairs = await pairsOf(disagreement);
  const values = pairs.map(({ value }) => value);
  const given = pairs.flatMap(({ value, expected }, i) => (value.literal ? [] : [[`given${i}`, expected] as const]));
  const each = apart(policy.graph, values);
  const alone = await rounded(each, { ...feeds, ...Object.fromEntries(given) }, load);
  const first = firstDiffering(pairs, alone.exact, alone.limits);
  if (first) return first;
  const whole = namedValues(
    graph,
    pairs.map(({ name }) => name),
  );
  const all = showing(
    graph,
    pairs.map(({ name, value }) => graph.outputs.get(name) ?? whole.get(name) ?? value),
  );
  const found = await load(writeModel(all), (run) => run({ ...feeds, ...more }, namesOf(all)));
  const { limits } = await rounded(showing(policy.graph, values), feeds, load);
  const outputs = [...Object.keys(disagreement.expected)];
  const indexOf = (name: string) => values.indexOf(policy.graph.outputs.get(name)!);
  return firstDiffering(pairs, found, limits) ?? new Map(outputs.map((name) => [name, limits[indexOf(name)]!]));
}

const namesOf = ({ outputs }: Graph): string[] => [...outputs.keys()];

/** The values that file and graph have in common, in the file's order, then the outputs. */
async function pairsOf({ policy, fileFeeds, expected, load }: Disagreement): Promise<Pair[]> {
  const nodes = fileNodes(policy.bytes, policy.path);
  const values = namedValues(
    policy.graph,
    nodes.flatMap(({ outputs }) => outputs),
  );
  const names = [...values.keys()];
  const ours = await load(withOutputs(policy.bytes, names), (run) => run(fileFeeds, names));
  const pairs = nodes.flatMap(({ label, op, outputs }) =>
    outputs.flatMap((name): Pair[] => {
      const [value, given] = [values.get(name), own(ours, name)];
      return value && given ? [{ name, label, op, value, expected: given }] : [];
    }),
  );
  for (const [name, given] of Object.entries(expected)) {
    const value = policy.graph.outputs.get(name)!;
    if (pairs.every((pair) => pair.value !== value))
      pairs.push({ name, label: value.node.label, op: value.node.op, value, expected: given });
  }
  return pairs;
}

function firstDiffering(pairs: readonly Pair[], found: Tensors, limits: readonly number[]): DifferingNode | undefined {
  for (const [i, { label, op, expected }] of pairs.entries()) {
    // The elements of float16 come as bits.
    if (expected.dtype === "float16") continue;
    const difference = largestDifference(found[`v${i}`]!.data, expected.data);
    if (difference > limits[i]!) return { label, op, difference };
  }
  return undefined;
}

/** Outputs of a graph, `v0` to `vn`, and how much rounding can change each of them. */
interface Rounded {
  readonly exact: Tensors;
  readonly limits: readonly number[];
}

/** Runs one model with random roundings, and without. */
function rounded(graph: Graph, feeds: Tensors, load: Load): Promise<Rounded> {
  const values = [...graph.outputs.values()];
  const { graph: model, factors } = shaken(graph, values);
  return load(writeModel(model), async (run) => {
    const names = namesOf(model);
    const exact = await run({ ...feeds, ...factorsOf(factors, () => 1) }, names);
    const limits = values.map((_, i) => 4 * ROUNDING * largestSize(exact[`v${i}`]!.data));
    for (let trial = 0; trial < TRIALS; trial++) {
      const random = seeded(trial);
      const roundings = factorsOf(factors, () => 1 + ROUNDING * (2 * random() - 1));
      // Rounding may take an index out of its range.
      const found = await run({ ...feeds, ...roundings }, names).catch(() => exact);
      values.forEach((_, i) => {
        const change = TERMS * largestDifference(found[`v${i}`]!.data, exact[`v${i}`]!.data);
        if (change > limits[i]!) limits[i] = change;
      });
    }
    return { exact, limits };
  });
}

/** Different factors before they begin again: a prime number, so that no two rows of a tensor are alike. */
const FACTORS = 65_521;

/** Tensors for the factors of a graph, all from one stretch of numbers. */
function factorsOf(factors: readonly Value[], next: () => number): Tensors {
  const stretch = Float64Array.from({ length: FACTORS }, next);
  let at = 0;
  return Object.fromEntries(
    factors.map(({ name, dtype, shape }) => {
      const data = new DTYPES[dtype].array(sizeOf(shape)) as Float32Array;
      for (let i = 0; i < data.length; ) {
        const part = stretch.subarray(at, at + data.length - i);
        data.set(part, i);
        i += part.length;
        at = (at + part.length) % FACTORS;
      }
      return [name!, { dtype, shape, data } satisfies TensorData];
    }),
  );
}
