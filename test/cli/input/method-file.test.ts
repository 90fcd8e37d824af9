import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, expect, test } from "vitest";
import { stringify } from "yaml";
import { reacherCard } from "../../policy/cards.js";
import { reacherModel } from "../../policy/model.js";
import { refusal, torquelens } from "../run.js";

let folder: string;
const file = (name: string) => join(folder, name);
const table = (rows: readonly object[]) =>
  stringify({ torquelens_composite: 1, name: "mine", operators: "positive", rows });

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), "torquelens-table-"));
  await writeFile(file("reacher.onnx"), reacherModel());
  await writeFile(file("reacher.yaml"), stringify(reacherCard()));
  await writeFile(file("mine.yaml"), table([{ position: "bounded", rule: "wsquare" }, { rule: "eq2" }]));
  await writeFile(file("idle.yml"), table([{ name: "nobody", rule: "flat" }, { rule: "eq2" }]));
  await writeFile(file("wrong.yaml"), table([{ rule: "lime" }]));
});
afterAll(() => rm(folder, { recursive: true }));

test("a composite table stands where a method's name does", async () => {
  const { code, stdout, stderr } = await torquelens("inspect", file("reacher.onnx"), "--method", file("mine.yaml"));
  expect([code, stderr]).toEqual([0, ""]);
  expect(stdout).toContain(`rules of ${file("mine.yaml")}`);
  expect(stdout).toMatch(/ Conv +wsquare$/m);
  expect(stdout).not.toMatch(/ zbox$/m);
});

test("a compiled file names the table; what it says of the policy is on stderr", async () => {
  const args = ["compile", file("reacher.onnx"), "-o", file("out.onnx"), "--method", file("idle.yml"), "--json"];
  const { code, stdout, stderr } = await torquelens(...args);
  expect(code).toBe(0);
  expect(stderr).toBe(`warning: ${file("idle.yml")}: rows[0] (name: nobody, rule: flat) matches no layer\n`);
  expect(JSON.parse(stdout).method).toBe(file("idle.yml"));
});

test("tables that are none are refused", async () => {
  const asked = (name: string) => torquelens("explain", file("reacher.onnx"), "--method", file(name));
  const missing = `${file("none.yaml")}: cannot read the composite (no such file)`;
  expect(await asked("none.yaml")).toMatchObject(refusal(missing));
  const rules = "eq1, eq2, zbox, wsquare, flat, epsilon, gamma, alpha-beta, zplus, rap, rap-influence, rap-zbox";
  const unknown = `${file("wrong.yaml")}: rows[0].rule: found "lime", expected one of ${rules}`;
  expect(await asked("wrong.yaml")).toMatchObject(refusal(unknown));
});
