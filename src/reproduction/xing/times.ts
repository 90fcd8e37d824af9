import type { Policy } from "../../policy/policy.js";
import type { Progress } from "../progress.js";
import { Mapper } from "../worlds/mapper.js";
import { imageAt, rowsOf, type States } from "../worlds/states.js";

/** Rounds before the timed ones. */
const WARM = 2;

/**
 * Times maps of states, one a round for each method, the methods in turn, on one thread.
 * @returns milliseconds, by method and round
 */
export async function timesOf(
  timed: readonly { readonly policy: Policy; readonly method: string }[],
  states: States,
  rounds: number,
  { signal, done }: Progress,
): Promise<number[][]> {
  const rows = rowsOf(states);
  const mappers: Mapper[] = [];
  try {
    for (const { policy, method } of timed) mappers.push(await Mapper.create(policy, method));
    const times: number[][] = timed.map(() => []);
    for (let round = -WARM; round < rounds; round++) {
      signal?.throwIfAborted();
      const image = imageAt(states, rows[(round + WARM) % rows.length]!);
      for (const [k, mapper] of mappers.entries()) {
        const start = performance.now();
        await mapper.map(image);
        if (round >= 0) times[k]!.push(performance.now() - start);
      }
      if (round >= 0) done?.();
    }
    return times;
  } finally {
    for (const mapper of mappers) await mapper.release();
  }
}
