import fc from "fast-check";
import type { DType } from "#src/graph/dtype.js";
import type { Form } from "../run-form.js";
import { type Forms, form } from "./forms.js";
import { extent, type Operand, oneOf, type Shape, tensor } from "./operands.js";
import { strings } from "./unlowered.js";

const float = (value: number | undefined) => (value === undefined ? undefined : { float: value });
const LOWEST = -3.4028234663852886e38;

/** What a mask of an attention hides: nothing, what is false, −∞ or the lowest number, or everything. */
const masks = oneOf("none", "false", "finite", "infinite", "lowest", "both", "all false", "all lowest");
function masked(kind: string, x: Operand): Operand {
  const hidden = (v: number) =>
    kind === "infinite" ? Number.NEGATIVE_INFINITY : kind === "both" && v < -1 ? Number.NEGATIVE_INFINITY : LOWEST;
  const values = x.values.map((v) => {
    if (kind === "all false") return 0;
    if (kind === "all lowest") return LOWEST;
    return kind === "false" || kind === "finite" || v > 0.7 ? v : hidden(v);
  });
  return { ...x, values };
}

const attention = fc
  .record({
    batch: fc.integer({ min: 1, max: 2 }),
    heads: fc.integer({ min: 1, max: 3 }),
    sharing: fc.integer({ min: 1, max: 2 }),
    queries: extent,
    keys: extent,
    past: oneOf(0, 0, 2),
    width: extent,
    valueWidth: extent,
    packed: fc.boolean(),
    causal: oneOf(0, 1),
    mask: masks,
    maskShape: fc.nat(7),
    cap: oneOf(undefined, 2, 50),
    scale: oneOf(undefined, 0.3),
    precise: oneOf(undefined, 1),
    constant: fc.boolean(),
    loud: oneOf(1, 20),
  })
  .chain((r): fc.Arbitrary<Form> => {
    const { batch, heads, queries, keys, past, width, valueWidth } = r;
    const all = keys + past;
    const own = heads * r.sharing;
    const shape = (count: number, length: number, each: number): Shape =>
      r.packed ? [batch, length, count * each] : [batch, count, length, each];
    const shapes: Shape[] = [
      [queries, all],
      [1, all],
      [batch, 1, queries, all],
      [batch, own, queries, all],
      [1, own, queries, all],
      [own, queries, all],
      [1, queries, all],
      [batch, 1, 1, all],
    ];
    const truths = r.mask === "false" || r.mask === "all false";
    return fc
      .tuple(
        tensor(shape(own, queries, width), "float32", -r.loud, r.loud),
        tensor(shape(heads, keys, width)),
        tensor(shape(heads, keys, valueWidth)),
        tensor(shapes[r.maskShape]!, truths ? "bool" : "float32"),
        tensor([batch, heads, Math.max(1, past), width]),
        tensor([batch, heads, Math.max(1, past), valueWidth]),
      )
      .map(([q, k, v, mask, pastKey, pastValue]) =>
        form(
          23,
          [
            q,
            k,
            v,
            r.mask === "none" ? undefined : { ...masked(r.mask, mask), constant: r.constant },
            ...(past > 0 ? [pastKey, pastValue] : []),
          ],
          {
            is_causal: r.causal,
            q_num_heads: r.packed ? own : undefined,
            kv_num_heads: r.packed ? heads : undefined,
            softcap: float(r.cap),
            scale: float(r.scale),
            softmax_precision: r.precise,
          },
          past > 0 ? ["y", "keys", "values"] : ["y"],
        ),
      );
  });

/** Small and capital letters; the sizes of their axes. */
const LETTERS: Readonly<Record<string, number>> = { a: 2, b: 3, c: 4, X: 2, Y: 3, Z: 4, i: 2, j: 3 };
/** The axes that an ellipsis stands for. onnxruntime ends the process where terms disagree on their number. */
const DOTS = [[], [3], [2, 3]];

