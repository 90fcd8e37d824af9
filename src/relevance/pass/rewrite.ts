import type { Value } from "../../graph/value.js";
import type { Attribution, Totals } from "../contract/attribution.js";
import type { Relevance } from "../contract/carrier.js";

/** Replaces the values of an attribution: `change` takes all of them at once and returns one for each, in order. */
export function rewrite(attribution: Attribution, change: (values: readonly Value[]) => readonly Value[]): Attribution {
  const found: Value[] = [];
  through(attribution, (value) => {
    found.push(value);
    return value;
  });
  const changed = change(found)[Symbol.iterator]();
  return through(attribution, () => changed.next().value!);
}

function through(attribution: Attribution, change: (value: Value) => Value): Attribution {
  const relevance = (r: Relevance): Relevance => ({ ...r, amount: change(r.amount) });
  const each = <K, A, B>(map: ReadonlyMap<K, A>, to: (a: A) => B) =>
    new Map(Array.from(map, ([key, a]) => [key, to(a)] as const));
  const { totals, torquePixels, constants, absorbed } = attribution;
  return {
    inputs: each(attribution.inputs, relevance),
    pixels: each(attribution.pixels, (all) => all.map(relevance)),
    ...(torquePixels && { torquePixels: each(torquePixels, change) }),
    joined: each(attribution.joined, (all) => all.map(change)),
    ...(constants && { constants: constants.map(change) }),
    ...(absorbed && { absorbed: absorbed.map(relevance) }),
    emptyPools: attribution.emptyPools.map(change),
    rules: attribution.rules,
    ...(totals && { totals: ofTotals(totals) }),
  };

  function ofTotals({ weighted, perTorque }: Totals): Totals {
    return { weighted: each(weighted, change), perTorque: each(perTorque, change) };
  }
}
