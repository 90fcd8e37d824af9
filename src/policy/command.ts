import { applyNode } from "../graph/apply.js";
import { cast, concat, reshape, slice, softmax, tensor } from "../graph/build.js";
import type { Value } from "../graph/value.js";
import { own } from "../own.js";
import { errorAt } from "../yaml/located.js";
import { logitsBehind, type Part, rowOf, withoutNormaliser } from "./actions.js";
import type { Card } from "./card-schema.js";
import { type OutputSlice, stepsIn, usedSlices, widthIn } from "./outputs.js";
import { presentPlaces } from "./present.js";

/** Output of the explained graph that holds the explained values, where none of the model's own outputs does. */
export const COMMAND = "torquelens.command";

/** Output of the explained graph that holds the probabilities of actions, [1, J]. */
export const PROBABILITIES = "torquelens.probabilities";

/** Tensors of a model by name. */
export type Named = Readonly<Record<string, Value>>;

/**
 * The explained values, [1, J]: the explained step of each output tensor, in physical units, a target as the change that
 * it commands (target − present value).
 * @param outputs of the model, in its own units; of `torque`, in N·m
 * @param inputs in physical units
 */
export function commandOf(card: Card, outputs: Named, inputs: Named): Value {
  const parts = usedSlices(card).map((part) => explained(card, part, own(outputs, part.tensor)!, inputs));
  return parts.length === 1 ? parts[0]! : concat(parts, 1);
}

/** What a policy that chooses among actions is explained by. */
export interface Actions {
  /** The explained values, [1, J]: logits, or probabilities where no softmax makes them. */
  readonly command: Value;
  readonly areLogits: boolean;
  readonly probabilities: Value;
}

/**
 * The actions of a card, by the model's outputs; undefined for a card without.
 * @throws InputError for logits that a softmax makes
 */
export function actionsOf(card: Card, outputs: Named, source: string): Actions | undefined {
  const { actions } = card;
  if (!actions) return undefined;
  const [part] = usedSlices(card);
  const whole = own(outputs, part!.tensor)!;
  const place = placeOf(part!, whole);
  const given = rowOf(place);
  const logits = logitsBehind(place);
  if (actions.values === "logits") {
    if (logits)
      throw errorAt(
        source,
        ["actions", "values"],
        `found logits, expected probabilities: the output ${JSON.stringify(actions.output)} is that of a softmax`,
      );
    return { command: withoutNormaliser(place), areLogits: true, probabilities: softmax(given) };
  }
  return { command: logits ?? given, areLogits: logits !== undefined, probabilities: given };
}

function placeOf({ start, step = 0, chunk, elements: { length: size } }: OutputSlice, value: Value): Part {
  return { value, start: step * widthIn(value.shape, chunk) + start, size };
}

function explained(card: Card, part: OutputSlice, whole: Value, inputs: Named): Value {
  const { tensor: name, start, elements, step = 0, chunk } = part;
  const { shape } = whole;
  const [steps, width, size] = [stepsIn(shape, chunk), widthIn(shape, chunk), elements.length];
  // The torque of a card without a step is the tensor as it is.
  if (card.torque && card.torque.step === undefined) return whole;
  let value = whole;
  if (steps > 1) {
    const rows = shape.length === 3 ? value : reshape(value, [1, steps, width]);
    value = reshape(slice(rows, 1, step, step + 1), [1, width]);
  } else if (shape.length !== 2) value = reshape(value, [1, width]);
  if (size < width) value = slice(value, 1, start, start + size);
  // Of `torque` the whole output is in N·m already.
  if (card.torque) return value;
  const numbers = (list: readonly number[]) => tensor(value.dtype, [1, size], list);
  const named = (op: string, by: Value, of: string) =>
    applyNode(op, [value, by], {}, { name: `${name}[${start}], ${op} of ${of}` }).outputs[0]!;
  if (part.std) value = named("Mul", numbers(part.std), "its normalisation");
  if (part.mean) value = named("Add", numbers(part.mean), "its normalisation");
  const { reference } = part;
  if (reference === "zero") return value;
  if (typeof reference === "object" && "values" in reference)
    return named("Sub", numbers(reference.values), "its reference");
  return named("Sub", present(card, part, inputs, value.dtype), "the present value");
}

/** The present values of a slice's elements, [1, n]. */
function present(card: Card, part: OutputSlice, inputs: Named, dtype: Value["dtype"]): Value {
  const places = presentPlaces(card, part).map((place) => place!);
  const runs: { input: string; from: number; to: number }[] = [];
  for (const { input, index } of places) {
    const last = runs.at(-1);
    if (last?.input === input && last.to === index) last.to++;
    else runs.push({ input, from: index, to: index + 1 });
  }
  const values = runs.map(({ input, from, to }) => {
    const whole = own(inputs, input)!;
    const size = whole.shape.reduce((product, extent) => product * extent, 1);
    const row = whole.shape.length === 2 && whole.shape[0] === 1 ? whole : reshape(whole, [1, size]);
    return cast(from === 0 && to === size ? row : slice(row, 1, from, to), dtype);
  });
  return values.length === 1 ? values[0]! : concat(values, 1);
}
