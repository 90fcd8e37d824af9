import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { expect, test } from "vitest";
import { findInputs } from "#src/bag/inputs.js";
import { openBag } from "#src/bag/open-bag.js";
import { encoderOf } from "#src/messages/cdr.js";
import { readerOf } from "#src/messages/cdr-read.js";
import { messageType } from "#src/messages/definitions.js";
import { feedsOf } from "#src/ros/explain/inputs.js";
import { FEEDERS, type Feeder } from "#src/sensing/feeders.js";
import { Observer } from "#src/sensing/observer.js";
import { writeMcap } from "../bag/recordings.js";
import { FakeRos } from "../ros/fake-ros.js";
import { header, jointState, rawImage } from "./messages.js";
import { card, policyOf } from "./policies.js";

/** A policy with every kind of input: a camera, joints, a goal, words, and an end effector from tf. */
const policy = () => {
  const { inputs, ...rest } = card();
  const made = policyOf({
    ...rest,
    arm: { link: "tool", tf: "base" },
    inputs: { ...inputs, goal: [{ modality: "goal", start: 0, elements: ["x"] }] } as typeof inputs,
  });
  return { ...made, language: { modality: "language", told: () => ({ tokens: [], unknown: [], values: {} }) } };
};

const tf = { transforms: [] };
/** One message of each kind. */
const MESSAGES: Readonly<Record<string, object>> = {
  camera_info: {
    header: header(1n),
    height: 3,
    width: 4,
    distortion_model: "",
    d: [],
    k: new Float64Array(9),
    r: new Float64Array(9),
    p: new Float64Array(12),
    binning_x: 0,
    binning_y: 0,
    roi: { x_offset: 0, y_offset: 0, height: 0, width: 0, do_rectify: false },
  },
  image: rawImage("rgb8", 4, 3, new Uint8Array(36), { header: header(1n) }),
  joint_states: jointState(1n, ["shoulder", "elbow"], [0, 0], [0, 0]),
  robot_description: { data: "<robot/>" },
  instruction: { data: "open the drawer" },
  values: { layout: { dim: [], data_offset: 0 }, data: Float64Array.of(1) },
  tf,
  tf_static: tf,
};

const live = FEEDERS.filter(({ isRecordedOnly }) => !isRecordedOnly);
const named = live.map((feeder): [string, Feeder] => [feeder.kind, feeder]);

test("the names of rows are unique", () => {
  expect(new Set(FEEDERS.map(({ kind }) => kind)).size).toBe(FEEDERS.length);
});

test.each(named)(
  "%s: its types have definitions, its messages reach the observer under its counter",
  async (kind, feeder) => {
    for (const type of feeder.types) expect(messageType(type).name).toBe(type);
    const observer = await Observer.create(policy(), { now: () => 1n, heard: ["goal"] });
    const [subject = "none"] = feeder.subjects(policy());
    const [type] = feeder.types;
    const message = readerOf(type)(encoderOf(type)(MESSAGES[kind]!));
    await feeder.feed(observer, message, subject);
    expect(observer.counters().topics[feeder.counter(subject)]?.received).toBe(1);
    observer.delete();
  },
);

test("a ROS 2 node subscribes to every row, with a type that the row can be read from", () => {
  const feeds = feedsOf(new FakeRos(), policy(), "raw");
  expect(feeds.map(({ feeder }) => feeder.kind)).toEqual(live.map(({ kind }) => kind));
  for (const { feeder, type } of feeds) expect(feeder.types).toContain(type);
});

test("a bag is read for every row, by the topics that a ROS 2 node subscribes to", async () => {
  const ros = new FakeRos();
  const feeds = feedsOf(ros, policy(), "raw").map(({ feeder, topic, type }) => ({
    kind: feeder.kind,
    topic: ros.resolveTopic(topic),
    type,
  }));
  const folder = await mkdtemp(join(tmpdir(), "torquelens-feeders-"));
  const path = join(folder, "bag.mcap");
  await writeMcap(
    path,
    feeds.map(({ kind, topic, type }) => ({ topic, type, logTime: 1n, data: encoderOf(type)(MESSAGES[kind]!) })),
  );
  const bag = await openBag(path);
  const inputs = await findInputs(bag, policy());
  const found = inputs.map(({ feeder, topic }) => ({ kind: feeder.kind, topic: topic.name, type: topic.type }));
  const byKind = (a: { kind: string }, b: { kind: string }) => (a.kind < b.kind ? -1 : 1);
  expect(found.sort(byKind)).toEqual(feeds.sort(byKind));
  await bag.close();
  await rm(folder, { recursive: true });
});
