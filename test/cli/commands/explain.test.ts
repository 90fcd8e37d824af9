import { mkdtemp, readdir, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import sharp from "sharp";
import { afterAll, beforeAll, expect, test } from "vitest";
import { stringify } from "yaml";
import { reacherCard } from "../../policy/cards.js";
import { reacherModel, unsupportedModel } from "../../policy/model.js";
import { inOwnProcess, refusal, torquelens } from "../run.js";

let folder: string;
const file = (name: string) => join(folder, name);
const state = {
  joint_position: { shoulder: 0.3, elbow: -0.8 },
  joint_velocity: [1, -2],
  end_effector_position: [0.1, 0.2, 0],
  end_effector_velocity: [0.4, -0.3, 0],
};

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), "torquelens-explain-"));
  const pixels = Uint8Array.from({ length: 80 * 64 * 3 }, (_, i) => (i * 31) % 256);
  const picture = (width: number, height: number) =>
    sharp(pixels.subarray(0, width * height * 3), { raw: { width, height, channels: 3 } }).png();
  await picture(80, 64).toFile(file("camera.png"));
  await picture(64, 64).toFile(file("small.png"));
  await picture(80, 64).toColourspace("b-w").toFile(file("grey.png"));
  await writeFile(file("state.json"), JSON.stringify(state));
  await writeFile(file("nan.json"), JSON.stringify(state).replace("-0.8", "NaN"));
  await writeFile(file("missing.json"), JSON.stringify({ ...state, joint_position: { shoulder: 0.3 } }));
  await writeFile(file("reacher.onnx"), reacherModel());
  await writeFile(file("reacher.yaml"), stringify(reacherCard()));
  await writeFile(file("wrong.yaml"), stringify({ ...reacherCard(), torque: { output: "action", limits: 1 } }));
  await writeFile(file("bare.onnx"), reacherModel());
  await writeFile(file("cut.onnx"), reacherModel().subarray(0, 5000));
  await writeFile(file("odd.onnx"), unsupportedModel());
});
afterAll(() => rm(folder, { recursive: true }));

const standard = () => ["explain", file("reacher.onnx"), "--image", file("camera.png"), "--state", file("state.json")];
const explain = (...options: string[]) => torquelens(...standard(), ...options);

test("an observation is explained: text, JSON and pictures of the camera's size", async () => {
  const { code, stdout, stderr } = await inOwnProcess(...standard(), "--out", file("out"));
  expect([code, stderr]).toEqual([0, ""]);
  expect(stdout).toMatch(/^ {2}image +\d+\.\d %/m);
  expect((await readdir(file("out"))).sort()).toEqual(["explanation.json", "image-heatmap.png", "image-overlay.png"]);
  for (const name of ["image-heatmap.png", "image-overlay.png"]) {
    expect(await sharp(join(file("out"), name)).metadata()).toMatchObject({ format: "png", width: 80, height: 64 });
  }
  const json = JSON.parse(await readFile(join(file("out"), "explanation.json"), "utf8"));
  const shares = Object.values<number>(json.shares);
  expect(shares.reduce((sum, share) => sum + share)).toBeCloseTo(1, 4);
  expect(json.conservation_residual).toBeLessThan(1e-3);
  expect(json.flags).toContain("importance_unknown");
});

test("--json and --joint: one torque alone has the shares of its row", async () => {
  const both = JSON.parse((await explain("--json")).stdout);
  const elbow = JSON.parse((await explain("--json", "--joint", "elbow")).stdout);
  expect(elbow.importance).toEqual([0, 1]);
  for (const [modality, share] of Object.entries<number>(elbow.shares)) {
    expect(both.per_torque[1][modality]).toBeCloseTo(share, 4);
  }
});

test("--contrast: why one torque rather than the others, by the method that tells them apart", async () => {
  const [text, json] = [await explain("--contrast", "elbow"), await explain("--contrast", "elbow", "--json")];
  expect(text.stdout).toMatch(/^ {2}heatmap +evidence for elbow rather than the other joints$/m);
  expect(JSON.parse(json.stdout)).toMatchObject({ contrast: "elbow", method: "lrp-gamma:soft-argmax=gradient" });
  const plain = JSON.parse((await explain("--json", "--method", "lrp-gamma:soft-argmax=gradient")).stdout);
  expect(plain).not.toHaveProperty("contrast");
  expect(JSON.parse(json.stdout).per_torque).toEqual(plain.per_torque);
});

