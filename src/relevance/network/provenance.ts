import { fold } from "../../graph/fold.js";
import { dataOf, isTaken } from "../../graph/kinds.js";
import { Literal } from "../../graph/literal.js";
import { sizeOf } from "../../graph/shape.js";
import { traitsOf } from "../../graph/traits.js";
import type { Value } from "../../graph/value.js";
import type { Analysis } from "../contract/facts.js";
import { type Subject, type SubjectModality, startsOf } from "../contract/subject.js";

/** Modalities in the order of the subject. */
export type Origin = readonly SubjectModality[];

/** The modalities that each element of a value depends on: exact where elements only move, an upper bound elsewhere. */
export class Provenance {
  readonly #origins: Origin[] = [[]];
  readonly #of = new Map<Value, Float64Array>();

  constructor(
    readonly subject: Subject,
    readonly analysis: Analysis,
  ) {}

  /** The origins that occur in a value, each with the elements that have it. */
  origins(value: Value): ReadonlyMap<Origin, readonly number[]> {
    const places = new Map<Origin, number[]>();
    this.#ids(value).forEach((id, i) => {
      const origin = this.#origins[id]!;
      const elements = places.get(origin);
      if (elements) elements.push(i);
      else places.set(origin, [i]);
    });
    return places;
  }

  /** One number per element: its index in `#origins`. */
  #ids(value: Value): Float64Array {
    const known = this.#of.get(value);
    if (known) return known;
    const ids = this.#find(value);
    this.#of.set(value, ids);
    return ids;
  }

  #find(value: Value): Float64Array {
    const { node } = value;
    const size = sizeOf(value.shape);
    if (!this.analysis.isDependent(value)) return new Float64Array(size);
    if (node.op === "Input") return this.#ofInput(value);
    const sources = node.inputs.filter((v): v is Value => v !== undefined && this.analysis.isDependent(v));
    if (isTaken(node.op)) {
      const data = dataOf(node);
      const at = (v: Value) => (data.includes(v) ? this.#asLiteral(v) : v.literal);
      const moved = fold(node, at)?.[value.index];
      if (moved) return moved.numbers();
    }
    const [only] = sources;
    if (traitsOf(node.op).elementwise && sources.length === 1 && sizeOf(only!.shape) === size) return this.#ids(only!);
    const all = sources.flatMap((v) => [...new Set(this.#ids(v))].flatMap((id) => this.#origins[id]!));
    return new Float64Array(size).fill(this.#id(all));
  }

  /** Integers stay integers when they move. */
  #asLiteral = (value: Value) => Literal.from("float32", value.shape, this.#ids(value));

  #ofInput(value: Value): Float64Array {
    const ids = new Float64Array(sizeOf(value.shape));
    for (const modality of this.subject.modalities) {
      if (this.subject.graph.inputs.get(modality.input) !== value) continue;
      const id = this.#id([modality]);
      if (modality.kind === "image") ids.fill(id);
      else for (const start of startsOf(modality)) ids.fill(id, start, start + modality.size);
    }
    return ids;
  }

  #id(modalities: Origin): number {
    const origin = this.subject.modalities.filter((m) => modalities.includes(m));
    const same = this.#origins.findIndex((o) => o.length === origin.length && o.every((m, i) => m === origin[i]));
    return same >= 0 ? same : this.#origins.push(origin) - 1;
  }
}
