import type { Reporter, TestModule } from "vitest/node";

/** Ends the run with one plain line, `N passed, N failed[, N skipped]`, for continuous integration to read. */
export default class PlainSummary implements Reporter {
  onTestRunEnd(modules: readonly TestModule[], unhandledErrors: readonly unknown[]): void {
    const count = { passed: 0, failed: unhandledErrors.length, skipped: 0 };
    const hung: string[] = [];
    for (const module of modules) {
      if (module.errors().length > 0) count.failed += 1;
      for (const test of module.children.allTests()) {
        const state = test.result().state;
        if (state === "passed") count.passed += 1;
        else if (state === "failed") count.failed += 1;
        else count.skipped += 1;
        if ((test.diagnostic()?.retryCount ?? 0) > 0) hung.push(`${module.relativeModuleId} > ${test.fullName}`);
      }
    }
    const skipped = count.skipped > 0 ? `, ${count.skipped} skipped` : "";
    // After the default reporter has printed its own summary.
    const again = hung.map((name) => `hung, and was run again: ${name}\n`).join("");
    process.once("exit", () =>
      process.stdout.write(`${again}${count.passed} passed, ${count.failed} failed${skipped}\n`),
    );
  }
}
