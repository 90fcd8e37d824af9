import { apart, namedValues, noisy, showing } from "../graph/apart.js";
import { fileNodes, withOutputs } from "../graph/file-nodes.js";
import { writeModel } from "../graph/onnx-write.js";
import type { Graph, Value } from "../graph/value.js";
import { own } from "../own.js";
import type { Policy } from "../policy/policy.js";
import type { Tensors } from "../runtime/models.js";
import type { TensorData } from "../runtime/session.js";
import { largestDifference, largestSize } from "./differences.js";
import { seeded } from "./rehearsal.js";

/** Loads one model, runs it once for these outputs, and forgets it. */
export type RunOnce = (model: Uint8Array, feeds: Tensors, outputs: readonly string[]) => Promise<Tensors>;

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
  readonly run: RunOnce;
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
/** Graphs with random roundings that are tried. */
const TRIALS = 4;
/** Sums round at every term: so many times what one rounding of each value makes is still rounding. */
const TERMS = 64;

/**
 * The first node whose value is not the file's, or, where rounding explains the difference, how far rounding can take
 * each compared output. Each node is first tried on the file's own values, so that no node is blamed for those before
 * it, however much the network magnifies rounding; then the graph as a whole.
 */
export async function differingNode(disagreement: Disagreement): Promise<DifferingNode | ReadonlyMap<string, number>> {
  const { policy, graph, feeds, more, run } = disagreement;
  const pairs = await pairsOf(disagreement);
  const values = pairs.map(({ value }) => value);
  const given = pairs.flatMap(({ value, expected }, i) => (value.literal ? [] : [[`given${i}`, expected] as const]));
  const known = { ...feeds, ...Object.fromEntries(given) };
  const each = apart(policy.graph, values);
  const alone = await shown(each, known, run);
  const first = firstDiffering(pairs, alone, await roundings(each, known, alone, run));
  if (first) return first;
  const own = showing(policy.graph, values);
  const whole = namedValues(
    graph,
    pairs.map(({ name }) => name),
  );
  const found = await shown(
    showing(
      graph,
      pairs.map(({ name, value }) => graph.outputs.get(name) ?? whole.get(name) ?? value),
    ),
    { ...feeds, ...more },
    run,
  );
  const limits = await roundings(own, feeds, await shown(own, feeds, run), run);
  const outputs = [...Object.keys(disagreement.expected)];
  const indexOf = (name: string) => values.indexOf(policy.graph.outputs.get(name)!);
  return firstDiffering(pairs, found, limits) ?? new Map(outputs.map((name) => [name, limits[indexOf(name)]!]));
}

const shown = (graph: Graph, feeds: Tensors, run: RunOnce): Promise<Tensors> =>
  run(writeModel(graph), feeds, [...graph.outputs.keys()]);

/** The values that file and graph have in common, in the file's order, then the outputs. */
async function pairsOf({ policy, fileFeeds, expected, run }: Disagreement): Promise<Pair[]> {
  const nodes = fileNodes(policy.bytes, policy.path);
  const values = namedValues(
    policy.graph,
    nodes.flatMap(({ outputs }) => outputs),
  );
  const names = [...values.keys()];
  const ours = await run(withOutputs(policy.bytes, names), fileFeeds, names);
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

/** How much rounding can change each output of a graph, from runs with random roundings. */
async function roundings(graph: Graph, feeds: Tensors, exact: Tensors, run: RunOnce): Promise<number[]> {
  const values = [...graph.outputs.values()];
  const limits = values.map((_, i) => 4 * ROUNDING * largestSize(exact[`v${i}`]!.data));
  for (let trial = 0; trial < TRIALS; trial++) {
    // Rounding may take an index out of its range.
    const rounded = await shown(noisy(graph, values, ROUNDING, seeded(trial)), feeds, run).catch(() => exact);
    values.forEach((_, i) => {
      const change = TERMS * largestDifference(rounded[`v${i}`]!.data, exact[`v${i}`]!.data);
      if (change > limits[i]!) limits[i] = change;
    });
  }
  return limits;
}
