import { mkdtemp, readFile, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { Browser, Page } from "playwright-core";
import { afterAll, beforeAll, beforeEach, describe, expect, onTestFinished, test } from "vitest";
import { simulate } from "../cli/simulation.js";
import { until } from "../until.js";
import { launch, pixelsOf, violations, visit, type Watched } from "./browser.js";
import { Serving } from "./program.js";

const panel = (page: Page) => page.locator(".simulator");
const button = (page: Page, name: string) => panel(page).getByRole("button", { name });
const choice = (page: Page, name: string) => panel(page).getByRole("combobox", { name: new RegExp(`^${name}`) });
const rowsOf = async (page: Page) => Number(/\d+/.exec(await page.locator(".applied summary").innerText())![0]);

/** Episode and step that the page shows, from 1. */
const stepOf = async (page: Page): Promise<string> =>
  /^Episode \d+, step \d+/.exec(await page.locator(".episode").innerText())![0];

/** Pauses and goes back to the first step of the first episode. */
async function begin(page: Page): Promise<void> {
  if (await button(page, "Pause").isVisible()) await button(page, "Pause").click();
  await button(page, "Go on").waitFor();
  await button(page, "Reset").click();
  await until(async () => (await stepOf(page)) === "Episode 1, step 1");
}

/** Makes one step and waits until the page shows it. */
async function step(page: Page): Promise<void> {
  const before = await stepOf(page);
  await button(page, "Step").click();
  await until(async () => (await stepOf(page)) !== before);
}

/** The rows that the page lists. */
async function listed(page: Page): Promise<Record<string, unknown>[]> {
  const texts = await page.locator(".applied code").allTextContents();
  return texts.map((text) => JSON.parse(text));
}

const torques = (page: Page) => page.locator(".torques table").innerText();

/** What the pointer looks like over the scene, which tells what it would grip. */
const cursor = (page: Page) =>
  page.locator(".scene canvas").evaluate((canvas) => (canvas as HTMLCanvasElement).style.cursor);

/** Moves the mouse onto the goal's sphere. Returns where it is in the window. */
async function pointAtGoal(page: Page): Promise<readonly [number, number]> {
  const scene = page.locator(".scene[data-goal]");
  return until(async () => {
    await scene.scrollIntoViewIfNeeded();
    const [x, y] = (await scene.getAttribute("data-goal"))!.split(" ").map(Number);
    const box = (await scene.boundingBox())!;
    const at = [box.x + x!, box.y + y!] as const;
    await page.mouse.move(at[0] + 1, at[1]);
    await page.mouse.move(...at);
    return (await cursor(page)) === "grab" ? at : undefined;
  });
}

const goalOf = async (page: Page): Promise<number[]> =>
  Promise.all(["x", "y"].map(async (axis) => Number(await page.getByLabel(`Goal ${axis}, m`).inputValue())));

async function dragGoal(page: Page, by: readonly [number, number]): Promise<void> {
  const [x, y] = await pointAtGoal(page);
  await page.mouse.down();
  await page.mouse.move(x + by[0], y + by[1], { steps: 4 });
  await page.mouse.up();
}

describe("the controls of a simulation", () => {
  let browser: Browser;
  let serving: Serving;
  let watched: Watched;
  let page: Page;

  beforeAll(async () => {
    [browser, serving] = await Promise.all([launch(), Serving.start("sim", "--port", "0", "--page-port", "0")]);
    watched = await visit(browser, serving.url);
    page = watched.page;
    await page.getByLabel("Goal x, m").waitFor();
    await page.locator(".scene canvas").waitFor();
  });
  beforeEach(() => begin(page));
  afterAll(async () => {
    await browser.close();
    await serving.stop();
  });

  test("pause holds the simulation, one step is one control step", async () => {
    await button(page, "Go on").click();
    await until(async () => (await stepOf(page)) !== "Episode 1, step 1");
    await button(page, "Pause").click();
    await button(page, "Go on").waitFor();
    await begin(page);
    for (const number of [2, 3, 4]) {
      await button(page, "Step").click();
      await until(async () => (await stepOf(page)) === `Episode 1, step ${number}`);
    }
    expect(await stepOf(page)).toBe("Episode 1, step 4");
  });

  test("a dragged goal is the simulation's goal, and moves the torques", async () => {
    await step(page);
    const before = await torques(page);
    const goal = await goalOf(page);
    await dragGoal(page, [-12, -12]);
    await until(async () => (await rowsOf(page)) > 0);
    await step(page);
    const last = (await listed(page)).at(-1)!.target as number[];
    expect(Math.hypot(last[0]! - goal[0]!, last[1]! - goal[1]!)).toBeGreaterThan(0.01);
    await until(async () => (await goalOf(page)).every((value, i) => Math.abs(value - last[i]!) < 6e-4));
    expect(await torques(page)).not.toBe(before);
  });

  test("a goal out of reach snaps back, and the page says why", async () => {
    const scene = page.locator(".scene");
    const [x, y] = await pointAtGoal(page);
    const [first, goal] = [await scene.getAttribute("data-goal"), await goalOf(page)];
    await page.mouse.down();
    await page.mouse.move(x - 300, y);
    await page
      .getByRole("alert")
      .getByText(/target: .*expected \[x, y\] in metres/)
      .waitFor();
    await page.mouse.up();
    await until(async () => (await scene.getAttribute("data-goal")) === first);
    expect([await goalOf(page), await rowsOf(page)]).toEqual([goal, 0]);
    await panel(page).getByLabel("Light").fill("1.5");
    await until(async () => (await rowsOf(page)) === 1);
    expect(await page.getByRole("alert").innerText()).toContain("target");
    await page.getByRole("button", { name: "Dismiss" }).click();
    expect(await page.getByRole("alert").count()).toBe(0);
  });

  test("the goal moves with the keyboard", async () => {
    const field = page.getByLabel("Goal x, m");
    await field.fill("0.1");
    await until(async () => (await rowsOf(page)) === 1);
    await field.press("ArrowUp");
    await until(async () => (await rowsOf(page)) === 2);
    expect((await listed(page)).map(({ target }) => (target as number[])[0])).toEqual([0.1, 0.11]);
  });

  test("a link is pushed as long as the mouse holds it", async () => {
    const canvas = page.locator(".scene canvas");
    await canvas.scrollIntoViewIfNeeded();
    const box = (await canvas.boundingBox())!;
    // Where the link is: the pointer becomes a cross over it.
    const found = await until(async () => {
      for (let across = 0.2; across < 0.8; across += 0.03)
        for (let down = 0.2; down < 0.8; down += 0.05) {
          const at = [box.x + across * box.width, box.y + down * box.height] as const;
          await page.mouse.move(...at);
          if ((await cursor(page)) === "crosshair") return at;
        }
      return undefined;
    });
    await page.mouse.down();
    await page.mouse.move(found[0] + 30, found[1], { steps: 3 });
    await page.getByText(/Pushing with [\d.]+ N/).waitFor();
    await until(async () => (await rowsOf(page)) > 0);
    await page.mouse.up();
    await until(async () => (await listed(page)).at(-1)!.wrench === null);
    const forces = (await listed(page)).flatMap(({ wrench }) => (wrench ? [wrench as number[]] : []));
    expect(Math.hypot(...forces.at(-1)!)).toBeGreaterThan(0);
  });

  test("a link is pushed as long as a key holds the button", async () => {
    await button(page, "Hold to push").focus();
    await page.getByLabel("Force of the push, N").fill("0.5");
    await page.getByLabel("Direction of the push").selectOption("−y");
    await button(page, "Hold to push").focus();
    await page.keyboard.down("Enter");
    await until(async () => (await rowsOf(page)) === 1);
    await page.keyboard.up("Enter");
    await until(async () => (await rowsOf(page)) === 2);
    expect((await listed(page)).map(({ wrench }) => wrench)).toEqual([[0, -0.5, 0, 0, 0, 0], null]);
  });

  test("a rectangle that is dragged on the camera's picture covers it, until it is uncovered", async () => {
    const clear = await pixelsOf(page);
    await button(page, "Cover camera").click();
    const box = (await page.locator(".cover").boundingBox())!;
    await page.mouse.move(box.x + 0.25 * box.width, box.y + 0.25 * box.height);
    await page.mouse.down();
    await page.mouse.move(box.x + 0.75 * box.width, box.y + 0.5 * box.height, { steps: 3 });
    await page.mouse.up();
    await until(async () => (await rowsOf(page)) === 1);
    const [{ occlude }] = (await listed(page)) as [{ occlude: number[] }];
    expect(occlude[2]! / occlude[3]!).toBeCloseTo(2, 0);
    await step(page);
    await button(page, "Uncover").click();
    await until(async () => (await rowsOf(page)) === 2);
    await step(page);
    expect(await pixelsOf(page)).not.toBe(clear);
    expect((await listed(page)).at(-1)).toMatchObject({ occlude: null });
  });

  test("the keyboard places a rectangle", async () => {
    await button(page, "Cover camera").click();
    await page.locator(".cover:focus").waitFor();
    await page.keyboard.press("ArrowLeft");
    await page.keyboard.press("Shift+ArrowDown");
    await page.keyboard.press("Enter");
    await until(async () => (await rowsOf(page)) === 1);
    expect(await listed(page)).toMatchObject([{ occlude: [31, 36, 24, 29] }]);
  });

  test("less light makes a darker picture", async () => {
    const brightness = () =>
      page
        .locator(".camera canvas")
        .first()
        .evaluate((canvas) => {
          const { width, height } = canvas as HTMLCanvasElement;
          const copy = new OffscreenCanvas(width, height).getContext("2d", { willReadFrequently: true })!;
          copy.drawImage(canvas as HTMLCanvasElement, 0, 0);
          const { data } = copy.getImageData(0, 0, width, height);
          return data.reduce((sum, value, i) => (i % 4 === 3 ? sum : sum + value), 0);
        });
    await page.getByLabel("Opacity").fill("0");
    await step(page);
    const bright = await brightness();
    await panel(page).getByLabel("Light").fill("0.5");
    await until(async () => (await rowsOf(page)) === 1);
    await step(page);
    await until(async () => Math.abs((await brightness()) / bright - 0.5) < 0.05);
    await page.getByLabel("Opacity").fill("0.85");
  });

  test("method and joint of the heatmap are those that are chosen", async () => {
    await page.getByRole("button", { name: "elbow" }).click();
    await page.getByRole("combobox", { name: /^Method/ }).selectOption("gradient");
    await until(async () => {
      await step(page);
      return page.getByText("heatmap for elbow").isVisible();
    });
    expect(await page.getByRole("combobox", { name: /^Method/ }).inputValue()).toBe("gradient");
    await page.getByRole("button", { name: "all joints" }).click();
    await page.getByRole("combobox", { name: /^Method/ }).selectOption("dtd");
    await until(async () => {
      await step(page);
      return page.getByText("heatmap for all joints").isVisible();
    });
  });

  test("the heatmap explains a joint rather than the others where that is ticked, by a method that can", async () => {
    await page.locator(".torques").getByRole("button", { name: "elbow" }).click();
    await page.getByLabel("heatmap: why elbow rather than the other joints").check();
    const shown = (text: string) =>
      until(async () => {
        await step(page);
        return page.getByText(text).first().isVisible();
      });
    await shown("evidence for elbow rather than the other joints");
    expect(await page.getByText("Warm colours speak for the torque of elbow").isVisible()).toBe(true);
    const method = page.getByRole("combobox", { name: /^Method/ });
    expect(await method.inputValue()).toBe("lrp-gamma:soft-argmax=gradient");
    await page.locator(".torques").getByRole("button", { name: "shoulder" }).click();
    await shown("evidence for shoulder rather than the other joints");
    await page.getByLabel("heatmap: why shoulder rather than the other joints").uncheck();
    await shown("heatmap for shoulder");
    await page.locator(".torques").getByRole("button", { name: "all joints" }).click();
    await method.selectOption("dtd");
    await shown("heatmap for all joints");
    await until(async () => (await method.inputValue()) === "dtd");
  });

  test("what is saved plays back with the same torques", async () => {
    const folder = await mkdtemp(join(tmpdir(), "page-sim-"));
    onTestFinished(() => rm(folder, { recursive: true }));
    await panel(page).getByLabel("Light").fill("0.5");
    await until(async () => (await rowsOf(page)) === 1);
    await step(page);
    await page.getByLabel("Goal y, m").fill("0.1");
    await until(async () => (await rowsOf(page)) === 2);
    await step(page);
    const saving = page.waitForEvent("download");
    await button(page, "Save perturbations").click();
    const file = await saving;
    expect(file.suggestedFilename()).toBe("perturbations-reacher.json");
    const path = join(folder, "saved.json");
    await file.saveAs(path);
    expect(JSON.parse(await readFile(path, "utf8"))).toEqual(await listed(page));
    const shown = (await page.locator(".torques .signed").allInnerTexts()).map((text) =>
      Number(text.replace("−", "-")),
    );
    const again = await simulate("--perturb", path, "--ticks", "3");
    const plain = await simulate("--ticks", "3");
    // The page shows three digits.
    const isShown = (torque: readonly number[]) => torque.every((value, j) => Math.abs(value / shown[j]! - 1) < 6e-3);
    expect(isShown(again.ticks[2]!.torque)).toBe(true);
    expect(isShown(plain.ticks[2]!.torque)).toBe(false);
  });

  test("another task is shown with its joints, camera and conditions", async () => {
    await choice(page, "Task").selectOption("peg");
    await page.getByRole("button", { name: "wrist_roll" }).waitFor();
    await until(async () => (await choice(page, "Policy").inputValue()) === "peg");
    await choice(page, "Task").selectOption("reacher");
    await until(async () => (await page.getByRole("button", { name: "wrist_roll" }).count()) === 0);
  });

  test("a policy that does not fit is refused in words", async () => {
    await choice(page, "Policy").selectOption("peg");
    await page.getByRole("alert").waitFor();
    await until(async () => (await choice(page, "Policy").inputValue()) === "reacher");
    await page.getByRole("button", { name: "Dismiss" }).click();
  });

  test("the 3D view turns with the keyboard and goes back", async () => {
    const scene = page.locator(".scene");
    const point = () => scene.getAttribute("data-goal");
    await page.getByRole("button", { name: "Reset view" }).click();
    await step(page);
    const first = await point();
    await scene.focus();
    await page.keyboard.press("ArrowLeft");
    await step(page);
    await until(async () => (await point()) !== first);
    await page.getByRole("button", { name: "Reset view" }).click();
    await step(page);
    await until(async () => (await point()) === first);
  });

  test.each(["light", "dark"] as const)("has no fault that axe finds, %s", async (colorScheme) => {
    await page.emulateMedia({ colorScheme });
    await button(page, "Cover camera").click();
    await page.locator(".applied summary").click();
    expect(await violations(page)).toEqual([]);
    await page.locator(".applied summary").click();
    await button(page, "Cover camera").click();
  });

  test("has nothing to complain about in the console", () => {
    expect(watched.complaints).toEqual([]);
  });
});

test("a read-only server's controls are switched off, and the page says so", async () => {
  const browser = await launch();
  const serving = await Serving.start("sim", "--port", "0", "--page-port", "0", "--read-only");
  const { page } = await visit(browser, serving.url);
  await page.getByText("This server is read-only: look, but change nothing.").waitFor();
  await page.getByLabel("Goal x, m").waitFor();
  for (const control of await panel(page).locator("button, select, input").all())
    expect(await control.isDisabled()).toBe(true);
  expect(await page.getByRole("combobox", { name: /^Method/ }).isDisabled()).toBe(true);
  await page.getByRole("button", { name: "elbow" }).click();
  await page.getByText("links by relevance of their joint for elbow").waitFor();
  expect(await page.getByRole("alert").count()).toBe(0);
  await browser.close();
  await serving.stop();
});
