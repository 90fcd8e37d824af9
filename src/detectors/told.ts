/** What a policy that is told in words what to do was told, and what it chose. */
export interface Told {
  readonly instruction: string;
  /** Words of it that the policy does not know. */
  readonly unknown: readonly string[];
  /** Name of the action that it chose. */
  readonly chosen: string;
  /** Name of the previous action that it was told of; undefined where it is told of none, or that is not known. */
  readonly previous?: string | undefined;
  /** Share of the words in the relevance of words, images and previous action; NaN where nothing was explained. */
  readonly heeded: number;
}

/** What is usual of a policy that is told what to do, from good runs. */
export interface ToldReference {
  /** Pairs of neighbouring words, with the sentence's ends, and times of each word and of all. */
  readonly pairs: ReadonlySet<string>;
  readonly times: ReadonlyMap<string, number>;
  readonly words: number;
  /** Most that a good run's sentence is missed by in the others (`missedPairs`). */
  readonly missed: number;
  /** Most actions in which a run did the same again. */
  readonly repeats: number;
  /** Actions that are rarer than chance has them: something is done, and then something else. */
  readonly acting: ReadonlySet<string>;
  /** Actions after which the picture changes. */
  readonly moving: ReadonlySet<string>;
  /** Least mean share of the words after such an action, in a run. */
  readonly heeded: number;
}

/** The modality of the previous action. */
export const PREVIOUS_ACTION = "previous_action";

/** Share of one modality in that of words, images and previous action together. */
export function heededOf(
  modalities: readonly string[],
  shares: ArrayLike<number>,
  words: string,
  images: readonly string[],
): number {
  const of = (names: readonly string[]) =>
    modalities.reduce((sum, name, m) => sum + (names.includes(name) ? (shares[m] ?? Number.NaN) : 0), 0);
  const all = of([words, PREVIOUS_ACTION, ...images]);
  return all > 0 ? of([words]) / all : Number.NaN;
}

/** The only element above or below zero: of one action among all, that which is not zero. */
export function onlyOne(values: ArrayLike<number>): number | undefined {
  const found = Array.from(values).flatMap((value, i) => (value !== 0 ? [i] : []));
  return found.length === 1 ? found[0] : undefined;
}
