import { add, concat, matmul, mul, reshape, slice, split, sub } from "../../graph/build.js";
import type { Value } from "../../graph/value.js";
import type { Activation } from "../activations.js";
import { settled } from "../settled.js";
import type { Layer, LayerBuilder, LayerTable } from "./layer.js";

/** State after a step; of the first one there is none before, which is zeros. */
interface State {
  readonly h: Value;
  readonly c?: Value;
}

interface Parts {
  readonly layer: Layer;
  readonly units: number;
  readonly recurrent: Value;
  readonly activation: Activation;
  readonly gate: Activation;
}

/** @param x the step's input times the kernel, with the bias: [N, gates · units] */
type Step = (x: Value, before: State | undefined) => State;

const plus = (a: Value, b: Value | undefined) => (b ? add(a, b) : a);

const simple = ({ recurrent, activation }: Parts): Step => {
  return (x, before) => ({ h: activation(plus(x, before && matmul(before.h, recurrent))) });
};

/** Gates in the order input, forget, candidate, output. */
const lstm = ({ units, recurrent, activation, gate }: Parts): Step => {
  return (x, before) => {
    const all = plus(x, before && matmul(before.h, recurrent));
    const [i, f, g, o] = split(all, 1, Array<number>(4).fill(units)) as [Value, Value, Value, Value];
    const written = mul(gate(i), activation(g));
    const c = before?.c ? add(mul(gate(f), before.c), written) : written;
    return { h: mul(gate(o), activation(c)), c };
  };
};

/** Gates in the order update, reset, candidate; the reset comes before the candidate's product. */
const gru = ({ layer, units, recurrent, activation, gate }: Parts): Step => {
  if (layer.flag("reset_after", false)) throw layer.error("reset_after is not supported");
  const ofGates = settled(slice(recurrent, 1, 0, 2 * units));
  const ofCandidate = settled(slice(recurrent, 1, 2 * units, 3 * units));
  return (x, before) => {
    const [z, r, g] = split(x, 1, [units, units, units]) as [Value, Value, Value];
    if (!before) return { h: mul(sub(1, gate(z)), activation(g)) };
    const [hz, hr] = split(matmul(before.h, ofGates), 1, [units, units]) as [Value, Value];
    const update = gate(add(z, hz));
    const reset = gate(add(r, hr));
    const fresh = activation(add(g, matmul(mul(reset, before.h), ofCandidate)));
    return { h: add(mul(update, before.h), mul(sub(1, update), fresh)) };
  };
};

/** Steps of a recurrent layer at most. */
const MOST_STEPS = 1024;

/** A recurrent layer over [N, steps, features], written out step by step. */
const recurrent =
  (cell: (parts: Parts) => Step): LayerBuilder =>
  (layer) => {
    const { input } = layer;
    if (input.shape.length !== 3) throw layer.error(`its input is [${input.shape}], expected [1, steps, features]`);
    for (const key of ["stateful", "return_state"])
      if (layer.flag(key, false)) throw layer.error(`${key} is not supported`);
    const [batch, steps, features] = input.shape as [number, number, number];
    if (steps > MOST_STEPS)
      throw layer.error(`${steps} steps; supported are up to ${MOST_STEPS}, which are written out`);
    const step = cell({
      layer,
      units: layer.number("units"),
      recurrent: layer.weight("recurrent_kernel"),
      activation: layer.activation("activation", "tanh"),
      gate: layer.activation("recurrent_activation", "hard_sigmoid"),
    });
    const [kernel, bias] = [layer.weight("kernel"), layer.bias];
    const all: Value[] = [];
    let state: State | undefined;
    for (let k = 0; k < steps; k++) {
      const place = layer.flag("go_backwards", false) ? steps - 1 - k : k;
      const x = reshape(slice(input, 1, place, place + 1), [batch, features]);
      state = step(plus(matmul(x, kernel), bias), state);
      all.push(reshape(state.h, [batch, 1, state.h.shape[1]!]));
    }
    return layer.flag("return_sequences", false) ? concat(all, 1) : state!.h;
  };

/** Recurrent layers. */
export const RECURRENT: LayerTable = { SimpleRNN: recurrent(simple), LSTM: recurrent(lstm), GRU: recurrent(gru) };
