import { defineConfig } from "vitest/config";

// Tests run the built JavaScript in dist/ (through the "#src" import map): what is tested is what ships.
export default defineConfig({
  test: {
    include: ["test/**/*.test.ts"],
    setupFiles: ["test/setup.ts"],
    // Limits for what hangs: ten times what the slowest test takes, as a busy machine may be that slow.
    testTimeout: 600_000,
    hookTimeout: 600_000,
    teardownTimeout: 60_000,
    pool: "forks",
    maxWorkers: 2,
    server: { deps: { external: [/\/dist\//, /node_modules/] } },
    reporters: ["default", "./test/plain-summary.ts"],
  },
});
