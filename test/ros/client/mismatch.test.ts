import { expect, test } from "vitest";
import { QOS } from "#src/messages/qos.js";
import { mismatch } from "#src/ros/client/mismatch.js";

const wanted = (reliability: "reliable" | "best_effort", durability: "volatile" | "transient_local") => ({
  type: "sensor_msgs/msg/Image",
  qos: { reliability, durability, depth: 1 },
});
const offered = {
  node: "/cam",
  type: "sensor_msgs/msg/Image",
  reliability: "best_effort",
  durability: "volatile",
} as const;

test("sensor data hears every publisher", () => {
  for (const reliability of ["reliable", "best_effort"] as const)
    for (const durability of ["volatile", "transient_local"] as const)
      expect(
        mismatch({ type: offered.type, qos: QOS.sensor }, { ...offered, reliability, durability }),
      ).toBeUndefined();
});

test("what never matches is told, and why", () => {
  expect(mismatch(wanted("reliable", "volatile"), offered)).toMatch(/\/cam publishes best effort, .* reliable/);
  expect(mismatch(wanted("best_effort", "transient_local"), offered)).toMatch(/\/cam publishes volatile/);
  expect(mismatch(wanted("best_effort", "volatile"), { ...offered, type: "std_msgs/msg/String" })).toBe(
    "/cam publishes std_msgs/msg/String, expected sensor_msgs/msg/Image",
  );
});
