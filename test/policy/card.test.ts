import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import fc from "fast-check";
import { expect, test } from "vitest";
import { stringify } from "yaml";
import { InputError } from "#src/errors.js";
import { loadCard, parseCard, serialiseCard } from "#src/policy/card.js";
import { changed, reacherCard } from "./cards.js";

const parse = (data: object) => parseCard(stringify(data), "reacher.yaml");

test("a good card is read with its defaults", () => {
  const { reference: _, ...bare } = reacherCard();
  const defaults = {
    attention: {},
    state: {},
    reference: {},
    feature_points: { origin: "policy" },
    missing_velocity: "refuse",
  };
  expect(parse(bare)).toEqual({ ...bare, ...defaults });
});

test("a card written out and read again is the same", () => {
  const card = parse({ ...reacherCard(), training: { success: { four: 0.99, random: 0.95 }, seed: 0 } });
  expect(parseCard(serialiseCard(card), "copy")).toEqual(card);
  expect(serialiseCard(card)).toContain("joints: [shoulder, elbow]\n");
});

const slices = ["inputs", "configuration"] as const;
const refused: [title: string, path: PropertyKey[], value: unknown, message: string][] = [
  [
    "no version",
    ["torquelens_card"],
    undefined,
    "torquelens_card: missing, expected 1, the card format that this version reads",
  ],
  [
    "another version",
    ["torquelens_card"],
    2,
    "torquelens_card: found 2, expected 1, the card format that this version reads",
  ],
  [
    "an unknown key",
    ["control_perod"],
    1,
    "control_perod: unknown key, expected one of torquelens_card, name, control_period, joints, torque, outputs, actions, inputs, language, attention, state, reference, feature_points, fusion, idle_threshold, missing_velocity, arm, training",
  ],
  [
    "an unknown key of an image",
    ["inputs", "image", "encodng"],
    "rgb8",
    "inputs.image.encodng: unknown key, expected one of modality, encoding, layout, frames, range, scale, crop, resize, mean, std",
  ],
  [
    "an unknown key of a slice",
    [...slices, 1, "end"],
    4,
    "inputs.configuration[1].end: unknown key, expected one of modality, start, size, elements, quantity, unit, mean, std",
  ],
  [
    "a control period of nothing",
    ["control_period"],
    0,
    "control_period: found 0, expected a number of seconds above 0 and at most 3600",
  ],
  [
    "a control period that is no number",
    ["control_period"],
    Number.NaN,
    "control_period: found NaN, expected a number of seconds above 0 and at most 3600",
  ],
  ["no joints", ["joints"], [], "joints: found [], expected a list of joint names"],
  ["joints left out", ["joints"], undefined, "joints: missing, expected a list of joint names, one per torque"],
  ["a joint that is no name", ["joints", 1], 3, "joints[1]: found 3, expected a joint name"],
  [
    "a joint named twice",
    ["joints", 1],
    "shoulder",
    'joints[1]: found "shoulder" again (first at 0), expected each joint once',
  ],
  [
    "no torque output",
    ["torque", "output"],
    undefined,
    "torque.output: missing, expected the name of an output tensor",
  ],
  [
    "a limit of the wrong sign",
    ["torque", "limits", 1],
    -2,
    "torque.limits[1]: found -2, expected a number of N·m above 0",
  ],
  ["a limit too many", ["torque", "limits"], [1, 2, 3], "torque.limits: found a list of 3, expected 2, one per joint"],
  [
    "limits that are text",
    ["torque", "limits"],
    "3",
    'torque.limits: found "3", expected a number of N·m above 0 or a list of them, one per joint',
  ],
  [
    "neither limits nor an idle threshold",
    ["torque", "limits"],
    undefined,
    "idle_threshold: missing, expected N·m (its default is 1e-3 of the sum of torque.limits, which are missing too)",
  ],
  [
    "a negative idle threshold",
    ["idle_threshold"],
    -1,
    "idle_threshold: found -1, expected a number, 0 or more, in the outputs' unit (N·m of torques)",
  ],
  ["no inputs", ["inputs"], {}, "inputs: found no input, expected at least one"],
  [
    "an input that is neither image nor slices",
    ["inputs", "image"],
    "camera",
    'inputs.image: found "camera", expected an image (a mapping) or a list of slices',
  ],
  [
    "an image without layout",
    ["inputs", "image", "layout"],
    undefined,
    "inputs.image.layout: missing, expected NHWC, NCHW, NTHWC or NTCHW",
  ],
  [
    "an unknown encoding",
    ["inputs", "image", "encoding"],
    "yuv422",
    'inputs.image.encoding: found "yuv422", expected rgb8, bgr8, mono8 or 16UC1',
  ],
  [
    "a range of one number",
    ["inputs", "image", "range"],
    [255],
    "inputs.image.range: found [255], expected [low, high], two numbers",
  ],
  [
    "a range upside down",
    ["inputs", "image", "range"],
    [1, 0],
    "inputs.image.range: found [1,0], expected low below high",
  ],
  [
    "a scale that leaves the range",
    ["inputs", "image", "scale"],
    2,
    "inputs.image.scale: found 2, expected at most 1, so that 255 steps stay within the range [0, 255]",
  ],
  ["no slices", [...slices], [], "inputs.configuration: found [], expected one slice or more"],
  [
    "a modality name with a space",
    [...slices, 0, "modality"],
    "joint position",
    'inputs.configuration[0].modality: found "joint position", expected a modality name of letters, digits and underscores',
  ],
  [
    "a mean of another length",
    [...slices, 1, "mean"],
    [0.1],
    "inputs.configuration[1].mean: found a list of 1, expected 2, one per element",
  ],
  [
    "a deviation of zero",
    [...slices, 1, "std"],
    [0.1, 0],
    "inputs.configuration[1].std[1]: found 0, expected a number above 0",
  ],
  [
    "an image's mean of another length",
    ["inputs", "image", "mean"],
    [0.5],
    "inputs.image.mean: found a list of 1, expected 3, one per channel",
  ],
  [
    "frames of a layout with time",
    ["inputs", "image"],
    { ...reacherCard().inputs.image, layout: "NTHWC", frames: 3 },
    "inputs.image.frames: found 3 with the layout NTHWC, expected none: the tensor's shape gives the number",
  ],
  [
    "an output that feeds two inputs",
    ["state"],
    { h: "next", c: "next" },
    'state.c: found "next" again, expected each output once: it feeds h',
  ],
  [
    "a modality of an image named twice",
    [...slices, 0, "modality"],
    "image",
    'inputs.configuration[0].modality: found "image" again, expected each modality once',
  ],
  [
    "an element named twice",
    [...slices, 1, "elements"],
    ["elbow", "elbow"],
    'inputs.configuration[1].elements[1]: found "elbow" again (first at 0), expected each element once',
  ],
  [
    "a slice without size",
    [...slices, 0, "size"],
    undefined,
    "inputs.configuration[0]: found neither size nor elements, expected one of them",
  ],
  [
    "a size that contradicts the names",
    [...slices, 1, "size"],
    3,
    "inputs.configuration[1].size: found 3, expected 2, the number of names in elements",
  ],
  [
    "a joint-wise size that is not the joints'",
    [...slices, 0, "size"],
    3,
    "inputs.configuration[0].size: found 3, expected 2 (one per joint), or elements naming the joints",
  ],
  [
    "an end effector without names",
    [...slices, 2, "size"],
    9,
    "inputs.configuration[2].size: found 9, expected 3 (x, y, z), or elements naming the components",
  ],
  [
    "a start before 0",
    [...slices, 0, "start"],
    -1,
    "inputs.configuration[0].start: found -1, expected a whole number, 0 or more",
  ],
  [
    "slices that overlap",
    [...slices, 1, "start"],
    1,
    "inputs.configuration[1].start: found 1, expected 2: it overlaps joint_position",
  ],
  [
    "slices with a gap of one",
    [...slices, 1, "start"],
    3,
    "inputs.configuration[1].start: found 3, expected 2: element 2 is in no slice",
  ],
  [
    "slices with a gap",
    [...slices, 2, "start"],
    6,
    "inputs.configuration[2].start: found 6, expected 4: elements 4 to 5 are in no slice",
  ],
  [
    "an unknown quantity",
    [...slices, 0, "quantity"],
    "torque",
    'inputs.configuration[0].quantity: found "torque", expected joint_position, joint_velocity, end_effector_position, end_effector_velocity, previous_action or other',
  ],
  [
    "degrees",
    [...slices, 0, "unit"],
    "deg",
    'inputs.configuration[0].unit: found "deg", expected rad or m: observations are in SI units',
  ],
  [
    "a reference of an unknown modality",
    ["reference", "speed"],
    "zero",
    "reference.speed: unknown modality, expected one of joint_position, joint_velocity, end_effector_position, end_effector_velocity",
  ],
  [
    "a reference of an image",
    ["reference", "image"],
    "zero",
    "reference.image: found a reference of an image, expected none: an image's range is its reference",
  ],
  [
    "a reference with text among its numbers",
    ["reference", "joint_position", "mean", 1],
    "zero",
    'reference.joint_position.mean[1]: found "zero", expected a number',
  ],
  [
    "a reference of the wrong length",
    ["reference", "joint_position", "mean"],
    [1],
    "reference.joint_position.mean: found a list of 1, expected 2, one per element",
  ],
  [
    "an unknown reference",
    ["reference", "joint_position"],
    "median",
    'reference.joint_position: found "median", expected zero, mean: [numbers] or values: [numbers]',
  ],
  [
    "an unknown origin",
    ["feature_points"],
    { origin: "centre" },
    'feature_points.origin: found "centre", expected policy, corner or mean: [numbers]',
  ],
  [
    "an arm without end effector",
    ["arm"],
    { file: "reacher.xml" },
    "arm: found neither site nor link, expected one of them for the end effector",
  ],
  [
    "an arm with two end effectors",
    ["arm"],
    { file: "reacher.xml", site: "ee", link: "tip" },
    "arm: found both site and link, expected one of them for the end effector",
  ],
  [
    "a site without a file",
    ["arm"],
    { site: "ee" },
    "arm.site: found a site, expected link: without a file, a robot description has no sites",
  ],
  [
    "a site in tf",
    ["arm"],
    { file: "reacher.xml", site: "ee", tf: "base" },
    "arm.site: found a site, expected link: tf knows no sites",
  ],
  [
    "a crop of three numbers",
    ["inputs", "image", "crop"],
    [0, 0, 10],
    "inputs.image.crop: found [0,0,10], expected [x, y, width, height], four whole numbers",
  ],
  [
    "a crop of nothing",
    ["inputs", "image", "crop"],
    [0, 0, 10, 0],
    "inputs.image.crop[3]: found 0, expected a whole number, 1 or more",
  ],
  [
    "a crop by another word",
    ["inputs", "image", "crop"],
    "middle",
    'inputs.image.crop: found "middle", expected centre or [x, y, width, height]',
  ],
  [
    "an unknown filter",
    ["inputs", "image", "resize"],
    "lanczos",
    'inputs.image.resize: found "lanczos", expected nearest, bilinear, area or antialias',
  ],
  [
    "velocities that are missing and guessed",
    ["missing_velocity"],
    "zero",
    'missing_velocity: found "zero", expected refuse or differentiate',
  ],
  [
    "a step of words beyond the range",
    ["inputs", "image"],
    { modality: "image", encoding: "16UC1", layout: "NHWC", range: [0, 65535], scale: 2 },
    "inputs.image.scale: found 2, expected at most 1, so that 65535 steps stay within the range [0, 65535]",
  ],
  ["training that is a list", ["training"], [1], "training: found [1], expected a mapping"],
];

