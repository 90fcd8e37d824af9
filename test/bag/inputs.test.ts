import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { BagSource, type BagSourceOptions } from "#src/bag/bag-source.js";
import { findInputs, type NamedTopics } from "#src/bag/inputs.js";
import { openBag } from "#src/bag/open-bag.js";
import { InputError } from "#src/errors.js";
import type { Explanation } from "#src/explain/explanation.js";
import type { Observation } from "#src/explain/observation.js";
import { encoderOf } from "#src/messages/cdr.js";
import type { ImageMessage } from "#src/messages/types.js";
import type { Policy } from "#src/policy/policy.js";
import { cameraInfo, header, jointState, rawImage } from "../sensing/messages.js";
import { card, policyOf } from "../sensing/policies.js";
import { type Sample, writeMcap } from "./recordings.js";

let folder: string;
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), "torquelens-inputs-"));
});
afterEach(() => rm(folder, { recursive: true }));

const ms = (time: number): bigint => BigInt(time) * 1_000_000n;
const recorded = (topic: string, type: string, time: number, message: object): Sample => ({
  topic,
  type,
  logTime: ms(time),
  data: encoderOf(type)(message),
});
const image = (topic: string, time: number, stamp = time, rest: Partial<ImageMessage> = {}): Sample =>
  recorded(
    topic,
    "sensor_msgs/msg/Image",
    time,
    rawImage("rgb8", 4, 3, new Uint8Array(36).fill(time % 251), { header: header(ms(stamp)), ...rest }),
  );
const jpeg = (topic: string, time: number): Sample =>
  recorded(topic, "sensor_msgs/msg/CompressedImage", time, {
    header: header(ms(time)),
    format: "jpeg",
    data: new Uint8Array(3),
  });
const joints = (topic: string, time: number, names = ["shoulder", "elbow"], stamp = time): Sample => {
  const zeros = names.map(() => 0);
  return recorded(
    topic,
    "sensor_msgs/msg/JointState",
    time,
    jointState(
      ms(stamp),
      names,
      names.map(() => time / 1000),
      zeros,
    ),
  );
};

const description = (topic: string): Sample => recorded(topic, "std_msgs/msg/String", 1, { data: "<robot/>" });

async function bagOf(messages: readonly Sample[]) {
  await writeMcap(join(folder, "bag.mcap"), messages);
  return openBag(join(folder, "bag.mcap"));
}

async function found(messages: readonly Sample[], named: NamedTopics = {}, policy: Policy = policyOf(card())) {
  const bag = await bagOf(messages);
  try {
    const inputs = await findInputs(bag, policy, named);
    const of = (kind: string) => inputs.filter(({ feeder }) => feeder.kind === kind);
    const bySubject = (kind: string) => Object.fromEntries(of(kind).map(({ subject, topic }) => [subject, topic.name]));
    return {
      ...(of("values").length > 0 && { given: bySubject("values") }),
      cameras: bySubject("image"),
      joints: of("joint_states").map(({ topic }) => topic.name),
    };
  } catch (error) {
    if (!(error instanceof InputError)) throw error;
    return error.message.replaceAll(`${folder}/`, "");
  } finally {
    await bag.close();
  }
}

const two = () => {
  const { inputs, ...rest } = card();
  return policyOf({
    ...rest,
    inputs: { ...inputs, wrist: { ...inputs.image!, modality: "wrist" } as (typeof inputs)[string] },
  });
};

/** A policy that sees a goal, which no sensor gives. */
const goalPolicy = () => {
  const { inputs, ...rest } = card();
  return policyOf({
    ...rest,
    inputs: { ...inputs, goal: [{ modality: "goal", start: 0, elements: ["x", "y"] }] } as typeof inputs,
  });
};
const numbers = (topic: string, time: number, data: readonly number[], of = "Float64MultiArray"): Sample =>
  recorded(topic, `std_msgs/msg/${of}`, time, { layout: { dim: [], data_offset: 0 }, data });

