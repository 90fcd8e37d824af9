import { own } from "../../own.js";
import { apply } from "../apply.js";
import {
  add,
  cast,
  concat,
  greater,
  mul,
  reshape,
  scalar,
  slice,
  split,
  sub,
  type tanh,
  transpose,
  where,
  zeros,
} from "../build.js";
import { ShapeError, sameShape } from "../shape.js";
import type { Value } from "../value.js";
import type { Lowering, LoweringTable, UnloweredNode } from "./lowering.js";

/**
 * Recurrent layers unrolled over their steps. Input and state of a step are one operand of one dense layer, so that
 * relevance of a gate's or candidate's pre-activation reaches both by one rule (Arras et al. 2017).
 */

/** State after a step: h, and c where there is one, each [batch, hidden]. Undefined is zero. */
interface State {
  readonly h: Value | undefined;
  readonly c?: Value | undefined;
}

/** Weights [hidden · parts, inputs], recurrence weights and both biases of some of a direction's parts. */
interface Parts {
  readonly input: Value;
  readonly recurrent: Value;
  readonly inputBias: Value | undefined;
  readonly recurrentBias: Value | undefined;
}

interface Direction {
  /** Parts `from` to before `to`, in the operator's order. */
  parts(from: number, to: number): Parts;
  /** Activation functions of this direction, in the operator's order. */
  readonly activations: readonly ((x: Value) => Value)[];
}

/** Most steps that are unrolled, some twenty nodes each. */
const MOST_STEPS = 5000;

type Step = (x: Value, state: State) => State & { readonly h: Value };
type Cell = (direction: Direction, node: UnloweredNode) => Step;

const dense = (x: Value, weight: Value, bias: Value | undefined): Value =>
  apply("Gemm", bias ? [x, weight, bias] : [x, weight], { transB: 1 });

const sumOf = (a: Value | undefined, b: Value | undefined) => (a && b ? add(a, b) : (a ?? b));

/** x·Wᵀ + h·Rᵀ + b, as one product. */
function joint(parts: Parts) {
  const weight = concat([parts.input, parts.recurrent], 1);
  const bias = sumOf(parts.inputBias, parts.recurrentBias);
  return (x: Value, h: Value | undefined) => (h ? dense(concat([x, h], 1), weight, bias) : dense(x, parts.input, bias));
}

const thirds = (x: Value, count: number) =>
  split(x, 1, Array<number>(count).fill(x.shape[1]! / count)) as readonly [Value, Value, ...Value[]];

/**
 * Gates i, o, f and candidate g: c′ = f⊙c + i⊙g, h′ = o⊙tanh(c′).
 * @param seen what the products make of a state that they read
 */
const lstm =
  (seen = (h: Value): Value => h): Cell =>
  ({ parts, activations }, { attributes, inputs }) => {
    if (inputs[7]) throw new ShapeError("LSTM: peepholes are not supported");
    if (attributes.input_forget === 1) throw new ShapeError("LSTM: coupled input and forget gates are not supported");
    const [gate, squash, squashState] = activations as [typeof tanh, typeof tanh, typeof tanh];
    const [gates, candidate] = [joint(parts(0, 3)), joint(parts(3, 4))];
    return (x, { h: before, c }) => {
      const h = before && seen(before);
      const [input, output, forget] = thirds(gate(gates(x, h)), 3);
      const written = mul(input, squash(candidate(x, h)));
      const cell = c ? add(mul(forget!, c), written) : written;
      return { h: mul(output, squashState(cell)), c: cell };
    };
  };

/** Gates z and r and candidate n: h′ = (1 − z)⊙n + z⊙h; r is applied before or behind n's recurrent product. */
const gru: Cell = ({ parts, activations }, { attributes }) => {
  const [gate, squash] = activations as [typeof tanh, typeof tanh];
  const gates = joint(parts(0, 2));
  const own = parts(2, 3);
  const candidate = joint(own);
  const behind = (x: Value, h: Value | undefined, reset: Value) => {
    const recurrent = h ? dense(h, own.recurrent, own.recurrentBias) : own.recurrentBias;
    const signal = dense(x, own.input, own.inputBias);
    return recurrent ? add(signal, mul(reset, recurrent)) : signal;
  };
  return (x, { h }) => {
    const [update, reset] = thirds(gate(gates(x, h)), 2);
    const activation = attributes.linear_before_reset === 1 ? behind(x, h, reset) : candidate(x, h && mul(reset, h));
    const fresh = mul(sub(1, update), squash(activation));
    return { h: h ? add(fresh, mul(update, h)) : fresh };
  };
};

const rnn: Cell = ({ parts, activations }) => {
  const product = joint(parts(0, 1));
  return (x, { h }) => ({ h: activations[0]!(product(x, h)) });
};

/** Activation functions without parameters, by their names in small letters: onnxruntime takes any capitals. */
const ACTIVATIONS: ReadonlyMap<string, string> = new Map(
  ["Sigmoid", "Tanh", "Relu", "Softplus", "Softsign"].map((name) => [name.toLowerCase(), name]),
);

function activationsOf({ op, attributes }: UnloweredNode, direction: number, defaults: readonly string[]) {
  const all = attributes.activations as readonly string[] | undefined;
  const own = all?.slice(direction * defaults.length, (direction + 1) * defaults.length) ?? defaults;
  if (own.length !== defaults.length)
    throw new ShapeError(`${op}: activations [${all}], expected ${defaults.length} for each direction`);
  return own.map((name) => {
    const activation = ACTIVATIONS.get(name.toLowerCase());
    if (!activation) throw new ShapeError(`${op}: activation ${name} is not supported`);
    return (x: Value) => apply(activation, [x]);
  });
}

