import { defineConfig } from "vitest/config";

// With a real ffmpeg. Started by run.js.
export default defineConfig({
  test: {
    root: new URL("../../..", import.meta.url).pathname,
    include: ["test/bag/video/*.video.ts"],
    testTimeout: 120_000,
    hookTimeout: 120_000,
    pool: "forks",
    maxWorkers: 1,
    server: { deps: { external: [/\/dist\//, /node_modules/] } },
    reporters: ["default", "./test/plain-summary.ts"],
  },
});
