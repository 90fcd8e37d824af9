import { copyFileSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import sharp from "sharp";
import { afterAll, afterEach, beforeAll, describe, expect, it } from "vitest";
import { EXPLANATION, executable, explainNode, HEIGHT, hasBag, pixels, policy, reaches, share, WIDTH } from "./node.js";
import { type Camera, type Fields, type Played, Probe, type Scene } from "./probe.js";
import { output, Program, stopAll } from "./process.js";
import { writePolicy } from "./small-policy.js";

// What cameras and an arm publish through another client library, explained by the node, against `torquelens explain` on
// files of the same pictures and state.

const directory = mkdtempSync(join(tmpdir(), "torquelens-same-"));
let probe: Probe;
beforeAll(async () => {
  probe = await Probe.start();
  await probe.subscribe(...EXPLANATION);
});
afterAll(async () => {
  await probe.end();
  rmSync(directory, { recursive: true });
});

/** Ways to tell the joint states. */
const ARMS: Readonly<Record<string, Scene["arm"]>> = {
  "in the policy's order": { messages: [["shoulder", "elbow"]] },
  "in another order": { messages: [["elbow", "shoulder"]] },
  "among other joints": { messages: [["gripper", "elbow", "shoulder"]] },
  "one joint a message": { messages: [["elbow"], ["gripper", "shoulder"]] },
  "one joint a publisher": { messages: [["shoulder"], ["gripper"], ["elbow"]], publishers: true },
};
const SHUFFLED = ARMS["among other joints"]!;

/** Cameras, with a name each, and the ways to tell the joint states in turn. */
const inTurn = (cameras: readonly Camera[]) =>
  cameras.map((camera, i): [string, Camera, Scene["arm"]] => {
    const { topic: _, ...particular } = camera;
    const name = Object.entries(particular).map(([key, value]) => (value === true ? key : value));
    return [name.join(", "), camera, Object.values(ARMS)[i % Object.keys(ARMS).length]!];
  });

/** Starts the node for a policy, and waits until it explains. */
async function explain(model: string, parameters: Record<string, string> = {}, more: string[] = []): Promise<void> {
  explainNode({ policy: model, level: "full", ...parameters }, more);
  await reaches(probe, "active");
}

/** Stamp of a message, nanoseconds. */
const stampOf = ({ header }: Fields): string =>
  String(BigInt(header.stamp.sec) * 1_000_000_000n + BigInt(header.stamp.nanosec));

let scenes = 0;

/** Plays a scene. @returns what it played, tick by tick */
function play(scene: Omit<Scene, "directory">): Promise<readonly Played[]> {
  const folder = join(directory, `scene-${scenes++}`);
  mkdirSync(folder);
  return probe.play({ ...scene, directory: folder });
}

/** Plays a scene, and compares what the node published of it with what the command line prints. */
async function alike(model: string, scene: Omit<Scene, "directory">, flags: readonly string[] = []): Promise<void> {
  await probe.take(EXPLANATION[0], { count: 400, timeout: 0 });
  await compare(model, await play(scene), flags);
}

/** Compares what was published of the last explained tick with what the command line prints. */
async function compare(model: string, played: readonly Played[], flags: readonly string[] = []): Promise<void> {
  const taken = await probe.take(EXPLANATION[0], { count: 400, timeout: 0.5 });
  const explained = new Map(taken.map(({ message }) => [stampOf(message), message]));
  const tick = played.findLast(({ stamp }) => explained.has(stamp));
  expect(tick, `none of ${played.length} ticks explained`).toBeDefined();
  const live = explained.get(tick!.stamp);
  const pictures = Object.entries(tick!.pictures).flatMap(([name, file]) => ["--image", `${name}=${file}`]);
  const args = ["explain", model, ...pictures, "--state", tick!.inputs, "--json"];
  const { code, text } = await output(executable("torquelens"), args);
  expect(code, text).toBe(0);
  const expected = JSON.parse(text);
  expect(live).toMatchObject({ level: 0, header: { frame_id: "lens" } });
  for (const flag of ["observation_failed", "velocity_differentiated"]) {
    expect(live.flags.includes(flag), flag).toBe(flags.includes(flag));
  }
  // The importance of torques depends on nothing but the joints then.
  for (const flag of ["at_limit", "in_contact", "importance_unknown"]) expect(live.flags, flag).not.toContain(flag);
  const { torques } = live;
  const inOrder = (shares: Fields) => live.modalities.map((name: string) => shares[name]);
  expect(torques.map(({ joint }: Fields) => joint)).toEqual(expected.joints);
  near(
    "torques",
    torques.map(({ torque }: Fields) => torque),
    expected.torque,
  );
  near(
    "importance",
    torques.map(({ importance }: Fields) => importance),
    expected.importance,
  );
  near("shares", live.shares, inOrder(expected.shares));
  near(
    "shares of each torque",
    torques.flatMap(({ shares }: Fields) => shares),
    expected.per_torque.flatMap(inOrder),
  );
}

/** The command line prints 6 digits. */
function near(what: string, found: readonly number[], expected: readonly number[]): void {
  expect(found).toHaveLength(expected.length);
  for (const [i, value] of expected.entries()) {
    const away = Math.abs(found[i]! - value);
    expect(away, `${what}: ${found} live, ${expected} of files`).toBeLessThan(2e-5 * Math.abs(value) + 2e-6);
  }
}

describe("a camera of colours", () => {
  beforeAll(() => explain(policy));
  afterAll(stopAll);

  const topic = "/image";
  const encodings = ["rgb8", "bgr8", "rgba8", "bgra8", "mono8", "yuv422", "uyvy", "yuv422_yuy2", "yuyv"];
  const cameras = encodings.flatMap((encoding) => [
    { topic, encoding },
    { topic, encoding, padded: true },
  ]);
  it.each(inTurn([...cameras, { topic, encoding: "rgb8", big_endian: true }]))("%s", (_, image, arm) =>
    alike(policy, { cameras: { image }, arm }),
  );

  it.each(Object.entries(ARMS))("joints %s", (_, arm) =>
    alike(policy, { cameras: { image: { topic, encoding: "rgb8" } }, arm }),
  );
});

describe("a camera of compressed colours, the base topic remapped", () => {
  beforeAll(() => explain(policy, { image_transport: "compressed" }, ["-r", "image:=/cam/color"]));
  afterAll(stopAll);

  const topic = "/cam/color/compressed";

  it("PNG", () => alike(policy, { cameras: { image: { topic, format: "rgb8; png compressed bgr8" } }, arm: SHUFFLED }));

  it("JPEG", async () => {
    const file = join(directory, "photograph.jpeg");
    const raw = { width: WIDTH, height: HEIGHT, channels: 3 } as const;
    await sharp(Buffer.from(pixels(WIDTH, HEIGHT), "base64"), { raw })
      .blur(2)
      .jpeg()
      .toFile(file);
    await alike(policy, {
      cameras: { image: { topic, format: "rgb8; jpeg compressed bgr8", file } },
      arm: SHUFFLED,
    });
  });
});

describe("joint states without velocities", () => {
  const folder = join(directory, "without-velocities");
  const model = join(folder, "reacher.onnx");
  beforeAll(async () => {
    mkdirSync(folder);
    for (const name of ["reacher.onnx", "reacher.xml"]) copyFileSync(join(share, "models", name), join(folder, name));
    const card = readFileSync(join(share, "models/reacher.yaml"), "utf8");
    writeFileSync(join(folder, "reacher.yaml"), `${card}missing_velocity: differentiate\n`);
    await explain(model);
  });
  afterAll(stopAll);

  it.each(Object.entries(ARMS))("joints %s", (_, arm) =>
    alike(model, { cameras: { image: { topic: "/image", encoding: "rgb8" } }, arm: { ...arm, velocity: false } }, [
      "velocity_differentiated",
    ]),
  );
});

describe("a camera of depth", () => {
  let model: string;
  beforeAll(async () => {
    model = writePolicy(directory, "depth", { image: "16UC1" });
    await explain(model);
  });
  afterAll(stopAll);

  const topic = "/image";
  const cameras = ["16UC1", "mono16"].flatMap((encoding) => [
    { topic, encoding },
    { topic, encoding, padded: true },
    { topic, encoding, big_endian: true },
    { topic, encoding, padded: true, big_endian: true },
  ]);
  it.each(inTurn(cameras))("%s", (_, image, arm) => alike(model, { cameras: { image }, arm }));
});

describe("a camera of compressed depth", () => {
  let model: string;
  beforeAll(async () => {
    model = writePolicy(directory, "depth", { image: "16UC1" });
    await explain(model, { image_transport: "compressedDepth" });
  });
  afterAll(stopAll);

  const topic = "/image/compressedDepth";
  it("PNG", () => alike(model, { cameras: { image: { topic, format: "16UC1; compressedDepth png" } }, arm: SHUFFLED }));
});

describe("several cameras", () => {
  let model: string;
  beforeAll(async () => {
    model = writePolicy(directory, "cameras", { left: "rgb8", right: "rgb8", wrist: "16UC1" });
    await explain(model);
  });
  afterAll(stopAll);

  it("each have their own picture", () =>
    alike(model, {
      cameras: {
        left: { topic: "/left/image", encoding: "rgb8" },
        right: { topic: "/right/image", encoding: "bgr8", padded: true },
        wrist: { topic: "/wrist/image", encoding: "16UC1", big_endian: true },
      },
      arm: SHUFFLED,
    }));
});

const { code: missing } = await output("ros2", ["pkg", "prefix", "compressed_depth_image_transport"]);

describe.runIf(missing === 0)("a camera behind image_transport's republish", () => {
  afterEach(stopAll);

  /** Starts republish from `/raw` to a transport of `/image`, or from a transport of `/raw` to `/image`. It subscribes reliably. */
  function republish(from: string, to: string, parameters: readonly string[] = []): void {
    const suffix = (transport: string) => (transport === "raw" ? "" : `/${transport}`);
    const remapped = [`in${suffix(from)}:=/raw${suffix(from)}`, `out${suffix(to)}:=/image${suffix(to)}`];
    new Program("ros2", [
      ...["run", "image_transport", "republish", "--ros-args", "-p", `in_transport:=${from}`],
      ...["-p", `out_transport:=${to}`, ...remapped.flatMap((names) => ["-r", names])],
      ...parameters.flatMap((parameter) => ["-p", parameter]),
    ]);
  }

  it.each(["rgb8", "bgra8", "mono8", "yuv422", "yuv422_yuy2"])("%s as PNG", async (encoding) => {
    await explain(policy, { image_transport: "compressed" });
    republish("raw", "compressed", ["out.compressed.format:=png"]);
    await alike(policy, { cameras: { image: { topic: "/raw", reliable: true, encoding } }, arm: SHUFFLED });
  });

  it("PNG as raw images", async () => {
    await explain(policy);
    republish("compressed", "raw");
    const image = { topic: "/raw/compressed", reliable: true, format: "rgb8; png compressed bgr8" };
    await alike(policy, { cameras: { image }, arm: SHUFFLED });
  });

  it.each(["16UC1", "mono16"])("%s as compressed depth", async (encoding) => {
    const model = writePolicy(directory, "depth", { image: "16UC1" });
    await explain(model, { image_transport: "compressedDepth" });
    republish("raw", "compressedDepth");
    await alike(model, { cameras: { image: { topic: "/raw", reliable: true, encoding } }, arm: SHUFFLED });
  });
});

describe.runIf(hasBag)("a recording by ros2 bag, replayed, and played by ros2 bag", () => {
  afterEach(stopAll);

  const storages = ["mcap", "sqlite3"].flatMap((storage) =>
    ["none", "message", "file"].map((compressed) => [storage, compressed] as const),
  );
  it.each(storages)("%s, compressed by %s", async (storage, compressed) => {
    const bag = join(directory, `bag-${storage}-${compressed}`);
    const zstd = ["--compression-mode", compressed, "--compression-format", "zstd"];
    const options = ["-s", storage, "-o", bag, ...(compressed === "none" ? [] : zstd)];
    const recorder = new Program("ros2", ["bag", "record", ...options, "/image", "/joint_states"]);
    const image = { topic: "/image", encoding: "bgr8", padded: true };
    const played = await play({ cameras: { image }, arm: SHUFFLED });
    recorder.signalGroup("SIGINT");
    await recorder.ended();
    const explained = `${bag}-explained`;
    const { code, text } = await output(executable("torquelens"), ["replay", bag, "--policy", policy, "-o", explained]);
    expect(code, text).toBe(0);
    await probe.take(EXPLANATION[0], { count: 400, timeout: 0 });
    await output("ros2", ["bag", "play", "--delay", "2", explained]);
    await compare(policy, played);
  });
});
