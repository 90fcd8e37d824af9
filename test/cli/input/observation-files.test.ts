import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import sharp from "sharp";
import { afterAll, beforeAll, expect, test } from "vitest";
import { stringify } from "yaml";
import { readView } from "#src/cli/input/image-file.js";
import { readObservation } from "#src/cli/input/observation-files.js";
import { parseState } from "#src/cli/input/state-file.js";
import { InputError } from "#src/errors.js";
import { parseCard } from "#src/policy/card.js";
import type { ImageModality } from "#src/policy/modalities.js";
import { modalitiesOf } from "#src/policy/modalities.js";
import { reacherCard, reacherTensors } from "../../policy/cards.js";

const modalities = modalitiesOf(parseCard(stringify(reacherCard()), "reacher.yaml"), reacherTensors.inputs);
const camera = modalities[0] as ImageModality;
const state = {
  joint_position: { elbow: 0.2, shoulder: 0.1 },
  joint_velocity: [1, -1],
  end_effector_position: [0.1, 0.05, 0],
  end_effector_velocity: { x: 0, y: 1e-3, z: 0 },
};

let folder: string;
const file = (name: string) => join(folder, name);
const pixels = Uint8Array.from({ length: 80 * 64 * 3 }, (_, index) => (index * 7) % 256);
const colour = (data = pixels, width = 80, height = 64, channels: 3 | 4 = 3) =>
  sharp(data, { raw: { width, height, channels } }).png();

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), "torquelens-observation-"));
  await colour().toFile(file("good.png"));
  await writeFile(file("state.json"), JSON.stringify(state));
});
afterAll(() => rm(folder, { recursive: true }));

test("a state by names or by list comes in the card's order", () => {
  expect(parseState(JSON.stringify(state), "s.json", modalities)).toEqual({
    joint_position: Float64Array.of(0.1, 0.2),
    joint_velocity: Float64Array.of(1, -1),
    end_effector_position: Float64Array.of(0.1, 0.05, 0),
    end_effector_velocity: Float64Array.of(0, 1e-3, 0),
  });
});

const names = "joint_position, joint_velocity, end_effector_position, end_effector_velocity";
test.each([
  ["a list", [1], `found [1], expected a mapping with the keys ${names}`],
  ["an unknown modality", { ...state, speed: 1 }, `speed: unknown modality, expected one of ${names}`],
  [
    "a missing modality",
    { ...state, joint_velocity: undefined },
    "joint_velocity: missing, expected 2 numbers in rad/s (shoulder, elbow)",
  ],
  [
    "a number",
    { ...state, joint_velocity: 1 },
    "joint_velocity: found 1, expected 2 numbers in rad/s (shoulder, elbow)",
  ],
  [
    "a list too long",
    { ...state, joint_velocity: [1, 2, 3] },
    "joint_velocity: found a list of 3, expected 2 numbers in rad/s (shoulder, elbow)",
  ],
  [
    "a missing joint",
    { ...state, joint_position: { shoulder: 1 } },
    "joint_position.elbow: missing, expected a finite number",
  ],
  [
    "an unknown joint",
    { ...state, joint_position: { shoulder: 1, elbow: 1, wrist: 1 } },
    "joint_position.wrist: unknown element, expected one of shoulder, elbow",
  ],
  [
    "null for a number",
    { ...state, joint_position: [1, null] },
    "joint_position[1]: found null, expected a finite number",
  ],
  [
    "text for a number",
    { ...state, joint_position: { shoulder: "1", elbow: 1 } },
    'joint_position.shoulder: found "1", expected a finite number',
  ],
])("refused: a state with %s", (_title, data, message) => {
  expect(() => parseState(JSON.stringify(data), "s.json", modalities)).toThrow(new InputError(`s.json: ${message}`));
});

test.each([
  [
    "NaN",
    '{"joint_position": {"shoulder": NaN, "elbow": 1}, "joint_velocity": [1, 2]}',
    'joint_position.shoulder: found "NaN", expected a finite number',
  ],
  ["-Infinity", '{"joint_position": [0, -Infinity]}', 'joint_position[1]: found "-Infinity", expected a finite number'],
  [
    "a number beyond float64",
    '{"joint_position": [0, 1e999]}',
    "joint_position[1]: found Infinity, expected a finite number",
  ],
])("refused: a state with %s", (_title, text, message) => {
  expect(() => parseState(text, "s.json", modalities)).toThrow(new InputError(`s.json: ${message}`));
});

test("a state may begin with a byte order mark", () => {
  const text = JSON.stringify(state);
  expect(parseState(`\uFEFF${text}`, "s.json", modalities)).toEqual(parseState(text, "s.json", modalities));
});

