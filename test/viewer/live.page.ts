import type { Browser } from "playwright-core";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { until } from "../until.js";
import { launch, pixelsOf, violations, visit, type Watched } from "./browser.js";
import { Serving } from "./program.js";

describe("the page of a simulation", () => {
  let browser: Browser;
  let serving: Serving;
  let watched: Watched;

  beforeAll(async () => {
    [browser, serving] = await Promise.all([launch(), Serving.start("sim", "--port", "0", "--page-port", "0")]);
    watched = await visit(browser, serving.url);
    await watched.page.getByRole("button", { name: "elbow" }).waitFor();
  });
  afterAll(async () => {
    await browser.close();
    await serving.stop();
  });

  test("shows torques, shares and the camera", async () => {
    const { page } = watched;
    const row = page.getByRole("row").filter({ has: page.getByRole("button", { name: "elbow" }) });
    expect(await row.getByRole("img").getAttribute("aria-label")).toMatch(/^image \d+ %, joint_position \d+ %/);
    expect(await page.locator(".condition").getAttribute("class")).toContain("open");
  });

  test("draws another picture when the scene changes", async () => {
    const { page } = watched;
    const first = await pixelsOf(page);
    await until(async () => (await pixelsOf(page)) !== first);
  });

  test("tells relevance under the pointer in N·m and as a part", async () => {
    const { page } = watched;
    await page.locator(".camera canvas").first().hover();
    await until(async () => /^\d+, \d+: .*N·m, .* % of this image$/.test(await page.locator(".readout").innerText()));
  });

  test("tells relevance at a point that the keyboard moves", async () => {
    const { page } = watched;
    await page.mouse.move(0, 0);
    const readout = page.locator(".readout").first();
    await until(async () => /^Point at the image/.test(await readout.innerText()));
    await page.locator(".camera canvas").first().focus();
    await page.keyboard.press("ArrowRight");
    await page.keyboard.press("Shift+ArrowUp");
    await until(async () => /^49, 38: .*N·m, .* % of this image$/.test(await readout.innerText()));
  });

  test("draws the colour map that is chosen", async () => {
    const { page } = watched;
    const scale = () =>
      page
        .locator(".scale canvas")
        .first()
        .evaluate((canvas) => (canvas as HTMLCanvasElement).toDataURL());
    const first = await scale();
    await page.getByLabel("Colours").selectOption("viridis");
    await until(async () => (await scale()) !== first);
  });

  test("draws all ticks on one scale where it is fixed", async () => {
    const { page } = watched;
    const scale = page.locator(".camera .scale").first();
    const end = () => scale.locator("span").last().innerText();
    const first = await end();
    await until(async () => (await end()) !== first);
    expect(await end()).toMatch(/N·m per pixel, the peak of this tick$/);
    await scale.getByRole("button", { name: "Fix scale" }).click();
    await until(async () => /, fixed$/.test(await end()));
    const [fixed, picture] = [await end(), await pixelsOf(page)];
    await until(async () => (await pixelsOf(page)) !== picture);
    expect(await end()).toBe(fixed);
    await page.getByLabel("Scale, N·m").fill("0.5");
    await until(async () => (await end()) === "0.500 N·m per pixel, fixed");
    await scale.getByRole("button", { name: "Own peak" }).click();
    await until(async () => /the peak of this tick$/.test(await end()));
  });

  test("shows the joint that is clicked in every panel", async () => {
    const { page } = watched;
    await page.getByRole("button", { name: "elbow" }).click();
    await page.getByText("by relevance for the torque of elbow").waitFor();
    await page.getByText("links by relevance of their joint for elbow").waitFor();
    await page.getByRole("button", { name: "all joints" }).click();
    await page.getByText("by relevance for all torques").waitFor();
  });

  test("can be used with the keyboard", async () => {
    const { page } = watched;
    await page.getByRole("button", { name: "shoulder" }).focus();
    await page.keyboard.press("Enter");
    expect(await page.getByRole("button", { name: "shoulder" }).getAttribute("aria-pressed")).toBe("true");
    await page.getByRole("button", { name: "all joints" }).focus();
    await page.keyboard.press("Space");
    expect(await page.getByRole("button", { name: "all joints" }).getAttribute("aria-pressed")).toBe("true");
  });

  test("compares two methods on the same tick", async () => {
    const { page } = watched;
    const compare = page.getByRole("combobox", { name: "Compare with method" });
    await compare.selectOption("gradient-x-input");
    await page.getByRole("columnheader", { name: "gradient-x-input", exact: true }).waitFor();
    // Only ticks of one stamp are subtracted: at every look the torques are the same.
    const torques = page.getByRole("row", { name: /^τ / });
    const seen = new Set<string>();
    await until(async () => {
      for (const text of await torques.allInnerTexts()) {
        const [, first, second, difference] = text.split("\t");
        expect([second, difference]).toEqual([first, "0 N·m"]);
        seen.add(text);
      }
      return seen.size > 8;
    });
    const map = page.getByRole("img", { name: "First heatmap minus second" });
    const pixels = () => map.evaluate((canvas) => (canvas as HTMLCanvasElement).toDataURL());
    const before = await pixels();
    await until(async () => (await pixels()) !== before);
    await page.getByRole("img", { name: "Difference of the shares over time" }).locator("canvas").waitFor();
    expect(await violations(page)).toEqual([]);
    await page.getByRole("button", { name: "End comparison" }).click();
    await page.getByRole("region", { name: "Comparison" }).waitFor({ state: "detached" });
    expect(await compare.inputValue()).toBe("");
  });

  test("gives the means of a span that is dragged over", async () => {
    const { page } = watched;
    await until(async () => (await page.locator(".plot .u-over").count()) === 2);
    await page.locator(".plot .u-over").first().scrollIntoViewIfNeeded();
    const box = (await page.locator(".plot .u-over").first().boundingBox())!;
    await page.mouse.move(box.x + 0.5 * box.width, box.y + 20);
    await page.mouse.down();
    await page.mouse.move(box.x + 0.9 * box.width, box.y + 20, { steps: 5 });
    await page.mouse.up();
    await until(async () => /Mean shares: image \d+ %/.test(await page.locator(".means").innerText()));
    await page.getByRole("button", { name: "Follow" }).click();
  });

  test.each(["light", "dark"] as const)("has no fault that axe finds, %s", async (colorScheme) => {
    const { page } = await visit(browser, serving.url, { colorScheme });
    await page.getByRole("button", { name: "elbow" }).waitFor();
    expect(await violations(page)).toEqual([]);
    await page.context().close();
  });

  test("fits a tablet", async () => {
    const { page } = await visit(browser, serving.url, { viewport: { width: 768, height: 1024 } });
    await page.getByRole("button", { name: "elbow" }).waitFor();
    const overflow = await page.evaluate(() => document.documentElement.scrollWidth - innerWidth);
    expect(overflow).toBeLessThanOrEqual(0);
    await page.context().close();
  });

  test("works without WebGL, and says what is missing", async () => {
    const bare = await launch(false);
    const { page } = await visit(bare, serving.url);
    await page.getByText("no WebGL, so there is no 3D view").waitFor();
    await page.getByRole("button", { name: "elbow" }).waitFor();
    await bare.close();
  });

  test("has nothing to complain about in the console", () => {
    expect(watched.complaints).toEqual([]);
  });
});

test("the page connects again when torquelens is started again", async () => {
  const browser = await launch();
  const first = await Serving.start("sim", "--port", "0", "--page-port", "0");
  const { page } = await visit(browser, first.url);
  await page.getByRole("button", { name: "elbow" }).waitFor();
  await first.stop();
  await page.locator(".condition.lost").waitFor();
  expect(await page.getByRole("button", { name: "Pause" }).isDisabled()).toBe(true);
  expect(await violations(page)).toEqual([]);
  const second = await Serving.start("sim", "--port", "0", "--page-port", new URL(first.url).port);
  await page.locator(".condition.open").waitFor();
  expect(await page.getByRole("button", { name: "Pause" }).isDisabled()).toBe(false);
  const shown = await pixelsOf(page);
  await until(async () => (await pixelsOf(page)) !== shown);
  await browser.close();
  await second.stop();
});