describe("values that no sensor gives", () => {
  const robot = [joints("/arm", 1), image("/front", 2)];
  const goal = numbers("/cell/values/goal", 3, [1, 2]);
  const other = numbers("/target", 3, [3, 4], "Float32MultiArray");

  it("are found by the topic's name, or named", async () => {
    const policy = goalPolicy();
    expect(await found([...robot, goal, other], {}, policy)).toMatchObject({ given: { goal: "/cell/values/goal" } });
    expect(await found([...robot, goal, other], { given: { goal: "/target" } }, policy)).toMatchObject({
      given: { goal: "/target" },
    });
    expect(await found([...robot, goal], { values: { goal: [5, 6] } }, policy)).not.toHaveProperty("given");
    expect(await found([...robot, other], { given: { goal: "/aim" } }, policy)).toBe(
      "bag.mcap: no numbers on /aim, expected one of /target",
    );
    expect(await found([...robot, goal, numbers("/values/goal", 3, [1, 2])], {}, policy)).toBe(
      "bag.mcap: several topics may be goal: /cell/values/goal, /values/goal (--value goal=TOPIC)",
    );
    expect(await found([...robot, goal], { given: { aim: "/target" } }, policy)).toBe(
      "--value aim=/target: expected MODALITY one of goal",
    );
  });

  it("are what was said before each image, also before the start; constants hold on", async () => {
    const messages = [
      numbers("/values/goal", 1, [1, 2]),
      ...[10, 20, 30].flatMap((time) => [joints("/arm", time), image("/front", time)]),
      numbers("/values/goal", 25, [3, 4]),
      numbers("/values/goal", 26, [3]),
    ].sort((a, b) => Number(a.logTime - b.logTime));
    const seen = async (options: BagSourceOptions) => {
      const bag = await bagOf(messages);
      const problems: string[] = [];
      const problem = (topic: string, reason: string) => problems.push(`${topic}: ${reason}`);
      const source = await BagSource.open(bag, goalPolicy(), { problem, ...options });
      const goals: number[][] = [];
      for await (const { values } of source.observations()) goals.push(Array.from(values.goal!));
      await source.close();
      await bag.close();
      return { goals, problems };
    };
    const problems = ["/values/goal: values of goal: found 1 values, expected 2 (x, y)"];
    const [first, last] = [
      [1, 2],
      [3, 4],
    ];
    expect(await seen({})).toEqual({ goals: [first, first, last], problems });
    expect(await seen({ start: ms(15) })).toEqual({ goals: [first, last], problems });
    const constant = await seen({ values: { goal: [7, 8] } });
    expect(constant).toEqual({ goals: Array(3).fill([7, 8]), problems: [] });
  });

  it("are missed where they are neither recorded nor given", async () => {
    const bag = await bagOf(robot);
    await expect(BagSource.open(bag, goalPolicy())).rejects.toThrow(
      "test.yaml: goal: no sensor gives it; expected 2 numbers (x, y) or a topic, as --value goal=…",
    );
    await bag.close();
  });
});

describe("topics are found", () => {
  it("by type and by the names of joints", async () => {
    const messages = [joints("/gripper", 1, ["finger"]), joints("/arm", 2), image("/front", 3)];
    expect(await found(messages)).toEqual({ cameras: { image: "/front" }, joints: ["/arm"] });
  });

  it("the raw images of a camera before its compressed ones, and those where there are no others", async () => {
    const both = [joints("/arm", 1), image("/front", 2), jpeg("/front/compressed", 2)];
    expect(await found(both)).toMatchObject({ cameras: { image: "/front" } });
    expect(await found([both[0]!, both[2]!])).toMatchObject({ cameras: { image: "/front/compressed" } });
  });

  it("joints on several topics, where each has some of them", async () => {
    const messages = [joints("/upper", 1, ["shoulder"]), joints("/lower", 1, ["elbow", "wrist"]), image("/front", 2)];
    expect(await found(messages)).toMatchObject({ joints: ["/upper", "/lower"] });
  });

  it("several cameras by the modalities' names", async () => {
    const messages = [joints("/arm", 1), image("/camera/image/raw", 2), image("/camera/wrist/raw", 2)];
    expect(await found(messages, {}, two())).toMatchObject({
      cameras: { image: "/camera/image/raw", wrist: "/camera/wrist/raw" },
    });
  });

  it("a robot description by its name, else the only one in a namespace", async () => {
    const rest = [image("/camera", 1), joints("/joints", 1)];
    const topicsWith = async (...names: string[]) => {
      const bag = await bagOf([...rest, ...names.map(description)]);
      const inputs = await findInputs(bag, policyOf(card()));
      await bag.close();
      return inputs.filter(({ feeder }) => feeder.kind === "robot_description").map(({ topic }) => topic.name);
    };
    expect(await topicsWith("/robot_description")).toEqual(["/robot_description"]);
    expect(await topicsWith("/arm/robot_description", "/robot_description")).toEqual(["/robot_description"]);
    expect(await topicsWith("/arm/robot_description")).toEqual(["/arm/robot_description"]);
    expect(await topicsWith("/left/robot_description", "/right/robot_description")).toEqual([]);
    expect(await topicsWith("/arm/my_robot_description")).toEqual([]);
  });

  it("never in an explanation", async () => {
    const explained = { ...image("/node/overlay", 2), topic: "/node/overlay" };
    const ratios = recorded("/node/ratios", "torquelens/msg/RelevanceRatios", 2, {
      header: header(0n),
      image: 0,
      position: 0,
      velocity: 0,
      configuration: 0,
      weighted_torque: 0,
      conservation_residual: 0,
      latency_ms: 0,
    });
    expect(await found([joints("/arm", 1), image("/front", 2), explained, ratios])).toMatchObject({
      cameras: { image: "/front" },
    });
  });

  it("as they are named", async () => {
    const messages = [joints("/a", 1), joints("/b", 1), image("/front", 2), image("/back", 2)];
    expect(await found(messages, { image: { "": "/back" }, joints: ["/b"] })).toEqual({
      cameras: { image: "/back" },
      joints: ["/b"],
    });
    expect(await found(messages, { image: { image: "/front" }, joints: ["/a", "/b"] })).toEqual({
      cameras: { image: "/front" },
      joints: ["/a", "/b"],
    });
  });
});

