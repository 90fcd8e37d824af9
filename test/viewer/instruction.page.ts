import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { Browser } from "playwright-core";
import { afterAll, beforeAll, expect, test } from "vitest";
import { writeListeningPolicy } from "../language/listening-policy.js";
import { until } from "../until.js";
import { launch, violations, visit } from "./browser.js";
import { Serving } from "./program.js";

let browser: Browser;
let folder: string;
beforeAll(async () => {
  [browser, folder] = await Promise.all([launch(), mkdtemp(join(tmpdir(), "torquelens-instruction-"))]);
});
afterAll(async () => {
  await browser.close();
  await rm(folder, { recursive: true });
});

test("the page shows what a policy is told, each word in the colour of its relevance, and unknown words", async () => {
  const policy = await writeListeningPolicy(join(folder, "policy.onnx"));
  const world = ["--task", "tabletop", "--policy", policy, "--method", "gradient-x-input"];
  const told = ["--instruction", "Put the azure block into the bowl!"];
  const serving = await Serving.start("sim", ...world, ...told, "--port", "0", "--page-port", "0");
  try {
    const { page, complaints } = await visit(browser, serving.url);
    const panel = page.getByRole("region", { name: "Instruction" });
    const words = panel.locator(".word");
    await until(async () => (await words.count()) === 9);
    expect(await words.allTextContents()).toEqual([
      "<begin>",
      "put",
      "the",
      "azure",
      "block",
      "into",
      "the",
      "bowl",
      "<end>",
    ]);
    expect(await panel.locator(".unknown").allTextContents()).toEqual(["azure"]);
    const shades = () => words.evaluateAll((spans) => spans.map((span) => getComputedStyle(span).backgroundColor));
    // The largest of the sentence is as strong as can be, on one of the two sides.
    await until(async () => (await shades()).some((shade) => /^rgba\(.*, 0\.75\)$/.test(shade)));
    expect(await panel.innerText()).toContain("Not known to the policy: azure.");
    expect(await panel.innerText()).toContain("Red words speak for the chosen action, blue ones against.");
    expect(await violations(page)).toEqual([]);
    expect(complaints).toEqual([]);
  } finally {
    await serving.stop();
  }
});
