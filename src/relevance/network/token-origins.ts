import { fold } from "../../graph/fold.js";
import { dataOf, isTaken } from "../../graph/kinds.js";
import { Literal } from "../../graph/literal.js";
import { broadcast, type Shape, sizeOf, stridesOf } from "../../graph/shape.js";
import { traitsOf } from "../../graph/traits.js";
import type { Value } from "../../graph/value.js";
import type { Analysis, Context } from "../contract/facts.js";
import type { SubjectImage, SubjectModality, SubjectValues } from "../contract/subject.js";

/** The origin of a token: a cell of an image's feature map, or elements of configuration. */
export type TokenOrigin =
  | { readonly kind: "cell"; readonly image: SubjectImage; readonly map: Value; readonly cell: number }
  | { readonly kind: "values"; readonly modalities: readonly SubjectValues[] };

/** Constants, and mixtures of several origins. */
const NOTHING = 0;
const MIXED = -1;

/** Follows single tokens from the inputs to where a layer attends to them. */
export class TokenOrigins {
  readonly #origins: TokenOrigin[] = [];
  readonly #ids = new Map<Value, Float64Array>();
  readonly #analysis: Analysis;

  constructor(
    readonly context: Context,
    readonly modalities: readonly SubjectModality[],
  ) {
    this.#analysis = context.analysis;
  }

  /** The origin of each token of a [.., tokens, features] value; undefined for learned tokens and mixtures. */
  of(value: Value): (TokenOrigin | undefined)[] {
    const [tokens, features] = value.shape.slice(-2) as [number, number];
    const ids = this.#of(value);
    return Array.from({ length: tokens }, (_, t) => {
      const own = new Set(Array.from(ids).filter((__, i) => Math.floor(i / features) % tokens === t));
      const [only] = own;
      return own.size === 1 && only! > 0 ? this.#origins[only! - 1] : undefined;
    });
  }

  #of(value: Value): Float64Array {
    const known = this.#ids.get(value) ?? this.#find(value);
    this.#ids.set(value, known);
    return known;
  }

  #find(value: Value): Float64Array {
    const { node, shape } = value;
    const size = sizeOf(shape);
    if (!this.#analysis.isDependent(value)) return new Float64Array(size).fill(NOTHING);
    if (node.op === "Input") return this.#ofInput(value);
    const image = this.context.onlyImage(node);
    if (image && traitsOf(node.op).map === "window" && shape.length === 4) return this.#ofMap(value, image);
    if (isTaken(node.op)) {
      const data = dataOf(node);
      const moved = fold(node, (v) => (data.includes(v) ? Literal.from("float32", v.shape, this.#of(v)) : v.literal));
      if (moved) return moved[value.index]!.numbers();
    }
    const sources = node.inputs.filter((v): v is Value => v !== undefined && this.#analysis.isDependent(v));
    if (traitsOf(node.op).rowwise) {
      const rows = sources.length === 1 && sources[0] === node.inputs[0] ? this.#rows(sources[0]!) : undefined;
      const width = shape.at(-1) ?? 1;
      return rows && rows.length * width === size
        ? Float64Array.from({ length: size }, (_, i) => rows[Math.floor(i / width)]!)
        : this.#allMixed(sources, size);
    }
    return this.#together(sources, shape);
  }

  /** One id per row along the last axis: the join of its elements' ids. */
  #rows(value: Value): Float64Array {
    const ids = this.#of(value);
    const width = value.shape.at(-1)!;
    return Float64Array.from({ length: ids.length / width }, (_, r) =>
      ids.slice(r * width, (r + 1) * width).reduce((a, b) => this.#both(a, b)),
    );
  }

  /** Element by element, where the sources broadcast to the output. */
  #together(sources: readonly Value[], shape: Shape): Float64Array {
    const out = new Float64Array(sizeOf(shape)).fill(NOTHING);
    for (const source of sources) {
      const ids = this.#of(source);
      if (!broadcasts(source.shape, shape)) return this.#allMixed(sources, out.length);
      const strides = stridesOf(shape);
      const own = stridesOf(source.shape);
      const extra = shape.length - source.shape.length;
      out.forEach((before, i) => {
        const at = own.reduce((sum, stride, axis) => {
          const index = Math.floor(i / strides[axis + extra]!) % shape[axis + extra]!;
          return sum + (source.shape[axis] === 1 ? 0 : index * stride);
        }, 0);
        out[i] = this.#both(before, ids[at]!);
      });
    }
    return out;
  }

  #allMixed(sources: readonly Value[], size: number): Float64Array {
    const ids = new Set(sources.flatMap((source) => [...new Set(this.#of(source))]));
    return new Float64Array(size).fill([...ids].reduce((a, b) => this.#both(a, b), NOTHING));
  }

  #both(a: number, b: number): number {
    if (a === b || b === NOTHING) return a;
    if (a === NOTHING) return b;
    const [first, second] = [this.#origins[a - 1], this.#origins[b - 1]];
    if (first?.kind === "cell" && second?.kind === "cell") {
      const same = first.image === second.image && first.cell === second.cell;
      const alike = first.map.shape.slice(2).join() === second.map.shape.slice(2).join();
      return same && alike ? Math.max(a, b) : MIXED;
    }
    if (first?.kind !== "values" || second?.kind !== "values") return MIXED;
    return this.#ofValues([...new Set([...first.modalities, ...second.modalities])]);
  }

  #ofInput(value: Value): Float64Array {
    const ids = new Float64Array(sizeOf(value.shape)).fill(MIXED);
    for (const m of this.modalities)
      if (m.kind === "values" && this.context.subject.graph.inputs.get(m.input) === value)
        ids.fill(this.#ofValues([m]), m.start, m.start + m.size);
    return ids;
  }

  #ofMap(map: Value, image: SubjectImage): Float64Array {
    const cells = map.shape[2]! * map.shape[3]!;
    const first = this.#origins.length + 1;
    for (let cell = 0; cell < cells; cell++) this.#origins.push({ kind: "cell", image, map, cell });
    return Float64Array.from({ length: sizeOf(map.shape) }, (_, i) => first + (i % cells));
  }

  #ofValues(modalities: readonly SubjectValues[]): number {
    const ordered = this.modalities.filter((m): m is SubjectValues => modalities.includes(m as SubjectValues));
    const known = this.#origins.findIndex(
      (o) =>
        o.kind === "values" && o.modalities.length === ordered.length && o.modalities.every((m, i) => m === ordered[i]),
    );
    return known >= 0 ? known + 1 : this.#origins.push({ kind: "values", modalities: ordered });
  }
}

function broadcasts(from: Shape, to: Shape): boolean {
  try {
    return broadcast("", from, to).join() === to.join();
  } catch {
    return false;
  }
}
