import { expect, it } from "vitest";
import { modelFromXml } from "#src/arm/mujoco.js";
import type { Observation } from "#src/explain/observation.js";
import type { CardInput } from "#src/policy/card-schema.js";
import { Observer } from "#src/sensing/observer.js";
import { PlainArm } from "../arm/plain-arm.js";
import { robotOf } from "../arm/robot-shapes.js";
import { urdfOf } from "../arm/robots.js";
import { header, jointState, rawImage } from "./messages.js";
import { card, policyOf } from "./policies.js";

const MS = 1_000_000n;
const ROBOT = robotOf("six axes with a spherical wrist", 4);
const PLAIN = new PlainArm(ROBOT);
const COMMANDED = ["j2", "j3"];

/** A policy that commands two of six joints and sees the tool, and perhaps others. */
const seeing = (...more: object[]): CardInput =>
  card({
    joints: COMMANDED,
    arm: { link: "tool0" },
    inputs: {
      image: { modality: "image", encoding: "rgb8", layout: "NHWC", range: [0, 255] },
      state: [
        { modality: "tip", quantity: "end_effector_position", start: 0, size: 3 },
        { modality: "speed", quantity: "end_effector_velocity", start: 3, size: 3 },
        ...more,
      ],
    } as never,
  });

async function robot(given = seeing()) {
  const problems: string[] = [];
  const observer = await Observer.create(policyOf(given), {
    now: () => 0n,
    problem: (topic, reason) => problems.push(`${topic}: ${reason}`),
    maxAge: Number.POSITIVE_INFINITY,
    maxFuture: Number.POSITIVE_INFINITY,
  });
  await observer.robotDescription(urdfOf(ROBOT));
  const say = (ms: number, state: Readonly<Record<string, number>>, rate: Readonly<Record<string, number>> = {}) => {
    const names = Object.keys(state);
    const velocities = names.map((name) => rate[name] ?? 0);
    observer.jointState(jointState(BigInt(ms) * MS, names, Object.values(state), velocities));
  };
  const see = async (ms: number): Promise<Observation> => {
    const at = BigInt(ms) * MS;
    const [match] = observer.image("image", rawImage("rgb8", 4, 3, new Uint8Array(36), { header: header(at) }));
    return (await match!.observe())!;
  };
  return { observer, problems, say, see };
}

async function expected(q: Readonly<Record<string, number>>, v: Readonly<Record<string, number>> = {}) {
  const model = await modelFromXml(urdfOf(ROBOT), "r");
  const { timestep } = model;
  model.delete();
  return {
    tip: PLAIN.tip(q, "tool0"),
    speed: PLAIN.tipVelocity(q, v, "tool0"),
    importance: PLAIN.importance(q, "tool0", COMMANDED, timestep, Math.round(0.05 / timestep)),
  };
}

function expectAlike(observation: Observation, wanted: Awaited<ReturnType<typeof expected>>) {
  for (const name of ["tip", "speed"] as const)
    for (const [i, x] of wanted[name].entries()) expect(observation.values[name]![i]).toBeCloseTo(x, 10);
  for (const [j, alpha] of wanted.importance.entries()) expect(observation.importance[j]).toBeCloseTo(alpha, 6);
}

it("joints that the policy does not command are where they were measured", async () => {
  const { observer, problems, say, see } = await robot();
  const q = { j1: 0.7, j2: -0.3, j3: 0.5, j4: -0.9, j5: 1.1, j6: 0.2 };
  const v = { j1: 0.4, j2: 0.1, j3: -0.2, j4: 0.3, j5: -0.6, j6: 0.5 };
  say(0, q, v);
  const observation = await see(0);
  expectAlike(observation, await expected(q, v));
  expect(observation.flags).toEqual([]);
  expect(problems).toEqual([]);
  observer.delete();
});

