import { fileURLToPath } from "node:url";
import type { Browser } from "playwright-core";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { goodRunsOf } from "#src/cli/input/good-runs.js";
import { Warnings } from "#src/health/warnings.js";
import { Parameters } from "#src/parameters/parameters.js";
import { loadPolicy } from "#src/policy/policy.js";
import { methodNamed } from "#src/relevance/methods.js";
import { RosClock } from "#src/ros/client/clock.js";
import { ExplainNode } from "#src/ros/explain/explain-node.js";
import { EXPLAIN_PARAMETERS } from "#src/ros/parameters/explain-parameters.js";
import { QosOverrides } from "#src/ros/parameters/qos-overrides.js";
import { loadTask } from "#src/sim/tasks/tasks.js";
import { FakeRos } from "../ros/fake-ros.js";
import { until } from "../until.js";
import { launch, pixelsOf, violations, visit, type Watched } from "./browser.js";

const POLICY = fileURLToPath(new URL("../../models/reacher.onnx", import.meta.url));

/** A node that explains a robot in memory, which moves. */
async function startNode(given: Readonly<Record<string, string | number | boolean>> = {}) {
  const ros = new FakeRos();
  ros.readers = 0;
  const all = { policy: POLICY, viewer: true, viewer_port: 0, viewer_read_only: false, level: "full", ...given };
  const parameters = new Parameters(EXPLAIN_PARAMETERS, new Map(Object.entries(all)));
  const node = new ExplainNode({
    ros,
    parameters,
    clock: new RosClock(ros),
    qos: new QosOverrides([], () => undefined),
    warnings: new Warnings({ warn: (line) => ros.log("warn", line), now: () => performance.now() }),
    loadPolicy: (path, card) => loadPolicy(path, { card }),
    methodOf: async (spec) => methodNamed(spec),
    goodRunsOf,
  });
  await node.start();
  const { modalities } = await loadPolicy(POLICY);
  const { width, height } = modalities.find((modality) => modality.kind === "image")!;
  const task = await loadTask("reacher", { width, height });
  ros.say("robot_description", { data: task.robotDescription });
  let ticks = 0;
  const timer = setInterval(() => {
    ros.time += 50_000_000n;
    task.step(Float64Array.of(0.05 * Math.sin(ticks++ / 10), 0));
    const { image, position, velocity } = task.observe();
    const stamp = { sec: Number(ros.time / 1_000_000_000n), nanosec: Number(ros.time % 1_000_000_000n) };
    const joints = { name: [...task.joints], position, velocity, effort: new Float64Array(0) };
    ros.say("joint_states", { header: { stamp, frame_id: "" }, ...joints });
    const pixels = { width, height, step: 3 * width, encoding: "rgb8", is_bigendian: 0, data: image };
    ros.say("image", { header: { stamp, frame_id: "eye" }, ...pixels });
  }, 50);
  const url = /page (\S+)/.exec(ros.lines("info").join("\n"))![1]!;
  const stop = async () => {
    clearInterval(timer);
    await node.close();
    task.delete();
  };
  return { ros, parameters, url, stop };
}

describe("the page of the ROS 2 node", () => {
  let browser: Browser;
  let node: Awaited<ReturnType<typeof startNode>>;
  let watched: Watched;

  beforeAll(async () => {
    [browser, node] = await Promise.all([launch(), startNode()]);
    watched = await visit(browser, node.url);
    await watched.page.getByRole("button", { name: "elbow" }).waitFor();
  });
  afterAll(async () => {
    await browser.close();
    await node.stop();
  });

  test("shows the camera, the robot, and how the node does", async () => {
    const { page } = watched;
    const first = await pixelsOf(page);
    await until(async () => (await pixelsOf(page)) !== first);
    await page.locator(".scene canvas").waitFor();
    await until(async () => (await page.getByText("No robot description has come yet.").count()) === 0);
    const health = page.getByRole("region", { name: "Health" });
    await health.getByText("/torquelens: state: active").waitFor();
    await health.getByText(/^\/torquelens: rate: /).waitFor();
    // A node is no simulator.
    expect(await page.getByRole("region", { name: "Simulation" }).count()).toBe(0);
    expect(await violations(page)).toEqual([]);
  });

  test("changes method and joint of the node", async () => {
    const { page } = watched;
    const method = page.getByRole("combobox", { name: /^Method/ });
    await method.selectOption("lrp-gamma");
    await until(() => node.parameters.get("method") === "lrp-gamma");
    await page.getByRole("button", { name: "elbow" }).click();
    await page.getByText("heatmap for elbow").waitFor();
    expect(node.parameters.get("heatmap_joint")).toBe("elbow");
    await method.selectOption("attention");
    await page.getByRole("alert").filter({ hasText: "attention" }).waitFor();
    expect(await method.inputValue()).toBe("lrp-gamma");
    await page.getByRole("button", { name: "Dismiss" }).click();
    await page.getByRole("button", { name: "all joints" }).click();
    await method.selectOption("dtd");
    await until(() => node.parameters.get("method") === "dtd");
  });

  test("compares two methods on the same tick, whoever chose the second one", async () => {
    const { page } = watched;
    const region = page.getByRole("region", { name: "Comparison" });
    const compare = page.getByRole("combobox", { name: "Compare with method" });
    await compare.selectOption("gradient-x-input");
    await page.getByRole("columnheader", { name: "gradient-x-input", exact: true }).waitFor();
    expect(node.parameters.get("compare_method")).toBe("gradient-x-input");
    const map = page.getByRole("img", { name: "First heatmap minus second" });
    const pixels = () => map.evaluate((canvas) => (canvas as HTMLCanvasElement).toDataURL());
    const before = await pixels();
    await until(async () => (await pixels()) !== before);
    const torques = page.getByRole("row", { name: /^τ / });
    for (const text of await torques.allInnerTexts()) {
      const [, first, second, difference] = text.split("\t");
      expect([second, difference]).toEqual([first, "0 N·m"]);
    }
    await page.getByRole("button", { name: "End comparison" }).click();
    await region.waitFor({ state: "detached" });
    await until(() => node.parameters.get("compare_method") === "");
    // As `ros2 param set` does.
    expect(await node.parameters.set(new Map([["compare_method", "gradient"]]))).toBeUndefined();
    await page.getByRole("columnheader", { name: "gradient", exact: true }).waitFor();
    expect(await node.parameters.set(new Map([["compare_method", ""]]))).toBeUndefined();
    await region.waitFor({ state: "detached" });
  });

  test("has nothing to complain about in the console", () => {
    expect(watched.complaints).toEqual([]);
  });
});

test("a node that lets nobody change anything shows its second method all the same", async () => {
  const browser = await launch();
  const node = await startNode({ viewer_read_only: true, compare_method: "gradient" });
  const { page, complaints } = await visit(browser, node.url);
  await page.getByRole("columnheader", { name: "gradient", exact: true }).waitFor();
  for (const name of [/^Method/, "Compare with method"])
    expect(await page.getByRole("combobox", { name }).isDisabled()).toBe(true);
  expect(await page.getByRole("button", { name: "End comparison" }).count()).toBe(0);
  expect(complaints).toEqual([]);
  await browser.close();
  await node.stop();
});