const camera = ["--image", "camera.png"];
const good = [...camera, "--state", "state.json"];
test.each([
  ["a missing policy", "none.onnx", good, "{}none.onnx: cannot read the policy (no such file)"],
  ["a truncated policy", "cut.onnx", good, "{}cut.onnx: truncated, or not an ONNX file"],
  [
    "a JSON file that is no model",
    "state.json",
    good,
    '{}state.json: not a model of TensorFlow.js, expected "modelTopology" and "weightsManifest"',
  ],
  [
    "an unsupported operator",
    "odd.onnx",
    good,
    '{}odd.onnx: node "bend" (Zork): operator Zork is not supported; it feeds "squash" (Sigmoid)',
  ],
  [
    "no card",
    "bare.onnx",
    good,
    '{}bare.onnx: no policy card, expected {}bare.yaml or "torquelens.card" in the model\'s metadata (torquelens inspect --template {}bare.onnx -o {}bare.yaml writes one to fill in)',
  ],
  [
    "a card that does not fit",
    "reacher.onnx",
    [...good, "--card", "wrong.yaml"],
    '{}wrong.yaml: torque.output: the model has no output "action", expected one of torque',
  ],
  [
    "an image of the wrong size",
    "reacher.onnx",
    ["--image", "small.png", "--state", "state.json"],
    '{}small.png: found an image of 64×64, expected 80×64 (width×height), or keys for image in the card: "crop: centre" and "resize: antialias" for images of another size, as in training',
  ],
  [
    "an image of the wrong encoding",
    "reacher.onnx",
    ["--image", "grey.png", "--state", "state.json"],
    "{}grey.png: found a grey image (1 channel), expected rgb8 for the modality image",
  ],
  [
    "NaN in the state",
    "reacher.onnx",
    [...camera, "--state", "nan.json"],
    '{}nan.json: joint_position.elbow: found "NaN", expected a finite number',
  ],
  [
    "a missing joint",
    "reacher.onnx",
    [...camera, "--state", "missing.json"],
    "{}missing.json: joint_position.elbow: missing, expected a finite number",
  ],
  ["an unknown joint", "reacher.onnx", [...good, "--joint", "wrist"], "--joint wrist: expected one of shoulder, elbow"],
  [
    "a contrast of an unknown joint",
    "reacher.onnx",
    [...good, "--contrast", "wrist"],
    "contrast of joint wrist: expected one of shoulder, elbow",
  ],
  [
    "a contrast beside one joint",
    "reacher.onnx",
    [...good, "--contrast", "elbow", "--joint", "elbow"],
    "--joint and --contrast: expected one of the two; --contrast explains its joint too",
  ],
  [
    "an output in the way of a file",
    "reacher.onnx",
    [...good, "--out", "state.json"],
    "--out {}state.json: cannot make the directory (a file is in the way)",
  ],
])("refused: %s", async (_title, policy, options, message) => {
  const argv = options.map((option) => (/\.(png|json|yaml)$/.test(option) ? file(option) : option));
  const before = await readdir(folder);
  const expected = refusal(message.replaceAll("{}", `${folder}/`));
  expect(await torquelens("explain", file(policy), ...argv)).toEqual({ ...expected, stdout: "" });
  expect(await readdir(folder)).toEqual(before);
});

test("another convention moves the shares and leaves the torques; a mean that the card does not state is refused", async () => {
  const given = ["--image", file("camera.png"), "--state", file("state.json"), "--json"];
  const of = async (...convention: string[]) =>
    JSON.parse((await torquelens("explain", file("reacher.onnx"), ...given, ...convention)).stdout);
  const [own, corner] = [await of(), await of("--convention", "corner")];
  expect(corner.torque).toEqual(own.torque);
  expect(own.convention.feature_points).toBe("policy");
  expect(corner.convention).toMatchObject({ feature_points: "corner", reference: { joint_position: "zero" } });
  expect(corner.shares).not.toEqual(own.shares);
  const refused = (name: string) => torquelens("explain", file("reacher.onnx"), ...given, "--convention", name);
  expect(await refused("mean")).toMatchObject({
    code: 2,
    stderr: expect.stringMatching(/--convention mean: .* states no mean of joint_velocity, /),
  });
  expect(await refused("centre")).toMatchObject({ code: 2, stderr: expect.stringContaining("known are zero, corner") });
});
