import { readFile } from "node:fs/promises";
import { setImmediate as turn } from "node:timers/promises";
import sharp from "sharp";
import { describe, expect, it, test } from "vitest";
import { Arm } from "#src/arm/arm.js";
import { ImportanceFactor } from "#src/arm/importance.js";
import { modelFromFile } from "#src/arm/mujoco.js";
import type { Observation } from "#src/explain/observation.js";
import type { CardInput } from "#src/policy/card-schema.js";
import { givenModalities, misfitOf } from "#src/sensing/given-values.js";
import type { Match } from "#src/sensing/match.js";
import { Observer } from "#src/sensing/observer.js";
import type { ObserverOptions } from "#src/sensing/observer-options.js";
import { cameraInfo, header, jointState, rawImage, transform } from "./messages.js";
import { card, policyOf } from "./policies.js";

const MS = 1_000_000n;
const IMAGE = { modality: "image", encoding: "rgb8", layout: "NHWC", range: [0, 255] } as const;
const POSITION = { modality: "joint_position", start: 0, size: 2 };
const pixels = Uint8Array.from({ length: 36 }, (_, i) => 5 * i);

const observer = (given: CardInput, options: Partial<ObserverOptions> = {}) =>
  Observer.create(policyOf(given), {
    now: () => 0n,
    problem: (topic, reason) => {
      throw new Error(`${topic}: ${reason}`);
    },
    maxAge: Number.POSITIVE_INFINITY,
    maxFuture: Number.POSITIVE_INFINITY,
    ...options,
  });
const joints = (ms: bigint, position = [0.3, -0.7], velocity = [1, 2]) =>
  jointState(ms * MS, ["shoulder", "elbow"], position, velocity);
const image = (ms: bigint, encoding = "rgb8", width = 4, height = 3, data: Uint8Array = pixels) =>
  rawImage(encoding, width, height, data, { header: header(ms * MS) });
const only = async (matches: readonly Match[]): Promise<Observation> => {
  expect(matches.length).toBe(1);
  return (await matches[0]!.observe())!;
};

/** The card of an arm whose end effector the policy sees. */
const seeing = (arm: CardInput["arm"], rest: Partial<CardInput> = {}): CardInput =>
  card({
    arm,
    inputs: {
      image: IMAGE,
      state: [
        POSITION,
        { modality: "tip", quantity: "end_effector_position", start: 2, elements: ["z", "x", "y"] },
        { modality: "speed", quantity: "end_effector_velocity", start: 5, size: 3 },
      ],
    } as never,
    ...rest,
  });

