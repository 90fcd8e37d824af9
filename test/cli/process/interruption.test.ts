import { expect, test } from "vitest";
import { Interruption } from "#src/cli/process/interruption.js";

/** As a stream does for a write that failed: after the code that wrote. */
const failNext = (code: string) =>
  process.nextTick(() => process.stdout.emit("error", Object.assign(new Error(code), { code })));

test("a last line that could not be written is told", async () => {
  const interruption = new Interruption();
  try {
    failNext("ENOSPC");
    await expect(interruption.check()).rejects.toThrow(
      "standard output: cannot write it (no space left on the device), expected room for it",
    );
    expect(interruption.signal.aborted).toBe(true);
    expect(interruption.canPrint).toBe(false);
  } finally {
    interruption.end();
  }
});

test("a command that outlives its output goes on without it", async () => {
  const interruption = new Interruption({ outlivesOutput: true });
  try {
    failNext("ENOSPC");
    await expect(interruption.check()).rejects.toThrow("standard output: cannot write it");
    expect([interruption.signal.aborted, interruption.silent.aborted]).toEqual([false, true]);
  } finally {
    interruption.end();
  }
});

test("a reader that has gone is no failure", async () => {
  const interruption = new Interruption();
  try {
    failNext("EPIPE");
    await interruption.check();
    expect(interruption.canPrint).toBe(false);
  } finally {
    interruption.end();
  }
});
