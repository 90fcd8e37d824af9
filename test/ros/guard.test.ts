import { setImmediate as turn } from "node:timers/promises";
import { describe, expect, test } from "vitest";
import { QOS } from "#src/messages/qos.js";
import { rosArguments } from "#src/ros/arguments.js";
import { RosClock } from "#src/ros/clock.js";
import { guarded } from "#src/ros/guard.js";
import { overridesFor } from "#src/ros/parameters/overrides.js";
import { Parameters, unknownParameters } from "#src/ros/parameters/parameters.js";
import { givenQos, mismatch, QosOverrides } from "#src/ros/qos.js";
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
  test("is overridden by ROS 2's own parameters, of whatever topics were given", async () => {
    const name = (policy: string) => `qos_overrides./camera/image.subscription.${policy}`;
    const argv = [`${name("reliability")}:=reliable`, `${name("depth")}:=7`, `${name("liveliness")}:=x`];
    const { parameters } = rosArguments(["--ros-args", ...argv.flatMap((text) => ["-p", text])]);
    const overrides = await overridesFor("/torquelens", parameters, async () => "");
    const table = givenQos(overrides);
    expect(Object.keys(table)).toEqual([name("reliability"), name("depth")]);
    expect(unknownParameters(table, overrides)).toHaveLength(1);
    const values = Parameters.from(table, overrides);
    const qos = new QosOverrides(Object.keys(table), (key) => values.value(key));
    expect(qos.unused).toHaveLength(2);
    expect(qos.of("/other", "subscription", QOS.sensor)).toEqual(QOS.sensor);
    expect(qos.of("/camera/image", "publisher", QOS.sensor)).toEqual(QOS.sensor);
    expect(qos.of("/camera/image", "subscription", QOS.sensor)).toEqual({
      reliability: "reliable",
      durability: "volatile",
      depth: 7,
    });
    expect(qos.unused).toEqual([]);
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