test("refused: a state that is not JSON", () => {
  expect(() => parseState("{", "s.json", modalities)).toThrow(/^s\.json: not JSON: [^\n]+$/);
});

test("an image comes as its bytes, in the card's encoding", async () => {
  expect(await readView(file("good.png"), camera)).toEqual({
    image: { width: 80, height: 64, encoding: "rgb8", data: pixels, frameId: "image" },
  });
  const { image: bgr } = await readView(file("good.png"), { ...camera, encoding: "bgr8" });
  expect([...bgr.data.subarray(0, 6)]).toEqual([14, 7, 0, 35, 28, 21]);
});

test("a grey image fits mono8", async () => {
  const grey = pixels.subarray(0, 80 * 64);
  await sharp(grey, { raw: { width: 80, height: 64, channels: 1 } })
    .toColourspace("b-w")
    .png()
    .toFile(file("grey.png"));
  expect((await readView(file("grey.png"), { ...camera, encoding: "mono8", channels: 1 })).image.data).toEqual(grey);
  await expect(readView(file("grey.png"), camera)).rejects.toThrow(
    new InputError(`${file("grey.png")}: found a grey image (1 channel), expected rgb8 for the modality image`),
  );
  await expect(readView(file("good.png"), { ...camera, encoding: "mono8", channels: 1 })).rejects.toThrow(
    new InputError(`${file("good.png")}: found a colour image (3 channels), expected mono8 for the modality image`),
  );
});

test("an image of another size is cropped and resized as the card says, and comes whole beside it", async () => {
  const big = Uint8Array.from({ length: 200 * 128 * 3 }, (_, i) => (i * 11) % 256);
  await colour(big, 200, 128).toFile(file("big.png"));
  const { image, view } = await readView(file("big.png"), { ...camera, crop: "centre", resize: "nearest" });
  expect(image).toMatchObject({ width: 80, height: 64 });
  expect(view).toMatchObject({ image: { width: 200, height: 128, data: big }, region: [20, 0, 160, 128] });
  expect(image.data.subarray(0, 3)).toEqual(big.subarray((200 + 21) * 3, (200 + 22) * 3));
  await expect(readView(file("good.png"), { ...camera, crop: [0, 0, 80, 65], resize: "area" })).rejects.toThrow(
    new InputError(
      `${file("good.png")}: an image of 80×64, expected one that holds the card's crop [0, 0, 80, 65], or "crop: centre" with "resize: antialias" for image in the card`,
    ),
  );
});

test("depth comes as words of 16 bits", async () => {
  const words = Uint16Array.from({ length: 80 * 64 }, (_, i) => 12 * i);
  await sharp(words, { raw: { width: 80, height: 64, channels: 1 } })
    .toColourspace("grey16")
    .png()
    .toFile(file("depth.png"));
  const { image } = await readView(file("depth.png"), { ...camera, encoding: "16UC1", channels: 1 });
  expect(image.encoding).toBe("16UC1");
  expect(new Uint16Array(image.data.slice().buffer)).toEqual(words);
  await expect(readView(file("good.png"), { ...camera, encoding: "16UC1", channels: 1 })).rejects.toThrow(
    new InputError(`${file("good.png")}: found uchar samples, expected 16 bits a channel for 16UC1`),
  );
});

test("an opaque alpha channel is dropped, a transparent one refused", async () => {
  const withAlpha = (alpha: number) =>
    Uint8Array.from({ length: 80 * 64 * 4 }, (_, i) => (i % 4 === 3 ? alpha : pixels[(i >> 2) * 3 + (i % 4)]!));
  await colour(withAlpha(255), 80, 64, 4).toFile(file("opaque.png"));
  expect((await readView(file("opaque.png"), camera)).image.data).toEqual(pixels);
  await colour(withAlpha(9), 80, 64, 4).toFile(file("clear.png"));
  await expect(readView(file("clear.png"), camera)).rejects.toThrow(
    new InputError(`${file("clear.png")}: found transparent pixels, expected an opaque image for rgb8`),
  );
});

test("refused: an image of another size, of 16 bits, of no kind, and none", async () => {
  await colour(pixels.subarray(0, 64 * 48 * 3), 64, 48).toFile(file("small.png"));
  await expect(readView(file("small.png"), camera)).rejects.toThrow(
    new InputError(
      `${file("small.png")}: found an image of 64×48, expected 80×64 (width×height), or keys for image in the card: "crop: centre" and "resize: antialias" for images of another size, as in training`,
    ),
  );
  await colour().toColourspace("rgb16").toFile(file("deep.png"));
  await expect(readView(file("deep.png"), camera)).rejects.toThrow(
    new InputError(`${file("deep.png")}: found ushort samples, expected 8 bits a channel for rgb8`),
  );
  await expect(readView(file("state.json"), camera)).rejects.toThrow(
    new InputError(`${file("state.json")}: not an image, expected a PNG, JPEG or WebP file`),
  );
  await writeFile(file("empty.png"), "");
  await expect(readView(file("empty.png"), camera)).rejects.toThrow(
    new InputError(`${file("empty.png")}: not an image, expected a PNG, JPEG or WebP file`),
  );
  await expect(readView(file("none.png"), camera)).rejects.toThrow(
    new InputError(`${file("none.png")}: cannot read the image (no such file)`),
  );
});

