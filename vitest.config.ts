import { defineConfig } from "vitest/config";

/** Rooms whose tests leave nothing behind in their process, so that files can share one and load their modules once. */
const SHARED = "analysis arm backward graph image messages numbers outputs policy relevance sensing text urdf web yaml";
/** Two of their files ask for a whole process: one takes memory, one loads fonts. */
const shared = SHARED.split(" ").map((room) => `test/${room}/**/!(budget|drawing).test.ts`);

// Tests run the built JavaScript in dist/ (through the "#src" import map): what is tested is what ships.
export default defineConfig({
  test: {
    setupFiles: ["test/setup.ts"],
    // Limits for what hangs: several times what the slowest test takes, as a busy machine may be that slow.
    testTimeout: 240_000,
    hookTimeout: 240_000,
    // A test that hung is run once more and named at the end: an operation on a file has once never returned.
    retry: { count: 1, condition: /^Test timed out/ },
    teardownTimeout: 60_000,
    pool: "forks",
    maxWorkers: 2,
    server: { deps: { external: [/\/dist\//, /node_modules/] } },
    reporters: ["default", "./test/plain-summary.ts"],
    projects: [
      { extends: true, test: { name: "shared", include: shared, isolate: false } },
      { extends: true, test: { name: "alone", include: ["test/**/*.test.ts"], exclude: shared } },
    ],
  },
});