describe("joints that carry the arm and that the policy does not command", () => {
  const joint = (name: string, type: string, parent: string, child: string, axis: string) =>
    `<link name="${child}"><inertial><mass value="1"/><inertia ixx="1" iyy="1" izz="1" ixy="0" ixz="0" iyz="0"/></inertial>
     </link><joint name="${name}" type="${type}"><parent link="${parent}"/><child link="${child}"/><axis xyz="${axis}"/>
     <origin xyz="0.5 0 0"/></joint>`;
  const urdf = `<robot name="r"><link name="base"/>${[
    joint("rail", "prismatic", "base", "cart", "1 0 0"),
    joint("lift", "prismatic", "cart", "column", "0 0 1"),
    joint("shoulder", "continuous", "column", "upper", "0 0 1"),
    joint("elbow", "continuous", "upper", "lower", "0 0 1"),
    joint("finger", "prismatic", "lower", "tool", "0 1 0"),
  ].join("")}</robot>`;
  const { inputs, ...rest } = card();
  const policy = (arm: object = { link: "lower" }) =>
    policyOf({
      ...rest,
      arm: arm as never,
      inputs: { ...inputs, seen: [{ modality: "tip", quantity: "end_effector_position", start: 0, size: 3 }] },
    });
  const robot = recorded("/robot_description", "std_msgs/msg/String", 1, { data: urdf });
  const broken = recorded("/robot_description", "std_msgs/msg/String", 0, { data: "<robot" });
  const arm = joints("/arm", 2);
  const front = image("/front", 2);
  const topics = async (...more: Sample[]) => found([broken, robot, arm, front, ...more], {}, policy());

  it("are read from topics of their own, and put the end effector where it is", async () => {
    const messages = [
      robot,
      ...[10, 20].flatMap((time) => [
        recorded(
          "/base",
          "sensor_msgs/msg/JointState",
          time,
          jointState(ms(time), ["lift", "rail"], [0.4, -0.2], [0, 0]),
        ),
        recorded(
          "/arm",
          "sensor_msgs/msg/JointState",
          time,
          jointState(ms(time), ["shoulder", "elbow"], [0, 0], [0, 0]),
        ),
        image("/front", time),
      ]),
    ];
    expect(await found(messages, {}, policy())).toMatchObject({ joints: ["/base", "/arm"] });
    const bag = await bagOf(messages);
    const problems: string[] = [];
    const source = await BagSource.open(bag, policy(), { problem: (topic, why) => problems.push(`${topic}: ${why}`) });
    const seen: Observation[] = [];
    for await (const observation of source.observations()) seen.push(observation);
    await source.close();
    await bag.close();
    expect(seen.map(({ flags }) => flags)).toEqual([[], []]);
    for (const { values } of seen)
      expect([...values.tip!]).toEqual([2 - 0.2, 0, 0.4].map((x) => expect.closeTo(x, 12)));
    expect(problems).toEqual([]);
  });

  it("are found by the card's file, too", async () => {
    const file = join(folder, "arm.urdf");
    await writeFile(file, urdf);
    const messages = [arm, front, joints("/base", 2, ["lift", "rail"])];
    expect(await found(messages, {}, policy({ file, link: "lower" }))).toMatchObject({ joints: ["/arm", "/base"] });
    expect(await found(messages, {}, policy())).toMatchObject({ joints: ["/arm"] });
  });

  it("are read from as many topics as hold them, but not what carries nothing, or is there already", async () => {
    const [lift, rail] = [joints("/lift", 2, ["lift"]), joints("/rail", 2, ["rail"])];
    expect(await topics(lift, rail, joints("/hand", 2, ["finger"]))).toMatchObject({
      joints: ["/arm", "/lift", "/rail"],
    });
    expect(await topics(rail)).toMatchObject({ joints: ["/arm", "/rail"] });
    expect(await topics(joints("/other", 2, ["knee"]))).toMatchObject({ joints: ["/arm"] });
    const all = joints("/all", 2, ["shoulder", "elbow", "lift", "rail"]);
    expect(await found([robot, all, front, lift, rail], {}, policy())).toMatchObject({ joints: ["/all"] });
    expect(await found([robot, arm, front, lift], { joints: ["/arm"] }, policy())).toMatchObject({ joints: ["/arm"] });
  });

  it("are not chosen between", async () => {
    expect(await topics(joints("/lift", 2, ["lift"]), joints("/hoist", 2, ["lift"]))).toBe(
      "bag.mcap: several topics hold lift, which carries the end effector: /lift, /hoist (--joints TOPIC)",
    );
  });
});

