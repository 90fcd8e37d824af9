import { execFileSync } from "node:child_process";
import { mkdtemp, readdir, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, expect, test } from "vitest";
import { stringify } from "yaml";
import { parseCard } from "#src/policy/card.js";
import { modelBytes, valueInfo } from "../../graph/onnx-model.js";
import { reacherCard } from "../../policy/cards.js";
import { reacherModel, unsupportedModel } from "../../policy/model.js";
import { inOwnProcess, refusal, torquelens } from "../run.js";

let folder: string;
const file = (name: string) => join(folder, name);

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), "torquelens-inspect-"));
  const model = reacherModel();
  await writeFile(file("reacher.onnx"), model);
  await writeFile(file("reacher.yaml"), stringify(reacherCard()));
  await writeFile(file("bare.onnx"), model);
  await writeFile(file("cut.onnx"), model.subarray(0, model.length - 100));
  await writeFile(file("text.onnx"), "not a model");
  await writeFile(file("odd.onnx"), unsupportedModel());
  await writeFile(
    file("wrong.yaml"),
    stringify({ ...reacherCard(), joints: ["a", "b", "c"], torque: { output: "torque", limits: 1 } }),
  );
});
afterAll(() => rm(folder, { recursive: true }));

test("a policy is described for people", async () => {
  const { code, stdout, stderr } = await inOwnProcess("inspect", file("reacher.onnx"));
  expect([code, stderr]).toEqual([0, ""]);
  expect(stdout).toMatch(/^ {2}Conv +1$/m);
  expect(stdout).toMatch(/^ {2}configuration +float32 \[1, 10\]$/m);
  expect(stdout).toMatch(/^ {2}image +image +80×64 rgb8 NHWC, range \[0, 255\]$/m);
  expect(stdout).toMatch(/^ {2}joint_velocity +configuration\[2\.\.3\] +shoulder, elbow in rad\/s, reference zero$/m);
  const rules = stdout.slice(stdout.indexOf("rules of dtd"), stdout.indexOf("explained:"));
  const passing = ["dtd", "move", "pass"];
  expect(rules.match(/\S+(?=\n|$)/g)!.filter((rule) => !passing.includes(rule))).toEqual([
    "zbox",
    "mass",
    "eq2",
    "eq1",
  ]);
  expect(stdout).toMatch(/^explained: the commanded torques in N·m$/m);
});

test("a head that cannot be read is named, and refused where the card needs it", async () => {
  const model = modelBytes({
    nodes: [
      { op: "Tanh", inputs: ["x"], outputs: ["torque"] },
      { op: "Hardmax", name: "critic", inputs: ["x"], outputs: ["value"] },
    ],
    inputs: [valueInfo("x", "float32", [1, 2])],
    outputs: [valueInfo("torque", "float32", [1, 2]), valueInfo("value", "float32", [1, 2])],
  });
  const card = (output: string) =>
    stringify({
      torquelens_card: 1,
      name: "heads",
      control_period: 0.1,
      joints: ["a", "b"],
      torque: { output, limits: 1 },
      inputs: { x: [{ modality: "joint_position", start: 0, size: 2 }] },
    });
  await writeFile(file("heads.onnx"), model);
  await writeFile(file("heads.yaml"), card("torque"));
  await writeFile(file("needs.yaml"), card("value"));
  const why = `${file("heads.onnx")}: node "critic" (Hardmax): operator Hardmax is not supported; it feeds output "value"; nearest that is read: ArgMax and OneHot`;
  const { code, stdout } = await torquelens("inspect", file("heads.onnx"));
  expect(code).toBe(0);
  expect(stdout).toContain(`value  not read: ${why}`);
  expect(stdout).toContain("explained: the commanded torques in N·m, through torque (Tanh)");
  const { unread } = JSON.parse((await torquelens("inspect", file("heads.onnx"), "--json")).stdout);
  expect(unread).toEqual([{ name: "value", why }]);
  expect(
    await torquelens("compile", file("heads.onnx"), "--card", file("needs.yaml"), "-o", file("out.onnx")),
  ).toMatchObject(refusal(`${file("needs.yaml")}: torque.output: the model's output "value" cannot be read: ${why}`));
  expect((await torquelens("inspect", file("heads.onnx"), "--template")).stdout).toContain(
    `# the output value cannot be read: ${why}\n`,
  );
});

