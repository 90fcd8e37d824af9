import { defineConfig } from "vitest/config";

// Against a running ROS 2, one file after the other: they share one graph. Started by run.js.
export default defineConfig({
  test: {
    root: new URL("../../..", import.meta.url).pathname,
    include: ["test/ros/live/*.ros.ts"],
    testTimeout: 300_000,
    hookTimeout: 300_000,
    pool: "forks",
    fileParallelism: false,
    reporters: ["default", "./test/plain-summary.ts"],
  },
});
