import { defineConfig } from "vitest/config";

// With real Redis servers. Started by run.js.
export default defineConfig({
  test: {
    root: new URL("../../..", import.meta.url).pathname,
    include: ["test/fleet/redis/*.redis.ts"],
    testTimeout: 180_000,
    hookTimeout: 180_000,
    pool: "forks",
    maxWorkers: 1,
    server: { deps: { external: [/\/dist\//, /node_modules/] } },
    reporters: ["default", "./test/plain-summary.ts"],
  },
});