test("a policy is described for machines", async () => {
  const { code, stdout } = await torquelens("inspect", file("reacher.onnx"), "--json");
  expect(code).toBe(0);
  const report = JSON.parse(stdout);
  expect(report).toMatchObject({
    policy: file("reacher.onnx"),
    outputs: [{ name: "torque", shape: [1, 2], dtype: "float32" }],
    card: { name: "reacher" },
    problem: null,
  });
  expect(report.modalities.map((modality: { name: string }) => modality.name)).toContain("end_effector_velocity");
});

test("a method that looks at outputs alone has no rules", async () => {
  const { code, stdout } = await torquelens("inspect", file("reacher.onnx"), "--method", "occlusion");
  expect(code).toBe(0);
  expect(stdout).toMatch(/^rules of occlusion\n {2}none: it changes the inputs and looks at the outputs alone$/m);
});

test("a model without a card is shown one to fill in; --template prints only that", async () => {
  const { code, stdout } = await torquelens("inspect", file("bare.onnx"));
  expect(code).toBe(0);
  const template = await torquelens("inspect", file("bare.onnx"), "--template");
  expect(template.code).toBe(0);
  expect(stdout.endsWith(`\n\n${template.stdout}\n`)).toBe(true);
  const filled = template.stdout
    .replace("control_period: null", "control_period: 0.05")
    .replace("[null, null]", "[shoulder, elbow]")
    .replace("limits: null", "limits: 3")
    .replace("encoding: null", "encoding: rgb8")
    .replace("modality: null", "modality: state");
  expect(parseCard(filled, "filled").joints).toEqual(["shoulder", "elbow"]);
});

test("an unsupported operator is listed, named with its consumers, and refused", async () => {
  const { code, stdout, stderr } = await torquelens("inspect", file("odd.onnx"));
  expect(code).toBe(2);
  expect(stdout).toMatch(/^ {2}Zork +1 +not supported$/m);
  expect(stderr).toMatch(
    /^torquelens: .*odd\.onnx: node "bend" \(Zork\): operator Zork is not supported; it feeds "squash" \(Sigmoid\)\n$/,
  );
});

test.each([
  ["a missing file", "none.onnx", "none.onnx: cannot read the policy (no such file)"],
  ["a truncated file", "cut.onnx", "cut.onnx: truncated, or not an ONNX file"],
  ["a file that is not ONNX", "text.onnx", "text.onnx: truncated, or not an ONNX file"],
])("refused: %s", async (_title, name, message) => {
  expect(await torquelens("inspect", file(name))).toEqual({ ...refusal(join(folder, message)), stdout: "" });
});

test("refused: a card that does not fit, after what is known was printed", async () => {
  const { code, stdout, stderr } = await torquelens("inspect", file("reacher.onnx"), "--card", file("wrong.yaml"));
  const problem = "inputs.configuration[0].size: found 2, expected 3 (one per joint), or elements naming the joints";
  const misfit = 'torque.output: the output "torque" is float32 [1, 2], expected 3 torques';
  expect(code).toBe(2);
  expect(stderr.split("\n")).toEqual([
    `torquelens: ${file("wrong.yaml")}: ${problem}`,
    `torquelens: ${file("wrong.yaml")}: ${misfit}, one for each of joints (a, b, c)`,
    "",
  ]);
  expect(stdout).toMatch(/^ {2}Conv +1$/m);
});

test("a template goes to a file whole, over an empty card but over no other; an empty card is named", async () => {
  await writeFile(file("empty.onnx"), reacherModel());
  await writeFile(file("empty.yaml"), "");
  const say = `torquelens inspect --template POLICY.onnx -o ${file("empty.yaml")} writes one to fill in`;
  expect(await torquelens("inspect", file("empty.onnx"))).toMatchObject(
    refusal(`${file("empty.yaml")}: the policy card is empty, expected one (${say})`),
  );
  const write = () => torquelens("inspect", "--template", file("empty.onnx"), "-o", file("empty.yaml"));
  expect(await write()).toMatchObject({ code: 0, stderr: "" });
  const { stdout } = await torquelens("inspect", "--template", file("empty.onnx"));
  expect(await readFile(file("empty.yaml"), "utf8")).toBe(stdout);
  expect(await write()).toMatchObject(
    refusal(`${file("empty.yaml")}: it is there already, expected the name of a new file`),
  );
  const failed = await torquelens("inspect", "--template", file("text.onnx"), "-o", file("text.yaml"));
  expect(failed.code).toBe(2);
  expect((await readdir(folder)).filter((name) => name.includes("text.yaml"))).toEqual([]);
  expect((await torquelens("inspect", file("empty.onnx"), "-o", file("x.yaml"))).code).toBe(2);
});