test.each(refused)("refused: %s", (_title, path, value, message) => {
  expect(() => parse(changed(reacherCard(), path, value))).toThrow(new InputError(`reacher.yaml: ${message}`));
});

test.each([
  ...["", "\n  \n", "# to do\n---\n"].map((text): [string, string, string] => [
    `an empty file: ${JSON.stringify(text)}`,
    text,
    "the policy card is empty, expected one (torquelens inspect --template POLICY.onnx -o x.yaml writes one to fill in)",
  ]),
  ["a key given twice", "name: a\nname: b\n", "not YAML, line 2: Map keys must be unique"],
  [
    "a bracket left open",
    "joints: [a, b\nname: c\n",
    "not YAML, line 2: Flow sequence in block collection must be sufficiently indented and end with a ]",
  ],
])("refused: %s", (_title, text, message) => {
  expect(() => parseCard(text, "x.yaml")).toThrow(new InputError(`x.yaml: ${message}`));
});

test("any file is read or refused by an InputError of one line", () => {
  const keys = fc.constantFrom(...Object.keys(reacherCard()), "image", "configuration", "start", "modality", "mean");
  const { tree } = fc.letrec<{ tree: unknown }>((tie) => ({
    tree: fc.oneof({ maxDepth: 4 }, fc.jsonValue(), fc.dictionary(keys, tie("tree")), fc.array(tie("tree"))),
  }));
  const wild = fc.oneof(
    fc.string(),
    tree.map((value) => stringify(value)),
    fc.tuple(keys, tree).map(([key, value]) => stringify({ ...reacherCard(), [key]: value })),
  );
  fc.assert(
    fc.property(wild, (text) => {
      try {
        parseCard(text, "wild.yaml");
      } catch (error) {
        expect(error).toBeInstanceOf(InputError);
        expect((error as Error).message).toMatch(/^wild\.yaml: [^\n]+$/);
      }
    }),
    { numRuns: 300 },
  );
});

test("a card is loaded from a file, and a missing one is named", async () => {
  const folder = await mkdtemp(join(tmpdir(), "torquelens-card-"));
  try {
    const path = join(folder, "reacher.yaml");
    await writeFile(path, stringify(reacherCard()));
    expect((await loadCard(path)).joints).toEqual(["shoulder", "elbow"]);
    const none = join(folder, "none.yaml");
    await expect(loadCard(none)).rejects.toThrow(new InputError(`${none}: cannot read the policy card (no such file)`));
  } finally {
    await rm(folder, { recursive: true });
  }
});

test("numbers of a card fit a 32-bit float", () => {
  const refused = (path: readonly (string | number)[], value: number) => {
    expect(() => parse(changed(reacherCard(), path, value))).toThrow(/that a 32-bit float can hold/);
  };
  refused(["torque", "limits"], 1e39);
  refused(["torque", "limits"], 1e-50);
  refused(["inputs", "image", "range", 1], 1e39);
  refused(["idle_threshold"], 1e39);
});