/** Random equations: letters in any order and of either size, sums, axes of extent 1, ellipses, implied outputs. */
const einsum = fc
  .record({
    terms: fc.array(
      fc.record({
        letters: fc.shuffledSubarray(Object.keys(LETTERS), { minLength: 0, maxLength: 3 }),
        dots: fc.boolean(),
        at: fc.nat(3),
        ones: oneOf(0, 0, 0, 1, 5),
      }),
      { minLength: 1, maxLength: 3 },
    ),
    dots: fc.nat(2),
    implied: oneOf(true, false, false),
    kept: fc.shuffledSubarray(Object.keys(LETTERS)),
    dotsAt: fc.nat(3),
    space: oneOf("", " "),
    dtype: oneOf<DType>("float32", "float32", "float64", "int64"),
  })
  .chain(({ terms, dots, implied, kept, dotsAt, space, dtype }) => {
    const written = terms.map(({ letters, dots: has, at, ones }) => {
      const axes = letters.map((letter, i): [string, readonly number[]] => [
        letter,
        [(ones >> i) & 1 ? 1 : LETTERS[letter]!],
      ]);
      if (has) axes.splice(Math.min(at, axes.length), 0, ["...", DOTS[dots]!]);
      return { text: axes.map(([text]) => text).join(""), shape: axes.flatMap(([, sizes]) => sizes) };
    });
    const used = written.map(({ text }) => text).join("");
    const letters = kept.filter((letter) => used.includes(letter));
    if (used.includes("...")) letters.splice(Math.min(dotsAt, letters.length), 0, "...");
    const left = written.map(({ text }) => text).join(`${space},`);
    const equation = implied ? left : `${left}${space}->${space}${letters.join("")}`;
    return fc
      .tuple(...written.map(({ shape }) => tensor(shape, dtype)))
      .map((inputs) => form(13, inputs, { equation }));
  });

/** A recurrent layer with `parts` weight matrices and `count` activations a direction. */
const recurrent = (parts: number, states: number, count: number) =>
  fc
    .record({
      steps: fc.integer({ min: 1, max: 4 }),
      batch: fc.integer({ min: 1, max: 3 }),
      width: extent,
      hidden: fc.integer({ min: 1, max: 4 }),
      direction: oneOf(undefined, "forward", "reverse", "bidirectional"),
      biased: fc.boolean(),
      started: fc.boolean(),
      remembered: fc.boolean(),
      lengths: fc.boolean(),
      activations: fc.option(
        fc.array(oneOf("Sigmoid", "Tanh", "Relu", "Softsign", "sigmoid", "tanh", "RELU"), {
          minLength: 6,
          maxLength: 6,
        }),
      ),
      before: oneOf(undefined, 0, 1),
      read: fc.integer({ min: 1, max: 7 }),
      opset: oneOf(9, 14, 22),
    })
    .chain(({ steps, batch, width, hidden, direction, biased, started, remembered, lengths, activations, ...r }) => {
      const directions = direction === "bidirectional" ? 2 : 1;
      const weights = (shape: Shape) => tensor(shape, "float32", -1, 1).map((x) => ({ ...x, constant: true }));
      const state = tensor([directions, batch, hidden]);
      return fc
        .tuple(
          tensor([steps, batch, width]),
          weights([directions, parts * hidden, width]),
          weights([directions, parts * hidden, hidden]),
          weights([directions, 2 * parts * hidden]),
          state,
          state,
        )
        .map(([x, w, recurrence, bias, h, c]) => {
          const all = { dtype: "int32" as const, shape: [batch], values: Array(batch).fill(steps), constant: true };
          const names = ["y", "h", "c"].slice(0, states + 1).map((name, i) => ((r.read >> i) & 1 ? name : ""));
          return form(
            r.opset,
            [
              x,
              w,
              recurrence,
              biased ? bias : undefined,
              lengths ? all : undefined,
              started ? h : undefined,
              ...(states === 2 && remembered ? [c] : []),
            ],
            {
              hidden_size: hidden,
              direction,
              activations: activations ? strings(activations.slice(0, count * directions)) : undefined,
              linear_before_reset: parts === 3 ? r.before : undefined,
            },
            names.some(Boolean) ? names : ["y"],
          );
        });
    });

/** Operators that are written with others when they are read, over the corners of their definition. */
export const LOWERED_FORMS: Readonly<Record<string, Forms>> = {
  Attention: ["Attention", attention],
  Einsum: ["Einsum", einsum],
  LSTM: ["LSTM", recurrent(4, 2, 3)],
  GRU: ["GRU", recurrent(3, 1, 2)],
  RNN: ["RNN", recurrent(1, 1, 1)],
};
