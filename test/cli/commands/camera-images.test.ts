import { mkdtemp, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, expect, it } from "vitest";
import { decoderOf } from "#src/bag/decode.js";
import { openBag } from "#src/bag/open-bag.js";
import { encoderOf } from "#src/messages/cdr.js";
import type { ExplanationMessage } from "#src/messages/types.js";
import { type Sample, writeMcap } from "../../bag/recordings.js";
import { encodePng } from "../../image/png.js";
import { encodeRvl } from "../../image/rvl-encoder.js";
import { header, jointState } from "../../sensing/messages.js";
import { inOwnProcess, torquelens } from "../run.js";
import { summaryOf } from "../simulation.js";

/** A policy of depth, 32 × 24 pixels: its torques are the mean, the first and the last depth in metres. */
const POLICY = "test/data/field/images/p_d.onnx";
const [width, height] = [32, 24];
const joints = ["j1", "j2", "j3"];

let folder: string;
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), "torquelens-depth-"));
});
afterAll(() => rm(folder, { recursive: true }));

// The quantisation that compressed_depth_image_transport writes by default: inverse depth up to 10 m.
const [a, b] = [100 * 101, 1 - (100 * 101) / 10];
const words = Array.from({ length: width * height }, (_, i) => (i % 11 === 3 ? 0 : 300 + 9 * i));
const metres = { "16UC1": (word: number) => word / 1000, "32FC1": (word: number) => (word === 0 ? 0 : a / (word - b)) };
const torquesOf = (encoding: keyof typeof metres) => {
  const depths = words.map(metres[encoding]);
  return [depths.reduce((sum, depth) => sum + depth) / depths.length, depths[0]!, depths.at(-1)!];
};

const size = Uint8Array.from([width, 0, 0, 0, height, 0, 0, 0]);
const CODES = { png: encodePng(width, height, 16, words), rvl: Buffer.concat([size, encodeRvl(words)]) };
const CASES = (["16UC1", "32FC1"] as const).flatMap((encoding) =>
  (["png", "rvl"] as const).map((code) => ({ encoding, code, format: `${encoding}; compressedDepth ${code}` })),
);

async function restingState(): Promise<string> {
  const path = join(folder, "state.json");
  await writeFile(path, JSON.stringify({ joint_position: [0, 0, 0], joint_velocity: [0, 0, 0] }));
  return path;
}

/** Two transports of one camera, of which the policy can be shown the first. */
const [OTHER, TOPIC] = ["compressed", "mine"].map((name) => `/camera/depth/image_raw/${name}`) as [string, string];

function recording(): Sample[] {
  const head = Buffer.alloc(12);
  head.writeFloatLE(a, 4);
  head.writeFloatLE(b, 8);
  const recorded = (topic: string, type: string, logTime: bigint, message: object): Sample => ({
    topic,
    type: `sensor_msgs/msg/${type}`,
    logTime,
    data: encoderOf(`sensor_msgs/msg/${type}`)(message),
  });
  return CASES.flatMap(({ format, code }, i) => {
    const stamp = BigInt(1 + i) * 50_000_000n;
    const image = { header: header(stamp), format, data: new Uint8Array(Buffer.concat([head, CODES[code]])) };
    return [
      recorded("/joint_states", "JointState", stamp, jointState(stamp, joints, [0, 0, 0], [0, 0, 0])),
      recorded(TOPIC, "CompressedImage", stamp, image),
      recorded(OTHER, "CompressedImage", stamp, { ...image, format: "jpeg", data: new Uint8Array(9999) }),
    ];
  });
}

it("compressed depth goes through replay, which says what it reads, and report", async () => {
  const [input, output] = [join(folder, "depth.mcap"), join(folder, "explained.mcap")];
  await writeMcap(input, recording());
  const replayed = await torquelens(
    "replay",
    input,
    "--policy",
    POLICY,
    "-o",
    output,
    "--method",
    "gradient",
    "--json",
  );
  const said = `reading ${TOPIC}; the same images are also on ${OTHER}\n`;
  expect(replayed).toMatchObject({ code: 0, stderr: said });
  expect(summaryOf(replayed.stdout)).toMatchObject({ explained: CASES.length, images: CASES.length });
  const bag = await openBag(output);
  const torques: number[][] = [];
  const topics = new Set(["/torquelens/explanation"]);
  for await (const { topic, data } of bag.read({ topics }))
    torques.push((decoderOf(topic, output)(data) as ExplanationMessage).torques.map(({ torque }) => torque));
  await bag.close();
  expect(torques).toEqual(CASES.map(({ encoding }) => torquesOf(encoding).map((torque) => expect.closeTo(torque, 3))));
  const reported = await torquelens("report", output, "--json");
  expect(reported).toMatchObject({ code: 0, stderr: "" });
  expect(JSON.parse(reported.stdout).sets).toHaveLength(1);
});

it("a JPEG with stray bytes goes through explain with a warning", async () => {
  const { cases } = JSON.parse(await readFile("test/data/imdecode.json", "utf8")) as {
    cases: { name: string; file: string }[];
  };
  const stray = cases.find(({ name }) => name === "jpeg with stray bytes before a restart marker")!;
  const [image, card] = [join(folder, "stray.jpg"), join(folder, "p_rgb.yaml")];
  await writeFile(image, Buffer.from(stray.file, "base64"));
  const plain = await readFile("test/data/field/images/p_rgb.yaml", "utf8");
  await writeFile(card, plain.replace("encoding: rgb8,", "encoding: rgb8, resize: nearest,"));
  const options = ["--card", card, "--image", image, "--state", await restingState(), "--method", "gradient"];
  expect(await inOwnProcess("explain", "test/data/field/images/p_rgb.onnx", ...options)).toMatchObject({
    code: 0,
    stderr:
      "warning: image: the image is damaged (VipsJpeg: Corrupt JPEG data: 3 extraneous bytes before marker 0xd2)\n",
  });
});

it("a PNG of 16 bits goes through explain", async () => {
  const [image, state] = [join(folder, "depth.png"), await restingState()];
  await writeFile(image, CODES.png);
  const options = ["--image", image, "--state", state, "--method", "gradient", "--json"];
  const { code, stdout } = await torquelens("explain", POLICY, ...options);
  expect(code).toBe(0);
  expect(JSON.parse(stdout).torque).toEqual(torquesOf("16UC1").map((torque) => expect.closeTo(torque, 3)));
  expect(await torquelens("inspect", POLICY)).toMatchObject({ code: 0 });
});
