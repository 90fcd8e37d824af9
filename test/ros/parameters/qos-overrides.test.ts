import { expect, test } from "vitest";
import { QOS } from "#src/messages/qos.js";
import { rosArguments } from "#src/ros/client/arguments.js";
import { parametersFrom, unknownParameters } from "#src/ros/parameters/given-parameters.js";
import { overridesFor } from "#src/ros/parameters/overrides.js";
import { givenQos, QosOverrides } from "#src/ros/parameters/qos-overrides.js";

test("is overridden by ROS 2's own parameters, of whatever topics were given", async () => {
  const name = (policy: string) => `qos_overrides./camera/image.subscription.${policy}`;
  const argv = [`${name("reliability")}:=reliable`, `${name("depth")}:=7`, `${name("liveliness")}:=x`];
  const { parameters } = rosArguments(["--ros-args", ...argv.flatMap((text) => ["-p", text])]);
  const overrides = await overridesFor("/torquelens", parameters, async () => "");
  const table = givenQos(overrides);
  expect(Object.keys(table)).toEqual([name("reliability"), name("depth")]);
  expect(unknownParameters(table, overrides)).toHaveLength(1);
  const values = parametersFrom(table, overrides);
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
