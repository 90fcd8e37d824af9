import { cp, mkdir, mkdtemp, readdir, readFile, rm, symlink, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import sharp from "sharp";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { packagePath } from "#src/package-files.js";
import { refusal, torquelens } from "../run.js";

/** The shipped policy for the task reacher, whose arm names a mesh and includes a file; `link.mcap` is its card. */
let folder: string;
const at = (name: string): string => join(folder, name);
const MESH = "v 0 0 0\nv .3 0 0\nv 0 .3 0\nv 0 0 .3\nf 1 3 2\nf 1 2 4\nf 1 4 3\nf 2 3 4\n";

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), "torquelens-overwriting-cli-"));
  await mkdir(at("meshes"));
  for (const name of ["reacher.onnx", "reacher.yaml", "reacher.xml"]) await cp(packagePath(`models/${name}`), at(name));
  const arm = await readFile(at("reacher.xml"), "utf8");
  const asset = '<asset><mesh name="shape" file="meshes/shape.obj"/></asset><include file="parts.mcap"/>';
  await writeFile(at("reacher.xml"), arm.replace("</mujoco>", `${asset}</mujoco>`));
  await writeFile(at("meshes/shape.obj"), MESH);
  await writeFile(at("parts.mcap"), "<mujocoinclude><size/></mujocoinclude>");
  await cp(at("reacher.yaml"), at("other.yaml"));
  await symlink("reacher.yaml", at("link.mcap"));
  await sharp(new Uint8Array(96 * 96 * 3).fill(90), { raw: { width: 96, height: 96, channels: 3 } })
    .png()
    .toFile(at("camera.png"));
  const state = { joint_position: [0.3, -0.8], joint_velocity: [1, -2] };
  const tip = { end_effector_position: [0.1, 0.2, 0], end_effector_velocity: [0.4, -0.3, 0] };
  await writeFile(at("state.json"), JSON.stringify({ ...state, ...tip }));
  const argv = ["--no-live", "--speed", "0", "--ticks", "5", "--record", at("run.mcap")];
  expect(await torquelens("sim", "--policy", at("reacher.onnx"), ...argv)).toMatchObject({ code: 0 });
});
afterAll(() => rm(folder, { recursive: true }));

/** Every file of the folder with its content. */
async function contents(): Promise<Map<string, string>> {
  const entries = await readdir(folder, { recursive: true, withFileTypes: true });
  const paths = entries.filter((entry) => !entry.isDirectory()).map(({ parentPath, name }) => join(parentPath, name));
  return new Map(await Promise.all(paths.sort().map(async (path) => [path, await readFile(path, "latin1")] as const)));
}

const compile = (output: string, ...more: string[]) => ["compile", at("reacher.onnx"), "-o", output, ...more];
const sim = (output: string) => [
  ...["sim", "--policy", at("reacher.onnx"), "--no-live", "--speed", "0", "--ticks", "1", "--record", output],
];
const replay = (output: string) => ["replay", at("run.mcap"), "--policy", at("reacher.onnx"), "-o", output];

describe("no command overwrites a file of its policy", () => {
  it.each([
    ["compile", "the card beside it", "reacher.yaml", compile],
    ["compile", "the arm", "reacher.xml", compile],
    ["compile", "a mesh of the arm", "meshes/shape.obj", compile],
    ["compile", "an include of the arm", "parts.mcap", compile],
    [
      "compile",
      "the card beside it, where another one is read",
      "reacher.yaml",
      (output: string) => compile(output, "--card", at("other.yaml")),
    ],
    ["sim", "the card beside it", "reacher.yaml", sim],
    ["sim", "the arm", "reacher.xml", sim],
    ["sim", "a mesh of the arm", "meshes/shape.obj", sim],
    ["replay", "an include of the arm", "parts.mcap", replay],
    ["replay", "the card beside it through a link", "link.mcap", replay],
  ])("%s: %s", async (_command, _what, name, argv) => {
    const before = await contents();
    const same = name === "link.mcap" ? ` (${at("reacher.yaml")})` : "";
    expect(await torquelens(...argv(at(name)))).toEqual({
      ...refusal(`${at(name)}: it is an input of this command${same}, expected a file of its own`),
      stdout: "",
    });
    expect(await contents()).toEqual(before);
  });

  it("sim: the model of the task that it simulates", async () => {
    const model = packagePath("models/reacher.xml");
    const before = await readFile(model, "utf8");
    try {
      expect(await torquelens(...sim(model))).toMatchObject(
        refusal(`${model}: it is an input of this command, expected a file of its own`),
      );
      expect(await readFile(model, "utf8")).toBe(before);
    } finally {
      if ((await readFile(model, "utf8")) !== before) await writeFile(model, before);
    }
  });

  it("explain: a link among its files to the card", async () => {
    await mkdir(at("out"));
    await symlink("../reacher.yaml", at("out/explanation.json"));
    const before = await contents();
    const argv = ["--image", at("camera.png"), "--state", at("state.json"), "--out", at("out")];
    expect(await torquelens("explain", at("reacher.onnx"), ...argv)).toMatchObject(
      refusal(
        `${at("out/explanation.json")}: it is an input of this command (${at("reacher.yaml")}), expected a file of its own`,
      ),
    );
    expect(await contents()).toEqual(before);
  });
});
