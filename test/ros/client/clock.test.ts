import { expect, test } from "vitest";
import { RosClock } from "#src/ros/client/clock.js";
import { FakeRos } from "../fake-ros.js";

test("is the machine's, or /clock's as best effort as it comes", () => {
  const ros = new FakeRos();
  const clock = new RosClock(ros);
  expect(clock.now()).toBe(ros.time);
  clock.simulate(true);
  expect(ros.subscriptions.get("/clock")).toMatchObject([
    { type: "rosgraph_msgs/msg/Clock", qos: { reliability: "best_effort" } },
  ]);
  expect(clock.now()).toBe(0n);
  ros.say("/clock", { clock: { sec: 12, nanosec: 500 } });
  expect(clock.now()).toBe(12_000_000_500n);
  clock.simulate(true);
  expect(clock.now()).toBe(12_000_000_500n);
  clock.simulate(false);
  expect(clock.now()).toBe(ros.time);
  expect(ros.subscriptions.size).toBe(0);
});