describe("the end effector and α", () => {
  const [q, v] = [
    [0.3, -0.7],
    [1, 2],
  ] as const;

  /** By the arm's own kinematics, from its file. */
  async function wanted(file: string, tip: { site: string } | { body: string }) {
    const arm = new Arm(await modelFromFile(file), ["shoulder", "elbow"], tip);
    const factor = new ImportanceFactor(arm, 0.05);
    const data = arm.place(q, v);
    const [position, velocity] = [[...arm.tipPosition(data)], [...arm.tipVelocity(data)]];
    return { position, velocity, importance: factor.at(q, v).importance };
  }

  it("come from the card's file", async () => {
    const robot = await observer(seeing({ file: "models/reacher.xml", site: "ee" }));
    robot.jointState(joints(0n));
    const { values, importance, flags } = await only(robot.image("image", image(0n)));
    const { position, velocity, ...rest } = await wanted("models/reacher.xml", { site: "ee" });
    expect([...values.tip!]).toEqual([position[2], position[0], position[1]]);
    expect([...values.speed!]).toEqual(velocity);
    expect(importance).toEqual(rest.importance);
    expect(flags).toEqual([]);
    // Two links of 0.12 and 0.13 m in the plane.
    expect(values.tip![1]).toBeCloseTo(0.12 * Math.cos(0.3) + 0.13 * Math.cos(-0.4), 9);
    robot.delete();
  });

  it("or from the robot's description, which is waited for", async () => {
    const problems: string[] = [];
    const robot = await observer(seeing({ link: "fingertip" }), {
      problem: (topic, reason) => problems.push(`${topic}: ${reason}`),
    });
    robot.jointState(joints(0n));
    expect(robot.image("image", image(0n))).toEqual([]);
    await robot.robotDescription("<robot name='broken'>");
    await robot.robotDescription("<robot name='other'><link name='base'/></robot>");
    expect(problems).toEqual([
      expect.stringMatching(/^robot_description: robot_description: not XML: /),
      expect.stringMatching(/^robot_description: robot_description: .*shoulder/),
    ]);
    await robot.robotDescription(await readFile("urdf/reacher.urdf", "utf8"));
    const { values, importance, flags } = await only(robot.jointState(joints(10n)));
    const { position, velocity, ...rest } = await wanted("urdf/reacher.urdf", { body: "fingertip" });
    expect([...values.tip!]).toEqual([position[2], position[0], position[1]]);
    expect([...values.speed!]).toEqual(velocity);
    expect(importance).toEqual(rest.importance);
    expect(flags).toEqual([]);
    expect(robot.counters().topics.robot_description).toEqual({ received: 3, dropped: { malformed: 2 } });
    robot.delete();
    robot.delete();
  });

  it("or from tf, where the card names a frame; velocities are then differences, and flagged", async () => {
    const robot = await observer(seeing({ link: "tool", tf: "base" }, { missing_velocity: "differentiate" }));
    const tf = (ms: bigint, x: number) => ({
      transforms: [transform(ms * MS, "base", "wrist", [x, 2, 3]), transform(ms * MS, "base", "other", [9, 9, 9])],
    });
    robot.transforms({ transforms: [transform(0n, "wrist", "tool", [0.5, 0, 0])] }, true);
    robot.jointState(joints(50n));
    expect(robot.image("image", image(50n))).toEqual([]);
    expect(robot.transforms(tf(0n, 0))).toEqual([]);
    const { values, flags, importance } = await only(robot.transforms(tf(50n, 0.1)));
    expect([...values.tip!]).toEqual([3, 0.6, 2]);
    expect(values.speed![0]).toBeCloseTo(2, 12);
    expect(values.speed!.slice(1)).toEqual(Float64Array.of(0, 0));
    expect(flags).toEqual(["importance_unknown", "velocity_differentiated"]);
    expect(importance).toEqual(Float64Array.of(1, 1));
  });

  it.each([
    [
      [0.1, -1e30],
      [1e30, 0],
    ],
    [
      [0.1, 0.5],
      [1e30, 1e30],
    ],
    [
      [0.1, 2.69],
      [0, 1e12],
    ],
  ])("α of a state that cannot be simulated is unknown, and flagged: %j %j", async (position, velocity) => {
    const given = card({ arm: { file: "models/reacher.xml", site: "ee" } });
    const robot = await observer(given);
    robot.jointState(joints(0n, position, velocity));
    const { importance, flags } = await only(robot.image("image", image(0n)));
    expect(importance).toEqual(Float64Array.of(1, 1));
    expect(flags).toContain("importance_unknown");
    robot.delete();
  });

  it("that are freed while an image is decoded leave it out", async () => {
    const problems: string[] = [];
    const robot = await observer(seeing({ file: "models/reacher.xml", site: "ee" }), {
      problem: (topic, reason) => problems.push(`${topic}: ${reason}`),
    });
    robot.jointState(joints(0n));
    const [match] = robot.image("image", image(0n));
    const observing = match!.observe();
    robot.delete();
    expect(await observing).toBeUndefined();
    expect(problems).toEqual(["image: cleared by a clock jump or a reset while it waited"]);
  });

  it("values beyond all measure are not observed", async () => {
    const problems: string[] = [];
    const robot = await observer(seeing({ file: "models/reacher.xml", site: "ee" }), {
      problem: (topic, reason) => problems.push(`${topic}: ${reason}`),
    });
    robot.jointState(joints(0n, [0, 0], [1e40, 0]));
    const [match] = robot.image("image", image(0n));
    expect(await match!.observe()).toBeUndefined();
    expect(problems).toEqual([
      expect.stringMatching(/^image: speed: element y is [-+.\de]+, expected a number of float32$/),
    ]);
    robot.jointState(joints(10n));
    expect(await only(robot.image("image", image(10n)))).toMatchObject({ first: true, tick: 0 });
    robot.delete();
  });

  it.each([
    [
      seeing({ link: "tool", tf: "base" }),
      'arm.tf: found "base", expected "missing_velocity: differentiate", or no tf',
    ],
    [seeing(undefined), "tip: no source, expected arm.site or arm.link in the card"],
    [seeing({ file: "models/none.xml", site: "ee" }), "none.xml: cannot read the model"],
    [seeing({ file: "models/reacher.xml", site: "hand" }), "hand"],
  ])("a card that they cannot be had by is refused", async (given, message) => {
    await expect(observer(given)).rejects.toThrow(message);
  });
});