test("all that is wrong with a card is told at once, with names of tensors that the model lacks", async () => {
  const { inputs } = reacherCard();
  const card = { ...reacherCard(), control_period: "fast", colour: 1, inputs: { picture: inputs.image } };
  await writeFile(file("many.yaml"), stringify(card));
  const { code, stderr } = await torquelens("inspect", file("reacher.onnx"), "--card", file("many.yaml"));
  expect(code).toBe(2);
  const lines = stderr.trimEnd().split("\n");
  const start = `torquelens: ${file("many.yaml")}: `;
  expect(lines.map((line) => line.startsWith(start) && line.slice(start.length).split(": ")[0])).toEqual([
    "colour",
    "control_period",
    "inputs.picture",
    "inputs.image",
    "inputs.configuration",
  ]);
});

test("names with characters that a terminal would obey are shown as escapes, in text, JSON, YAML and errors", async () => {
  const joint = "el\u001b[2Jbow\u202e\u009bx";
  const card = { ...reacherCard(), joints: ["shoulder", joint] };
  await writeFile(file("names.yaml"), stringify(card));
  const unsafe = /[^\P{C}\n\t]/u;
  for (const argv of [[], ["--json"]]) {
    const { code, stdout } = await torquelens("inspect", file("bare.onnx"), "--card", file("names.yaml"), ...argv);
    expect(code).toBe(0);
    expect(stdout).not.toMatch(unsafe);
    expect(stdout).toContain("el\\u001b[2Jbow\\u202e\\u009bx");
    if (argv.length > 0) expect(JSON.parse(stdout).card.joints[1]).toBe(joint);
  }
  await writeFile(file("names-wrong.yaml"), stringify({ ...card, [joint]: 1 }));
  const { code, stderr } = await torquelens("inspect", file("bare.onnx"), "--card", file("names-wrong.yaml"));
  expect(code).toBe(2);
  expect(stderr).not.toMatch(unsafe);
  expect(stderr.trim().split("\n")).toHaveLength(1);
});

test.runIf(process.platform !== "win32")("a policy comes through a pipe, which can be read once", async () => {
  execFileSync("mkfifo", [file("pipe.onnx")]);
  const run = inOwnProcess("inspect", file("pipe.onnx"), "--card", file("reacher.yaml"));
  await writeFile(file("pipe.onnx"), reacherModel());
  const { code, stdout, stderr } = await run;
  expect([code, stderr]).toEqual([0, ""]);
  expect(stdout).toMatch(/^ {2}Conv +1$/m);
  expect(stdout).toContain("rules of dtd");
});

test("open axes are told, and take the extents of --shape", async () => {
  await writeFile(
    file("open.onnx"),
    modelBytes({
      nodes: [{ op: "ReduceMean", inputs: ["image"], outputs: ["y"], attributes: { axes: [2, 3], keepdims: 0 } }],
      inputs: [valueInfo("image", "float32", ["N", 3, "height", "width"])],
      outputs: [valueInfo("y", "float32", ["N", 3])],
    }),
  );
  const told = await torquelens("inspect", file("open.onnx"));
  expect(told.code).toBe(2);
  expect(told.stderr).toContain("--shape image=1x3x?x?");
  const given = await torquelens("inspect", file("open.onnx"), "--shape", "image=1x3x24x32", "--json");
  expect(JSON.parse(given.stdout).inputs).toEqual([{ name: "image", dtype: "float32", shape: [1, 3, 24, 32] }]);
  const wrong = await torquelens("inspect", file("open.onnx"), "--shape", "image=3x24");
  expect(wrong.stderr).toContain("--shape image=3x24: 2 axes, expected the 4");
  expect((await torquelens("inspect", file("open.onnx"), "--shape", "24x32")).stderr).toContain(
    "--shape 24x32: expected an input and its extents, as in image=1x3x240x320",
  );
  const fixed = await torquelens("convert", file("open.onnx"), "--shape", "image=1x3x24x32", "-o", file("fixed.onnx"));
  expect(fixed.code).toBe(0);
  expect(JSON.parse((await torquelens("inspect", file("fixed.onnx"), "--json")).stdout).problem).toBeNull();
});