describe("a bag is refused with the reason", () => {
  const arm = joints("/arm", 1);
  const front = image("/front", 2);
  it.each<[string, Sample[], NamedTopics, string]>([
    ["no messages", [], {}, "bag.mcap: no messages, expected images and joint states"],
    ["no images", [arm], {}, "bag.mcap: no images for image, expected sensor_msgs Image or CompressedImage"],
    ["no joint states", [front], {}, "bag.mcap: no joint states, expected sensor_msgs/msg/JointState"],
    [
      "several cameras",
      [arm, front, image("/back", 2)],
      {},
      "bag.mcap: several topics may be image: /front, /back (--image TOPIC)",
    ],
    [
      "several arms",
      [arm, joints("/other", 1), front],
      {},
      "bag.mcap: several topics hold the policy's joints: /arm, /other (--joints TOPIC)",
    ],
    [
      "joints missing",
      [joints("/arm", 1, ["shoulder", "wrist"]), front],
      {},
      "bag.mcap: joints elbow are missing: /arm has shoulder, wrist",
    ],
    [
      "an image topic that is none",
      [arm, front],
      { image: { "": "/arm" } },
      "bag.mcap: no images on /arm, which is of sensor_msgs/msg/JointState, expected one of /front",
    ],
    [
      "a joint topic that is none",
      [arm, front],
      { joints: ["/x"] },
      "bag.mcap: no joint states on /x, expected one of /arm",
    ],
    [
      "a modality that is none",
      [arm, front],
      { image: { eye: "/front" } },
      "--image eye=/front: expected MODALITY=TOPIC, MODALITY one of image",
    ],
  ])("%s", async (_, messages, named, reason) => {
    expect(await found(messages, named)).toBe(reason);
  });

  it("several cameras of which none has the modality's name", async () => {
    expect(await found([arm, front, image("/back", 2)], {}, two())).toBe(
      "bag.mcap: no topic named after image: /front, /back (--image image=TOPIC)",
    );
  });
});

it("a calibration that two cameras share is that of both", async () => {
  const info = recorded("/rig/camera_info", "sensor_msgs/msg/CameraInfo", 1, cameraInfo({ width: 4, height: 3 }));
  const images = [10, 20].flatMap((time) => [
    image("/rig/image", time),
    image("/rig/wrist", time),
    joints("/arm", time),
  ]);
  const bag = await bagOf([info, ...images]);
  const source = await BagSource.open(bag, two());
  let seen = 0;
  for await (const observation of source.observations()) {
    seen++;
    expect(Object.values(observation.images).map(({ optics }) => optics !== undefined)).toEqual([true, true]);
  }
  const { topics } = source.counters();
  expect(seen).toBe(2);
  expect(topics["image/camera_info"]!.received).toBe(2);
  expect(topics["wrist/camera_info"]).toEqual(topics["image/camera_info"]);
  await source.close();
  await bag.close();
});