test("an observation is put together from its files, the image with or without its modality's name", async () => {
  const plain = await readObservation(modalities, { images: [file("good.png")], state: file("state.json") });
  expect(plain.joints).toEqual({
    names: ["shoulder", "elbow"],
    position: Float64Array.of(0.1, 0.2),
    velocity: Float64Array.of(1, -1),
  });
  const named = await readObservation(modalities, { images: [`image=${file("good.png")}`], state: file("state.json") });
  expect(named).toEqual(plain);
});

test.each([
  ["no image", [], "state.json", "--image: missing, expected a file for the modality image"],
  ["no state", ["good.png"], undefined, `--state: missing, expected a JSON file with ${names}`],
  ["two images for one camera", ["image=a.png", "b.png"], "state.json", "--image b.png: image already has a file"],
])("refused: %s", async (_title, images, stateName, message) => {
  const paths = images.map((image) => (image.includes("=") || image === "b.png" ? image : file(image)));
  const files = { images: paths, ...(stateName && { state: file(stateName) }) };
  await expect(readObservation(modalities, files)).rejects.toThrow(new InputError(message));
});

test("no state is asked for that a policy carries itself", async () => {
  const carried = modalities.map((m) =>
    m.kind === "values" ? { ...m, isCarried: true, quantity: "other" as const } : m,
  );
  const { values } = await readObservation(carried, { images: [file("good.png")] });
  expect(values).toEqual({});
  const mixed = carried.map((m, i) => (m.kind === "values" && i === 1 ? { ...m, isCarried: false } : m));
  await expect(readObservation(mixed, { images: [file("good.png")] })).rejects.toThrow(
    new InputError("--state: missing, expected a JSON file with joint_position"),
  );
});

test("a state of any depth, length or names is refused in one line", () => {
  const others = `"joint_velocity": [0, 0], "end_effector_position": [0, 0, 0], "end_effector_velocity": [0, 0, 0]`;
  const position = (text: string) => () => parseState(`{"joint_position": ${text}, ${others}}`, "s.json", modalities);
  const fault = (text: string) => new InputError(`s.json: joint_position${text}`);
  const deep = "[".repeat(100_000) + "]".repeat(100_000);
  expect(position(`[1, ${deep}]`)).toThrow(fault("[1]: found a list of 1, expected a finite number"));
  expect(position(`[1,${" ".repeat(400_000)}NaN]`)).toThrow(fault('[1]: found "NaN", expected a finite number'));
  expect(position('[1, "[NaN, \\" NaN]"]')).toThrow(fault('[1]: found "[NaN, \\" NaN]", expected a finite number'));
  expect(position('{"__proto__": 1}')).toThrow(fault(".__proto__: unknown element, expected one of shoulder, elbow"));
  expect(() => parseState('{"__proto__": [1]}', "s.json", modalities)).toThrow(
    /^s\.json: __proto__: unknown modality, expected one of joint_position, /,
  );
});

test.each([
  ['{"joint_position": [1, 2], "joint_position": [0, 0]}', "joint_position"],
  ['{"joint_position": {"elbow": 1, "shoulder": NaN, "\\u0065lbow": 2}}', "joint_position.elbow"],
  ['{"a": [{"b": "}{,\\""}, {"b": 1, "c": {"b": 2}, "b": 3}]}', "a[1].b"],
])("a key given twice is refused: %s", (text, key) => {
  expect(() => parseState(text, "s.json", modalities)).toThrow(`s.json: ${key}: found twice, expected each key once`);
});

test("equal keys of different mappings, and texts like keys, are not a key given twice", () => {
  const text = JSON.stringify({
    ...state,
    joint_position: { shoulder: 0.1, elbow: 0.2 },
    joint_velocity: { shoulder: 1, elbow: -1 },
  });
  expect(parseState(text, "s.json", modalities).joint_velocity).toEqual(Float64Array.of(1, -1));
  expect(() => parseState('["a", "a"]', "s.json", modalities)).toThrow(
    /^s\.json: found \["a","a"\], expected a mapping/,
  );
});