describe("images", () => {
  const cropped = (rest: object) => card({ inputs: { image: { ...IMAGE, ...rest }, state: [POSITION] } as never });

  it("of the policy's size are the message's own bytes", async () => {
    const robot = await observer(card());
    robot.jointState(joints(0n));
    const message = image(0n);
    const observation = await only(robot.image("image", message));
    expect(observation.images.image!.data).toBe(message.data);
    expect("cameras" in observation).toBe(false);
  });

  it("otherwise as the card says, with the camera's whole image and calibrations of both", async () => {
    const robot = await observer(cropped({ crop: "centre", resize: "area" }));
    robot.cameraInfo("image", cameraInfo({ width: 10, height: 6 }));
    robot.jointState(joints(0n));
    const data = Uint8Array.from({ length: 180 }, (_, i) => i);
    const { images, cameras } = await only(robot.image("image", image(0n, "rgb8", 10, 6, data)));
    expect(images.image).toMatchObject({ width: 4, height: 3 });
    // The largest region of 4:3 is 8 × 6 from column 1; each pixel is the mean of two by two.
    expect(images.image!.data[0]).toBe(Math.round((3 + 6 + 33 + 36) / 4));
    expect(cameras!.image!.region).toEqual([1, 0, 8, 6]);
    expect(cameras!.image!.image.data).toBe(data);
    expect(cameras!.image!.image.optics!.intrinsics[0]).toBe(500);
    expect(images.image!.optics!.intrinsics[0]).toBe(250);
  });

  it("of depth, for a policy of depth", async () => {
    const robot = await observer(cropped({ encoding: "16UC1", range: [0, 65.535] }));
    robot.jointState(joints(0n));
    const { images } = await only(robot.image("image", image(0n, "16UC1", 4, 3, pixels.subarray(0, 24))));
    expect(images.image).toMatchObject({ encoding: "16UC1", data: pixels.subarray(0, 24) });
  });

  it("that are compressed", async () => {
    const robot = await observer(card());
    robot.jointState(joints(0n));
    const data = await sharp(pixels, { raw: { width: 4, height: 3, channels: 3 } })
      .png()
      .toBuffer();
    const { images } = await only(robot.image("image", { header: header(0n, "eye"), format: "png", data }));
    expect(images.image).toEqual({ width: 4, height: 3, encoding: "rgb8", data: pixels, frameId: "eye" });
  });

  it("are not decoded before they are asked for", async () => {
    const robot = await observer(card());
    robot.jointState(joints(0n));
    const data = Uint8Array.of(0xff, 0xd8, 0xff, 0);
    expect(robot.image("image", { header: header(0n), format: "jpeg", data }).length).toBe(1);
  });

  it("of several cameras, each by its name, in the card's order", async () => {
    const inputs = {
      front: { ...IMAGE, modality: "front" },
      wrist: { ...IMAGE, modality: "wrist" },
      state: [POSITION],
    };
    const robot = await observer(card({ inputs } as never), { slop: 0.005 });
    expect(robot.cameras).toEqual(["front", "wrist"]);
    robot.jointState(joints(0n));
    robot.jointState(joints(3n));
    expect(robot.image("wrist", image(3n))).toEqual([]);
    const observation = await only(robot.image("front", image(1n)));
    expect(Object.keys(observation.images)).toEqual(["front", "wrist"]);
    expect(observation.stamp).toBe(MS);
    expect(() => robot.image("rear", image(5n))).toThrow("camera rear: expected one of front, wrist");
  });

  it("of several cameras, damaged ones: the first is told of, and nothing is left unhandled", async () => {
    const problems: string[] = [];
    const names = ["front", "wrist", "rear"];
    const inputs = Object.fromEntries(names.map((modality) => [modality, { ...IMAGE, modality }]));
    const robot = await observer(card({ inputs: { ...inputs, state: [POSITION] } as never }), {
      problem: (topic, reason) => problems.push(`${topic}: ${reason}`),
    });
    robot.jointState(joints(0n));
    const damaged = { header: header(0n), format: "jpeg", data: Uint8Array.of(0xff, 0xd8, 0xff, 0) };
    robot.image("wrist", damaged);
    robot.image("rear", damaged);
    const [match] = robot.image("front", image(0n));
    expect(await match!.observe()).toBeUndefined();
    expect(problems).toEqual([expect.stringMatching(/^wrist: the image is damaged/)]);
    expect(robot.counters().topics.wrist!.dropped).toEqual({ damaged: 1 });
  });

  it("that are large are resized in a turn of their own", async () => {
    const robot = await observer(cropped({ resize: "nearest" }));
    robot.jointState(joints(0n));
    const data = Uint8Array.from({ length: 640 * 480 * 3 }, (_, i) => i % 251);
    let turns = 0;
    const matches = robot.image("image", image(0n, "rgb8", 640, 480, data));
    const observing = only(matches);
    setImmediate(() => turns++);
    const { images } = await observing;
    expect(turns).toBe(1);
    expect(images.image!.data[0]).toBe(((80 * 640 + 80) * 3) % 251);
  });

  it("may be none: then each joint state is an observation", async () => {
    const robot = await observer(card({ inputs: { state: [POSITION] } as never }));
    expect(robot.cameras).toEqual([]);
    const first = await only(robot.jointState(joints(0n)));
    expect(first).toMatchObject({ stamp: 0n, images: {}, first: true });
    expect((await only(robot.jointState(joints(10n)))).tick).toBe(1);
    expect(robot.jointState(joints(10n))).toEqual([]);
  });
});

