import { apply } from "../apply.js";
import { add, int64, reshape, zeros } from "../build.js";
import { ShapeError } from "../shape.js";
import type { Value } from "../value.js";
import type { Lowering } from "./lowering.js";
import { number, real } from "./microsoft-parts.js";

/** Rows of three tables, summed and normalised; tables, scale and shift may be bytes. Output 2 is the sum. */
export const embedded =
  (isQuantised: boolean): Lowering =>
  ({ op, inputs, attributes }) => {
    const [ids, segments, ...rest] = inputs as readonly (Value | undefined)[];
    const MASK = 5;
    const FIRST_SCALE = 6;
    const TABLES = 5;
    const [words, positions, kinds, scale, shift] = Array.from({ length: TABLES }, (_, i) => {
      const [table, step, zero] = [rest[i], rest[FIRST_SCALE + i], rest[FIRST_SCALE + TABLES + i]];
      return table && isQuantised ? real(table, reshape(step!, []), zero && reshape(zero, [])) : table;
    });
    if (ids?.shape.length !== 2 || !words || !positions || !scale || !shift)
      throw new ShapeError(`${op}: expected ids [batch, tokens], two tables, a scale and a shift`);
    if (!isQuantised && rest[FIRST_SCALE]) throw new ShapeError(`${op}: given positions are not supported`);
    const rows = (table: Value, at: Value) => apply("Gather", [table, at], { axis: 0 });
    const inOrder = int64(Array.from({ length: ids.shape[1]! }, (_, i) => i));
    const known = add(rows(words, ids), rows(positions, inOrder));
    const sum = segments && kinds ? add(known, rows(kinds, segments)) : known;
    const y = apply("LayerNormalization", [sum, scale, shift], {
      axis: -1,
      epsilon: number(attributes, "epsilon", 1e-12),
    });
    // Without a mask, no token counts as the end of a sentence.
    const ends = rest[MASK] ? undefined : zeros([ids.shape[0]!], "int32");
    return [y, ends, sum];
  };