it("from publishers of their own, between their messages, and as they were last", async () => {
  const { observer, problems, say, see } = await robot();
  const rest = { j4: -0.9, j5: 1.1, j6: 0.2 };
  say(0, { j1: 0.2, ...rest });
  say(100, { j1: 0.6 });
  say(50, { j2: -0.3, j3: 0.5 });
  const between = { j1: 0.4, j2: -0.3, j3: 0.5, ...rest };
  expectAlike(await see(50), await expected(between));
  // Nothing waits for them: a lift that is told of once a minute stays.
  say(60_000, { j2: 0.1, j3: 0.2 });
  expectAlike(await see(60_000), await expected({ j1: 0.6, j2: 0.1, j3: 0.2, ...rest }));
  expect(problems).toEqual([]);
  observer.delete();
});

it("joints that the policy sees and does not command, too", async () => {
  const { observer, say, see } = await robot(
    seeing({ modality: "turn", quantity: "joint_position", start: 6, elements: ["j1"] }),
  );
  const q = { j1: 0.7, j2: -0.3, j3: 0.5, j4: -0.9, j5: 1.1, j6: 0.2 };
  say(0, q);
  expectAlike(await see(0), await expected(q));
  observer.delete();
});

it("joints that carry the end effector and are never heard are flagged, and said once", async () => {
  const { observer, problems, say, see } = await robot();
  const heard = { j2: -0.3, j3: 0.5, j6: 0.4 };
  for (let ms = 0; ms < 3000; ms += 50) {
    say(ms, heard);
    const observation = await see(ms);
    expect(observation.flags).toEqual(["joint_position_assumed"]);
    if (ms === 0) expectAlike(observation, await expected(heard));
    expect(problems.length).toBe(ms < 1000 ? 0 : 1);
  }
  expect(problems).toEqual([
    "joint_states: joints j1, j4, j5 carry the end effector and are in no joint state: taken at the model's initial position",
  ]);
  // From now on they are known.
  say(3000, { ...heard, j1: 0.1, j4: 0.2, j5: 0.3 });
  expect((await see(3000)).flags).toEqual([]);
  observer.end();
  expect(problems.length).toBe(1);
  observer.delete();
});

it("said at the end of a recording of less than a second; not where they come late", async () => {
  const short = await robot();
  short.say(0, { j1: 0, j2: 0.1, j3: 0.2, j4: 0, j6: 0 });
  await short.see(0);
  short.observer.end();
  expect(short.problems).toEqual([
    "joint_states: joint j5 carries the end effector and is in no joint state: taken at the model's initial position",
  ]);
  short.observer.delete();

  const late = await robot();
  late.say(0, { j2: 0.1, j3: 0.2 });
  await late.see(0);
  late.say(500, { j1: 0, j2: 0.1, j3: 0.2, j4: 0, j5: 0, j6: 0 });
  await late.see(500);
  late.observer.end();
  expect(late.problems).toEqual([]);
  late.observer.delete();
});

it("joints without a name that carry the end effector are named by their body", async () => {
  const { observer, problems, say, see } = await robot();
  const floor =
    '<link name="floor"/><joint name="wheels" type="planar"><parent link="floor"/><child link="foot"/></joint>';
  const mass = '<inertial><mass value="1"/><inertia ixx="1" iyy="1" izz="1" ixy="0" ixz="0" iyz="0"/></inertial>';
  const urdf = urdfOf(ROBOT)
    .replaceAll('"world"', '"foot"')
    .replace('<link name="foot">', (link) => `${link}${mass}`)
    .replace("</robot>", `${floor}</robot>`);
  await observer.robotDescription(urdf);
  const q = { j1: 0.7, j2: -0.3, j3: 0.5, j4: -0.9, j5: 1.1, j6: 0.2 };
  say(0, q);
  const observation = await see(0);
  expect(observation.flags).toEqual(["joint_position_assumed"]);
  for (const [i, x] of (await expected(q)).tip.entries()) expect(observation.values.tip![i]).toBeCloseTo(x, 10);
  observer.end();
  expect(problems).toEqual([
    "joint_states: joint (of body foot) carries the end effector and is in no joint state: taken at the model's initial position",
  ]);
  observer.delete();
});