describe("other values", () => {
  const inputs = {
    image: IMAGE,
    tokens: [{ modality: "language", start: 0, size: 3 }],
    state: [{ modality: "joint_position", start: 0, elements: ["gripper", "elbow"] }],
    past: [{ modality: "previous_action", start: 0, elements: ["elbow", "shoulder"] }],
  };
  const given = card({ inputs } as never);

  it("are constants, other joints, and the torques commanded before, zero where an episode begins", async () => {
    const robot = await observer(given, { values: { language: [7, 8, 9] } });
    const state = (ms: bigint) => jointState(ms * MS, ["gripper", "shoulder", "elbow"], [0.5, 0.3, -0.7], [0, 0, 0]);
    robot.commanded([5, 6]);
    robot.jointState(state(0n));
    const first = await only(robot.image("image", image(0n)));
    expect(first.values).toEqual({
      language: Float64Array.of(7, 8, 9),
      joint_position: Float64Array.of(0.5, -0.7),
      previous_action: Float64Array.of(0, 0),
    });
    expect(first.joints.names).toEqual(["shoulder", "elbow", "gripper"]);
    robot.commanded(Float32Array.of(0.25, -0.5));
    robot.jointState(state(20n));
    const second = await only(robot.image("image", image(20n)));
    expect(second.values.previous_action).toEqual(Float64Array.of(-0.5, 0.25));
    robot.reset();
    robot.jointState(state(40n));
    const third = await only(robot.image("image", image(40n)));
    expect(third).toMatchObject({ first: true, tick: 2 });
    expect(third.values.previous_action).toEqual(Float64Array.of(0, 0));
  });

  it("are 1 for the action that was taken, and zero where an episode begins", async () => {
    const {
      torque: _,
      joints: __,
      ...rest
    } = card({
      actions: { output: "logits", names: ["left", "right", "stop"], values: "logits" },
      inputs: { image: IMAGE, past: [{ modality: "previous_action", start: 0, size: 3 }] },
    } as never);
    const robot = await observer(rest as never);
    const seen = async (ms: bigint) => (await only(robot.image("image", image(ms)))).values.previous_action;
    expect(await seen(0n)).toEqual(Float64Array.of(0, 0, 0));
    robot.commanded([-3, -0.5, -7]);
    expect(await seen(20n)).toEqual(Float64Array.of(0, 1, 0));
    robot.reset();
    expect(await seen(40n)).toEqual(Float64Array.of(0, 0, 0));
  });

  it("wait for torques that are promised, and keep those before where the promise is broken", async () => {
    const robot = await observer(given, { values: { language: [7, 8, 9] } });
    const state = (ms: bigint) => jointState(ms * MS, ["gripper", "shoulder", "elbow"], [0.5, 0.3, -0.7], [0, 0, 0]);
    robot.jointState(state(0n));
    await only(robot.image("image", image(0n)));
    let promise = (_: number[]): void => {};
    robot.commanded(
      new Promise<number[]>((resolve) => {
        promise = resolve;
      }),
    );
    robot.jointState(state(20n));
    let isObserved = false;
    const second = only(robot.image("image", image(20n))).then((observation) => {
      isObserved = true;
      return observation;
    });
    for (let turns = 0; turns < 20; turns++) await turn();
    expect(isObserved).toBe(false);
    promise([0.25, -0.5]);
    expect((await second).values.previous_action).toEqual(Float64Array.of(-0.5, 0.25));
    robot.commanded(Promise.reject(new Error("not explained")));
    robot.jointState(state(40n));
    const third = await only(robot.image("image", image(40n)));
    expect(third.values.previous_action).toEqual(Float64Array.of(-0.5, 0.25));
  });

  it("are what was said last, and images wait until it was said", async () => {
    const problems: string[] = [];
    const problem = (topic: string, reason: string) => problems.push(`${topic}: ${reason}`);
    const robot = await observer(given, { heard: ["language"], problem });
    const state = (ms: bigint) => jointState(ms * MS, ["gripper", "shoulder", "elbow"], [0.5, 0.3, -0.7], [0, 0, 0]);
    robot.jointState(state(0n));
    expect(robot.image("image", image(0n))).toEqual([]);
    expect(robot.givenValues("language", { data: Float64Array.of(1, 2) })).toEqual([]);
    expect(problems).toEqual(["values/language: values of language: found 2 values, expected 3 (0, 1, 2)"]);
    const first = robot.givenValues("language", { data: Float64Array.of(1, 2, 3) });
    robot.givenValues("language", { data: Float64Array.of(4, 5, 6) });
    expect((await only(first)).values.language).toEqual(Float64Array.of(1, 2, 3));
    robot.givenValues("language", { data: Float64Array.of(4, Number.NaN, 6) });
    robot.jointState(state(20n));
    expect((await only(robot.image("image", image(20n)))).values.language).toEqual(Float64Array.of(4, 5, 6));
    robot.reset();
    robot.jointState(state(40n));
    expect((await only(robot.image("image", image(40n)))).values.language).toEqual(Float64Array.of(4, 5, 6));
    expect(robot.counters().topics["values/language"]).toEqual({ received: 4, dropped: { malformed: 2 } });
    expect(() => robot.given.set("language", [1])).toThrow("values of language: found 1 values, expected 3 (0, 1, 2)");
    robot.given.set("language", undefined);
    robot.jointState(state(60n));
    expect(robot.image("image", image(60n))).toEqual([]);
    robot.given.set("language", [7, 8, 9]);
    const waited = await only(robot.jointState(state(80n)));
    expect([waited.stamp, waited.values.language]).toEqual([60n * MS, Float64Array.of(7, 8, 9)]);
  });

  it("of whole numbers are whole", () => {
    const [tokens] = givenModalities(policyOf(given));
    expect(misfitOf({ ...tokens!, dtype: "int64" }, [1, 2.5, 3])).toBe("found 2.5 for 1, expected a whole number");
    expect(misfitOf({ ...tokens!, dtype: "int64" }, [1, 2, 3])).toBeUndefined();
    expect(misfitOf(tokens!, [1, 2.5, 1e39])).toBe("found 1e+39 for 2, expected a number of float32");
  });

  it.each([
    [{}, "test.yaml: language: no sensor gives it; expected 3 numbers (0, 1, 2) or a topic, as --value language=…"],
    [{ language: [1] }, "values of language: found 1 values, expected 3 (0, 1, 2)"],
    [{ language: [1, 2, 3], goal: [1] }, "values: unknown modality goal, expected one of language"],
  ])("without a source are refused: %j", async (values, message) => {
    await expect(observer(given, { values })).rejects.toThrow(message);
  });
});

test("joints between two stamps are interpolated, the image decides the stamp", async () => {
  const robot = await observer(card());
  robot.jointState(joints(0n, [0, 0], [0, 10]));
  expect(robot.image("image", image(5n))).toEqual([]);
  const observation = await only(robot.jointState(joints(20n, [4, -8], [4, 30])));
  expect(observation.stamp).toBe(5n * MS);
  expect(observation.values).toEqual({
    joint_position: Float64Array.of(1, -2),
    joint_velocity: Float64Array.of(1, 15),
  });
  expect(observation.joints.position).toEqual(Float64Array.of(1, -2));
});
