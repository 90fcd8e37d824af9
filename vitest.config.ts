import { defineConfig } from "vitest/config";

// Tests run the built JavaScript in dist/ (through the "#src" import map): what is tested is what ships.
export default defineConfig({
  test: {
    include: ["test/**/*.test.ts"],
    testTimeout: 120_000,
    hookTimeout: 120_000,
    pool: "forks",
    maxWorkers: 2,
    server: { deps: { external: [/\/dist\//, /node_modules/] } },
    reporters: ["default", "./test/plain-summary.ts"],
  },
});
