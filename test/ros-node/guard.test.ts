import { setImmediate as turn } from "node:timers/promises";
import { describe, expect, test } from "vitest";
import { RosClock } from "#src/ros/clock.js";
import { guarded } from "#src/ros/guard.js";
import { mismatch, QOS, qosOf, qosParameters } from "#src/ros/qos.js";
import { FakeRos } from "./fake-ros.js";

describe("callbacks", () => {
  test("nothing is thrown from one, at once or later, whatever it is", async () => {
    const failures: string[] = [];
    const failed = (where: string, error: Error) => failures.push(`${where}: ${error.message}`);
    const thrown: unknown[] = [new Error("broken"), "text", undefined, null, { code: 1 }];
    for (const error of thrown) {
      guarded(
        "now",
        () => {
          throw error;
        },
        failed,
      )();
      guarded("later", () => Promise.reject(error), failed)();
    }
    await turn();
    expect(failures).toHaveLength(10);
    expect(failures[0]).toBe("now: broken");
    expect(failures.filter((line) => line.startsWith("later:"))).toHaveLength(5);
  });

  test("not even where telling of it fails", async () => {
    const failed = () => {
      throw new Error("no logger");
    };
    guarded("x", () => Promise.reject(new Error("broken")), failed)();
    guarded("x", JSON.parse, failed)("{");
    await turn();
  });

  test("arguments go through", () => {
    const seen: unknown[] = [];
    guarded("x", (a: number, b: string) => seen.push(a, b), expect.fail)(1, "b");
    expect(seen).toEqual([1, "b"]);
  });
});

describe("time", () => {
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
});

describe("quality of service", () => {
  test("is overridden by ROS 2's own parameters", () => {
    const topic = { topic: "/camera/image", end: "subscription", qos: QOS.sensor } as const;
    const table = qosParameters([topic]);
    expect(Object.keys(table)).toEqual([
      "qos_overrides./camera/image.subscription.reliability",
      "qos_overrides./camera/image.subscription.durability",
      "qos_overrides./camera/image.subscription.depth",
    ]);
    const values: Record<string, unknown> = Object.fromEntries(
      Object.entries(table).map(([name, spec]) => [name, spec.default]),
    );
    expect(qosOf(topic, (name) => values[name])).toEqual(QOS.sensor);
    values["qos_overrides./camera/image.subscription.reliability"] = "reliable";
    expect(qosOf(topic, (name) => values[name]).reliability).toBe("reliable");
  });

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
});
