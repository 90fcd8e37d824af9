import type { Browser, Page } from "playwright-core";
import { afterAll, beforeAll, expect, test } from "vitest";
import type { Explanation } from "#src/explain/explanation.js";
import { until } from "../until.js";
import { launch, visit } from "./browser.js";
import { Feed } from "./feed.js";

/** The page of a policy that chooses between two actions. */

const ACTION = { kind: "action_logit", unit: "1", reference: "zero" } as const;

const choosing = (sample: Explanation): Explanation => ({
  ...sample,
  flags: [],
  outputs: [ACTION, ACTION],
  joints: ["left", "right"],
  torque: Float32Array.of(-0.5, 1.25),
  importance: Float32Array.of(0, 1),
  choice: { chosen: "right", probabilities: Float32Array.of(0.148, 0.852) },
});

let browser: Browser;
let feed: Feed;
let page: Page;

beforeAll(async () => {
  [browser, feed] = await Promise.all([launch(), Feed.start({}, choosing)]);
  ({ page } = await visit(browser, feed.url));
  await page.getByRole("button", { name: "left" }).waitFor();
});
afterAll(async () => {
  await browser.close();
  await feed.stop();
});

test("shows the chosen action, and the probabilities of all", async () => {
  const panel = page.getByRole("region", { name: "Why this action" });
  expect(await panel.getByRole("columnheader").allInnerTexts()).toEqual(
    ["Action", "Logit z", "Probability π", "Weight α", "Based on"].map((text) =>
      expect.stringMatching(new RegExp(text, "i")),
    ),
  );
  const cells = async (name: string) => {
    const row = panel.getByRole("row").filter({ has: page.getByRole("button", { name }) });
    return (await row.getByRole("cell").allInnerTexts()).slice(0, 3);
  };
  expect(await cells("right")).toEqual(["1.25", "85 %", "1.00"]);
  expect(await cells("left")).toEqual(["−0.500", "15 %", "0"]);
  expect(await cells("the chosen action")).toEqual(["", "right", ""]);
  await until(() => page.getByText("by relevance for the logit of right").isVisible());
});

test("speaks of no torque and no joint", async () => {
  const text = await page.locator("main").innerText();
  expect(text).toContain("heatmap for the chosen action");
  expect(text.replaceAll("torquelens", "")).not.toMatch(/torque|N·m|joints/i);
});
