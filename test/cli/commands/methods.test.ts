import { expect, test } from "vitest";
import { inOwnProcess, torquelens } from "../run.js";

test("the methods are listed with their sources", async () => {
  const { code, stdout } = await inOwnProcess("methods", "--json");
  expect(code).toBe(0);
  const methods = JSON.parse(stdout);
  expect(methods).toContainEqual(expect.objectContaining({ name: "dtd", conserves: true, linear: true }));
  const text = (await torquelens("methods")).stdout;
  for (const { name, cite } of methods) {
    expect(text).toContain(name);
    expect(text).toContain(cite);
  }
});