/** Directions that run from the last step to the first, by the attribute. */
const BACKWARDS: Readonly<Record<string, readonly boolean[]>> = {
  forward: [false],
  reverse: [true],
  bidirectional: [false, true],
};

/**
 * True where a sequence is not over, [batch, 1] for each step; undefined where all sequences have all steps.
 * @throws ShapeError for lengths of another shape
 */
function presence({ op, inputs }: UnloweredNode, steps: number, batch: number): readonly Value[] | undefined {
  const lengths = inputs[4];
  if (!lengths || lengths.literal?.numbers().every((length) => length === steps)) return undefined;
  if (!sameShape(lengths.shape, [batch]))
    throw new ShapeError(`${op}: sequence lengths [${lengths.shape}] do not fit, expected [${batch}]`);
  const each = reshape(cast(lengths, "int64"), [batch, 1]);
  return Array.from({ length: steps }, (_, t) => greater(each, scalar(t, "int64")));
}

/** A state where a sequence is over: as it was before. */
const kept = (there: Value, after: Value, before: Value | undefined): Value =>
  where(there, after, before ?? zeros(after.shape, after.dtype));

/** Part `i` along `axis`; the axis is removed. */
function pick(x: Value, axis: number, i: number): Value {
  return reshape(
    slice(x, axis, i, i + 1),
    x.shape.filter((_, k) => k !== axis),
  );
}

const unrolled =
  (cell: Cell, partCount: number, defaults: readonly string[]): Lowering =>
  (node) => {
    const { op, inputs, attributes } = node;
    const batchFirst = attributes.layout === 1;
    const timeFirst = (x: Value) => (batchFirst ? transpose(x, [1, 0, ...x.shape.slice(2).map((_, i) => i + 2)]) : x);
    const [x, weights, recurrent] = inputs as readonly [Value, Value, Value];
    if (x?.shape.length !== 3 || weights?.shape.length !== 3 || recurrent?.shape.length !== 3)
      throw new ShapeError(
        `${op}: input [${x?.shape}], weights [${weights?.shape}] and [${recurrent?.shape}] do not fit`,
      );
    const sequence = timeFirst(x);
    const [steps, batch, width] = sequence.shape as [number, number, number];
    const hidden = recurrent.shape[2]!;
    const directions = own(BACKWARDS, (attributes.direction as string | undefined) ?? "forward");
    const fits =
      directions?.length === weights.shape[0] && weights.shape[1] === partCount * hidden && weights.shape[2] === width;
    if (!fits)
      throw new ShapeError(`${op}: weights [${weights.shape}] do not fit input [${x.shape}] and ${hidden} units`);
    if (steps > MOST_STEPS) throw new ShapeError(`${op}: ${steps} steps; the limit is ${MOST_STEPS}`);
    if (attributes.clip !== undefined) throw new ShapeError(`${op}: clipped activations are not supported`);
    const isThere = presence(node, steps, batch);
    const rowsOf = (value: Value, d: number, from: number, to: number) =>
      pick(slice(value, 1, from * hidden, to * hidden), 0, d);
    const runs = directions.map((backwards, d) => {
      const biases = inputs[3];
      const direction: Direction = {
        activations: activationsOf(node, d, defaults),
        parts: (from, to) => ({
          input: rowsOf(weights, d, from, to),
          recurrent: rowsOf(recurrent, d, from, to),
          inputBias: biases && rowsOf(biases, d, from, to),
          recurrentBias: biases && rowsOf(biases, d, partCount + from, partCount + to),
        }),
      };
      const step = cell(direction, node);
      const initial = (value: Value | undefined) => value && pick(timeFirst(value), 0, d);
      const order = Array.from({ length: steps }, (_, t) => (backwards ? steps - 1 - t : t));
      const after: Value[] = new Array(steps);
      let state: State = { h: initial(inputs[5]), c: initial(inputs[6]) };
      for (const t of order) {
        const there = isThere?.[t];
        const next = step(pick(sequence, 0, t), state);
        // The way back begins at a sequence's last step: until then its state stays the initial one.
        after[t] = there ? kept(there, next.h, undefined) : next.h;
        state = there ? { h: kept(there, next.h, state.h), c: next.c && kept(there, next.c, state.c) } : next;
      }
      return { after, last: state };
    });
    const each = (value: Value) => reshape(value, [1, 1, batch, hidden]);
    const all = Array.from({ length: steps }, (_, t) =>
      concat(
        runs.map(({ after }) => each(after[t]!)),
        1,
      ),
    );
    const lasts = (of: (state: State) => Value | undefined) => {
      const values = runs.flatMap(({ last }) => of(last) ?? []);
      if (values.length === 0) return undefined;
      return timeFirst(
        concat(
          values.map((value) => reshape(value, [1, batch, hidden])),
          0,
        ),
      );
    };
    const whole = concat(all, 0);
    return [batchFirst ? transpose(whole, [2, 0, 1, 3]) : whole, lasts(({ h }) => h), lasts(({ c }) => c)];
  };

/** @param seen what an LSTM's products make of a state that they read */
export const unrolledLstm = (seen?: (h: Value) => Value): Lowering =>
  unrolled(lstm(seen), 4, ["Sigmoid", "Tanh", "Tanh"]);

export const RECURRENT_LOWERING: LoweringTable = {
  LSTM: unrolledLstm(),
  GRU: unrolled(gru, 3, ["Sigmoid", "Tanh"]),
  RNN: unrolled(rnn, 1, ["Tanh"]),
};
