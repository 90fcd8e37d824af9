import type { Source } from "./source.js";

/**
 * Opens sources one after the other, each at its own speed: the one that was asked for last is shown, whichever opens
 * last. Those before it are closed, and what made them fail is not told.
 */
export function newestOf(
  shown: (source: Source) => void,
  failed: (error: Error) => void,
): (opening: Promise<Source>) => Promise<void> {
  let turn = 0;
  return async (opening) => {
    const own = ++turn;
    try {
      const source = await opening;
      if (own === turn) shown(source);
      else source.close();
    } catch (error) {
      if (own === turn) failed(error as Error);
    }
  };
}
