import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, afterEach, expect, it } from "vitest";
import { Explainer } from "#src/explain/explainer.js";
import { loadPolicy } from "#src/policy/policy.js";
import { pictureLength, pixels } from "#src/sim/worlds/canvas.js";
import { worldNamed } from "#src/sim/worlds/worlds.js";
import { EXPLANATION, reaches, setParameter, share, start } from "./node.js";
import { type Fields, Probe } from "./probe.js";
import { Program, stopAll, until } from "./process.js";

// A policy that chooses among actions, in its world: the picture over one topic, the explanation over another.

const scratch = mkdtempSync(join(tmpdir(), "torquelens-world-"));
const PICTURES = ["/camera/image", "sensor_msgs/msg/Image"] as const;
const HEATMAPS = ["/torquelens/heatmap", "sensor_msgs/msg/Image"] as const;
const { facts, load } = worldNamed("red-fetch-green");
const stampOf = ({ header }: Fields): string => `${header.stamp.sec}.${header.stamp.nanosec}`;
const bytesOf = ({ data }: Fields): Buffer => Buffer.from(data.base64, "base64");

let probe: Probe;
afterEach(async () => {
  await stopAll();
  await probe?.end();
});
afterAll(() => rmSync(scratch, { recursive: true }));

/** Messages of two topics with the same stamp. */
const pair = (one: string, other: string): Promise<[Fields, Fields]> =>
  until(`${one} and ${other} of one tick`, async () => {
    const [first, second] = [
      await probe.take(one, { count: 50, timeout: 1 }),
      await probe.take(other, { count: 50, timeout: 1 }),
    ];
    for (const { message } of second) {
      const found = first.find((each) => stampOf(each.message) === stampOf(message));
      if (found) return [found.message, message];
    }
    return undefined;
  });

it("the node explains what the policy chooses, as the library does, and one logit rather than another", async () => {
  const params = join(scratch, "params.yaml");
  writeFileSync(params, "torquelens:\n  ros__parameters: {level: full}\n");
  new Program("ros2", ["launch", "torquelens", "sim.launch.py", "task:=red-fetch-green", `params_file:=${params}`]);
  probe = await Probe.start();
  await reaches(probe, "active");
  for (const [topic, type] of [PICTURES, EXPLANATION, HEATMAPS]) await probe.subscribe(topic, type);

  const [picture, explanation] = await pair(PICTURES[0], EXPLANATION[0]);
  expect(picture).toMatchObject({ width: 64, height: 64, encoding: "rgb8" });
  const policy = await loadPolicy(join(share, "models/red-fetch-green.onnx"));
  const explainer = await Explainer.create(policy, { worker: false });
  const { width, height } = facts.picture;
  const image = { width, height, encoding: "rgb8" as const, data: new Uint8Array(bytesOf(picture)), frameId: "world" };
  const none = new Float64Array(0);
  const found = await explainer.explain({
    ...{ tick: 0, stamp: 0n, first: true, images: { image }, values: {}, importance: none, flags: [] },
    ...{ joints: { names: [], position: none, velocity: none }, transforms: [] },
  });
  await explainer.close();
  const { names } = facts.actions;
  expect(explanation.chosen_action).toBe(found.choice!.chosen);
  expect(explanation.torques.map(({ joint }: Fields) => joint)).toEqual(names);
  for (const [k, each] of explanation.torques.entries()) {
    expect(each).toMatchObject({ kind: "action_logit", torque: expect.closeTo(found.torque[k]!, 3) });
    expect(each.probability).toBeCloseTo(found.choice!.probabilities[k]!, 4);
  }
  expect(explanation.shares).toEqual([1]);

  expect(await setParameter(probe, "contrast_joint", "left")).toBeUndefined();
  expect(await setParameter(probe, "against_joint", "forward")).toBeUndefined();
  await until("the contrast", async () => {
    const { against_joint: against } = await probe.next(EXPLANATION[0], { fresh: true });
    return against === "forward" ? true : undefined;
  });
  await probe.take(HEATMAPS[0], { count: 400, timeout: 0 });
  const [heatmap, contrast] = await pair(HEATMAPS[0], EXPLANATION[0]);
  expect(contrast).toMatchObject({ method: "dtd", contrast_joint: "left", against_joint: "forward" });
  const logit = (name: string) => contrast.torques.find(({ joint }: Fields) => joint === name).torque;
  const bytes = bytesOf(heatmap);
  let sum = 0;
  for (let at = 0; at < bytes.length; at += 4) sum += bytes.readFloatLE(at);
  const difference = logit("left") - logit("forward");
  expect(Math.abs(sum - difference)).toBeLessThan(1e-3 * Math.abs(difference));
});

it("a world waits for the names of actions, and refuses others", async () => {
  probe = await Probe.start();
  const simulator = start("sim_node", ["--ros-args", "-p", "task:=red-fetch-green", "-p", "driver:=topic"]);
  await probe.subscribe(...PICTURES);
  const picture = new Uint8Array(pictureLength(facts.picture));
  const world = (await load())(pixels(picture, facts.picture));
  world.reset(0, 0);
  const shows = () =>
    until("the picture", async () =>
      bytesOf(await probe.next(PICTURES[0], { fresh: true })).equals(Buffer.from(picture)) ? true : undefined,
    );
  await shows();
  const say = (name: string) =>
    probe.publish({ topic: "/action", type: "std_msgs/msg/String", message: { data: name } });
  await say("jump");
  await simulator.printed(/\/action: found "jump", expected one of left, right, forward, pickup/);
  await shows();
  for (const name of ["left", "forward", "right"]) {
    await say(name);
    world.step([facts.actions.names.indexOf(name)]);
    await shows();
  }
});
