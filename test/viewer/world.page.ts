import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { Browser } from "playwright-core";
import { afterAll, beforeAll, expect, test } from "vitest";
import { stringify } from "yaml";
import { worldNamed } from "#src/sim/worlds/worlds.js";
import { worldPolicy } from "../sim/worlds/policies.js";
import { until } from "../until.js";
import { launch, violations, visit } from "./browser.js";
import { Serving } from "./program.js";

let browser: Browser;
let folder: string;
beforeAll(async () => {
  [browser, folder] = await Promise.all([launch(), mkdtemp(join(tmpdir(), "torquelens-world-"))]);
});
afterAll(async () => {
  await browser.close();
  await rm(folder, { recursive: true });
});

test("a world is shown with its picture and actions, and without arm, goal and conditions", async () => {
  const { bytes, card } = worldPolicy(worldNamed("red-fetch-green").facts);
  const policy = join(folder, "policy.onnx");
  await writeFile(policy, bytes);
  await writeFile(join(folder, "policy.yaml"), stringify(card));
  const argv = ["--task", "red-fetch-green", "--policy", policy, "--port", "0", "--page-port", "0"];
  const serving = await Serving.start("sim", ...argv);
  try {
    const { page, complaints } = await visit(browser, serving.url);
    const simulation = page.locator(".simulator");
    await until(async () => /^Episode \d+, step \d+ of 320/.test(await page.locator(".episode").innerText()));
    expect(await page.locator(".episode").innerText()).not.toContain("error");
    const table = page.locator(".torques table");
    await until(async () => (await table.innerText()).includes("pickup"));
    for (const name of ["left", "right", "forward"]) expect(await table.innerText()).toContain(name);
    await until(async () => (await page.locator(".arm").count()) === 0);
    expect(await simulation.getByRole("combobox", { name: /^Condition/ }).count()).toBe(0);
    expect(await simulation.getByLabel(/^Goal/).count()).toBe(0);
    expect(await simulation.getByRole("button", { name: /^Push/ }).count()).toBe(0);
    await simulation.getByLabel("Light").fill("0.5");
    await until(async () =>
      (await page.locator(".applied code").allTextContents()).some((text) => text.includes("0.5")),
    );
    expect(await violations(page)).toEqual([]);
    expect(complaints).toEqual([]);
  } finally {
    await serving.stop();
  }
});