describe("bad messages are counted and told of, and the rest is explained", () => {
  async function observed(messages: readonly Sample[], policy = policyOf(card())) {
    const problems: string[] = [];
    const bag = await bagOf(messages);
    const source = await BagSource.open(bag, policy, { problem: (topic, why) => problems.push(`${topic}: ${why}`) });
    const seen: Observation[] = [];
    for await (const observation of source.observations()) {
      seen.push(observation);
      source.accept({ torque: Float32Array.of(0.5, -0.25) } as Explanation);
    }
    const counters = source.counters();
    await source.close();
    await bag.close();
    return { seen, problems, counters };
  }
  const steady = (from: number, count: number, shift = 0): Sample[] =>
    Array.from({ length: count }, (_, i) => from + 50 * i).flatMap((time) => [
      joints("/arm", time, undefined, time - shift),
      image("/front", time, time - shift),
    ]);
  const stamps = (seen: readonly Observation[]) => seen.map(({ stamp }) => Number(stamp / 1_000_000n));

  it("stamps by another clock than the recorder's", async () => {
    const { seen, problems } = await observed(steady(1_000_000, 4, 999_900));
    expect(problems).toEqual([]);
    expect(stamps(seen)).toEqual([100, 150, 200, 250]);
  });

  it("an unknown encoding, a damaged payload", async () => {
    const strange = image("/front", 149, 149, { encoding: "mauve8" });
    const damaged = { ...image("/front", 151), data: Uint8Array.of(0, 1, 0, 0, 7) };
    const { seen, problems } = await observed([...steady(100, 2), strange, damaged, ...steady(200, 2)].sort(byTime));
    expect(stamps(seen)).toEqual([100, 150, 200, 250]);
    expect(problems).toEqual([
      expect.stringMatching(/^\/front: .*mauve8/),
      expect.stringMatching(
        /^\/front: 1 message could not be decoded, the first at 0.05 s: a message does not fit sensor_msgs\/msg\/Image/,
      ),
    ]);
  });

  it("stamps that are equal or out of order", async () => {
    const again = [image("/front", 160, 150), image("/front", 170, 140)];
    const { seen, problems, counters } = await observed([...steady(100, 2), ...again, ...steady(200, 2)]);
    expect(stamps(seen)).toEqual([100, 150, 200, 250]);
    expect(problems).toHaveLength(2);
    expect(counters.topics.image!.dropped).toEqual({ out_of_order: 2 });
  });

  it("a clock that was set back in the middle begins an episode", async () => {
    const { seen, counters } = await observed([...steady(5000, 3), ...steady(6000, 3, 5500)]);
    // The image at 500 tells of it; the joint state before that counted as one of the time before.
    expect(stamps(seen)).toEqual([5000, 5050, 5100, 550, 600]);
    expect(seen.map(({ first }) => first)).toEqual([true, false, false, true, false]);
    expect(counters.clockJumps).toBe(1);
  });
});

const byTime = (a: Sample, b: Sample): number => Number(a.logTime - b.logTime);

it.each([true, false])("channels of one topic are publishers of their own: with an index %s", async (isIndexed) => {
  const states = Array.from({ length: 40 }, (_, k) => [
    { ...joints("/joint_states", 10 * k), publisher: "/left/driver" },
    { ...joints("/joint_states", 10 * k + 4), publisher: "/right/driver" },
  ]).flat();
  const moved = (sample: Sample): Sample => {
    if (sample.publisher !== "/right/driver") return sample;
    const time = Number(sample.logTime / 1_000_000n);
    const there = jointState(sample.logTime, ["shoulder", "elbow"], [1.5 + time / 1000, time / 1000], [1, 1]);
    return { ...recorded("/joint_states", "sensor_msgs/msg/JointState", time, there), publisher: "/right/driver" };
  };
  const images = Array.from({ length: 8 }, (_, k) => image("/camera", 50 * k + 2));
  const messages = [...states.map(moved), ...images].sort((a, b) => Number(a.logTime - b.logTime));
  const form = isIndexed ? {} : { useChunks: false, useMessageIndex: false };
  await writeMcap(join(folder, "bag.mcap"), messages, form);
  const bag = await openBag(join(folder, "bag.mcap"));
  const problems: string[] = [];
  const source = await BagSource.open(bag, policyOf(card()), {
    problem: (topic, reason) => problems.push(`${topic}: ${reason}`),
  });
  const flags: (readonly string[])[] = [];
  for await (const observation of source.observations()) flags.push(observation.flags);
  expect(problems).toEqual([
    expect.stringMatching(
      /^\/joint_states: joint shoulder: positions jump to and fro, 1.5\d within \d+ ms .*\(channel \d of \/left\/driver; channel \d of \/right\/driver\); expected one publisher a joint$/,
    ),
  ]);
  expect(flags.at(-1)).toContain("mixed_joint_states");
  expect(source.counters().mixed).toBe(flags.filter((one) => one.includes("mixed_joint_states")).length);
  await source.close();
  await bag.close();
});
