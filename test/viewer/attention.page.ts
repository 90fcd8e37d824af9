import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { Browser, Page } from "playwright-core";
import { afterAll, beforeAll, expect, test } from "vitest";
import { stringify } from "yaml";
import { McapSink } from "#src/bag/mcap-sink.js";
import type { Explanation } from "#src/explain/explanation.js";
import { blend } from "#src/image/blend.js";
import { ChannelEncoder } from "#src/messages/channel-encoder.js";
import { sampleExplanation } from "../messages/sample.js";
import { attentiveCard, attentiveReacher } from "../policy/attentive.js";
import { until } from "../until.js";
import { launch, violations, visit } from "./browser.js";
import { Serving } from "./program.js";

let browser: Browser;
let folder: string;
beforeAll(async () => {
  [browser, folder] = await Promise.all([launch(), mkdtemp(join(tmpdir(), "torquelens-attention-"))]);
});
afterAll(async () => {
  await browser.close();
  await rm(folder, { recursive: true });
});

/** Red, green and blue of the picture of a map, read from a copy: the page's own canvas is not made for it. */
const pixelsOf = (page: Page, query: string): Promise<number[]> =>
  page
    .locator("figure", { hasText: query })
    .locator("canvas")
    .evaluate((canvas: HTMLCanvasElement) => {
      const { width, height } = canvas;
      const copy = new OffscreenCanvas(width, height).getContext("2d", { willReadFrequently: true })!;
      copy.drawImage(canvas, 0, 0);
      const { data } = copy.getImageData(0, 0, width, height);
      return [...data].filter((_, i) => i % 4 < 3);
    });

test("a recording's attention is shown as the program blends it, one picture a query", async () => {
  const [width, height] = [48, 32];
  const mapOf = (query: string, of: (x: number, y: number) => number) => ({
    query,
    width: 24,
    height: 16,
    data: Float32Array.from({ length: 24 * 16 }, (_, i) => of(i % 24, Math.floor(i / 24))),
  });
  const maps = [mapOf("tip", (x) => x / 50), mapOf("target", (x, y) => (x > 4 && x < 9 && y < 7 ? 3 : 0.5))];
  const explanation: Explanation = { ...sampleExplanation(0, width, height), attention: { image: maps } };
  const path = join(folder, "run.mcap");
  const sink = await McapSink.create(path, { encoder: new ChannelEncoder({ attended: ["image"] }) });
  await sink.write(explanation);
  await sink.close();
  const serving = await Serving.start("view", path, "--page-port", "0");
  try {
    const { page, complaints } = await visit(browser, serving.url);
    const camera = page.getByRole("region", { name: "Camera image" });
    await camera.getByLabel("Map").waitFor();
    expect(await camera.locator("figure").count()).toBe(0);
    await camera.getByLabel("Map").selectOption("attention");
    await camera.locator("figcaption").nth(1).waitFor();
    expect(await camera.locator("figcaption").allInnerTexts()).toEqual(["tip peak 0.460", "target peak 3.00"]);
    for (const map of maps) {
      const expected = blend(explanation.observation.images.image!, [map]).data;
      const found = await pixelsOf(page, map.query);
      expect(found).toHaveLength(expected.length);
      const worst = found.reduce((most, value, i) => Math.max(most, Math.abs(value - expected[i]!)), 0);
      expect(worst).toBeLessThanOrEqual(4);
    }
    expect(await violations(page)).toEqual([]);
    await camera.getByLabel("Map").selectOption("heatmap");
    await until(async () => (await camera.locator("figure").count()) === 0);
    await camera.getByRole("img", { name: /^What camera image sees, and/ }).waitFor();
    expect(complaints).toEqual([]);
  } finally {
    await serving.stop();
  }
});

test("live attention goes on, and a policy without any has no choice of maps", async () => {
  const policy = join(folder, "reacher.onnx");
  await writeFile(policy, attentiveReacher());
  await writeFile(policy.replace("onnx", "yaml"), stringify(attentiveCard()));
  const argv = ["--task", "reacher", "--policy", policy, "--port", "0", "--page-port", "0"];
  const serving = await Serving.start("sim", ...argv);
  try {
    const { page, complaints } = await visit(browser, serving.url);
    const camera = page.getByRole("region", { name: "Camera image" });
    await camera.getByLabel("Map").selectOption("attention");
    await camera.locator("figure", { hasText: "target" }).waitFor();
    expect(await camera.locator("figure").count()).toBe(2);
    const first = JSON.stringify(await pixelsOf(page, "tip"));
    await until(async () => JSON.stringify(await pixelsOf(page, "tip")) !== first);
    await page.getByRole("combobox", { name: "Policy" }).selectOption("reacher");
    await until(async () => (await camera.getByLabel("Map").count()) === 0);
    expect(await camera.locator("figure").count()).toBe(0);
    await camera.getByRole("img", { name: /^What camera image sees, and/ }).waitFor();
    expect(complaints).toEqual([]);
  } finally {
    await serving.stop();
  }
});
