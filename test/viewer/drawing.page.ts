import type { Browser, Page } from "playwright-core";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { until } from "../until.js";
import { launch } from "./browser.js";
import { Serving } from "./program.js";

/** In the page: counts drawings of the 3D view, pictures of cameras and lines of plots. */
function countDraws(): void {
  const counts = { arm: 0, camera: 0, course: 0 };
  Object.assign(globalThis, { counts });
  const count = (prototype: object, method: string, counted: (canvas: HTMLCanvasElement) => void) => {
    const plain: (...args: unknown[]) => unknown = Reflect.get(prototype, method);
    Reflect.set(prototype, method, function (this: { readonly canvas: HTMLCanvasElement }, ...args: unknown[]) {
      counted(this.canvas);
      return plain.apply(this, args);
    });
  };
  // Once a drawing of the scene.
  count(WebGL2RenderingContext.prototype, "clear", () => {
    counts.arm++;
  });
  count(CanvasRenderingContext2D.prototype, "putImageData", (canvas) => {
    if (canvas.closest(".picture")) counts.camera++;
  });
  count(CanvasRenderingContext2D.prototype, "stroke", (canvas) => {
    if (canvas.closest(".plot")) counts.course++;
  });
}

const counts = (page: Page) =>
  page.evaluate(() => ({ ...(globalThis as unknown as { counts: Record<string, number> }).counts }));

/** Waits until something was drawn so often more. Returns how much the rest was drawn meanwhile. */
async function whileDrawn(page: Page, what: string, times: number): Promise<Record<string, number>> {
  const before = await counts(page);
  await until(async () => (await counts(page))[what]! >= before[what]! + times);
  const after = await counts(page);
  return Object.fromEntries(Object.keys(after).map((name) => [name, after[name]! - before[name]!]));
}

describe("drawing without a graphics card", () => {
  let browser: Browser;
  let serving: Serving;
  let page: Page;

  beforeAll(async () => {
    [browser, serving] = await Promise.all([launch(), Serving.start("sim", "--port", "0", "--page-port", "0")]);
    const context = await browser.newContext({ viewport: { width: 1280, height: 420 } });
    await context.addInitScript(countDraws);
    page = await context.newPage();
    await page.goto(serving.url);
    await page.locator(".scene[data-goal]").waitFor();
  });
  afterAll(async () => {
    await browser.close();
    await serving.stop();
  });

  test("the 3D view is drawn more slowly than the camera, and says so", async () => {
    await page
      .getByText(/^Drawn [\d.]+ times a second, the data come faster: without a graphics card for WebGL/)
      .waitFor();
    const { arm, camera } = await whileDrawn(page, "camera", 60);
    expect(arm).toBeGreaterThan(0);
    expect(arm).toBeLessThan(0.8 * camera!);
  });

  test("the course is not drawn below the window, nor the 3D view above it", async () => {
    await page.evaluate(() => scrollTo(0, 0));
    await whileDrawn(page, "camera", 5);
    expect((await whileDrawn(page, "camera", 20)).course).toBe(0);
    await page.evaluate(() => scrollTo(0, document.body.scrollHeight));
    // Until the page has seen that it was scrolled.
    await whileDrawn(page, "course", 50);
    const drawn = await whileDrawn(page, "course", 200);
    expect(drawn.arm).toBe(0);
    expect(drawn.camera).toBe(0);
  });
});
