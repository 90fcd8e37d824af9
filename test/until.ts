import { setTimeout as sleep } from "node:timers/promises";

/** Longer than a machine with far more work than cores needs for any condition, milliseconds. */
const LIMIT = 300_000;

/** Waits until the condition gives something true, and gives it. Tests wait for conditions, not for a while. */
export async function until<T>(condition: () => T | Promise<T>): Promise<NonNullable<T>> {
  const end = performance.now() + LIMIT;
  for (;;) {
    const result = await condition();
    if (result) return result;
    if (performance.now() > end) throw new Error(`not within ${LIMIT / 1000} s: ${condition}`);
    await sleep(2);
  }
}
