import { mkdtemp, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { Browser } from "playwright-core";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { openBag } from "#src/bag/open-bag.js";
import { shippedPolicy } from "#src/package-files.js";
import { torquelens } from "../cli/run.js";
import { until } from "../until.js";
import { drop, launch, pixelsOf, violations, visit, type Watched } from "./browser.js";
import { Serving } from "./program.js";

describe("the page of recordings", () => {
  let folder: string;
  let browser: Browser;
  let serving: Serving;
  let watched: Watched;
  const path = (name: string) => join(folder, name);
  const record = (name: string, ...argv: string[]) =>
    torquelens("sim", "--no-live", "--speed", "0", "--episodes", "2", "--record", path(name), ...argv);

  beforeAll(async () => {
    folder = await mkdtemp(join(tmpdir(), "torquelens-page-"));
    const method = ["--method", "gradient-x-input"];
    const both = await record("both.mcap", "--compare", "gradient-x-input");
    for (const run of [await record("dtd.mcap"), await record("gradient.mcap", ...method), both])
      if (run.code !== 0) throw new Error(run.stderr);
    browser = await launch();
    serving = await Serving.start("view", path("dtd.mcap"), path("gradient.mcap"), "--page-port", "0");
    watched = await visit(browser, serving.url);
    await watched.page.getByRole("button", { name: "elbow" }).waitFor();
  });
  afterAll(async () => {
    await browser?.close();
    await serving?.stop();
    await rm(folder, { recursive: true });
  });

  test("shows another moment when it is scrubbed", async () => {
    const { page } = watched;
    const first = await pixelsOf(page);
    await page.getByRole("slider", { name: "Time" }).fill("2.7");
    await page.getByText("2.70 of").waitFor();
    await until(async () => (await pixelsOf(page)) !== first);
  });

  test("plays to its end, and stops there", async () => {
    const { page } = watched;
    await page.getByLabel("Speed").selectOption("4");
    await page.getByRole("button", { name: "Play" }).click();
    await page.getByRole("button", { name: "Pause" }).waitFor();
    await page.getByRole("button", { name: "Play" }).waitFor();
    const [at, length] = (await page.locator(".recording .number").innerText()).match(/[\d.]+/g)!;
    expect(at).toBe(length);
  });

  test("goes to the moments that report ranks", async () => {
    const { page } = watched;
    const list = page.getByRole("region", { name: "Moments" }).getByRole("listitem");
    await list.first().waitFor();
    const text = await list.last().innerText();
    const [, seconds] = /^([\d.]+) s (unusual shares|relevance does not add up|at a limit): ./.exec(text)!;
    await list.last().getByRole("button").click();
    await page.getByText(`${seconds} of`).waitFor();
  });

  test("compares two recordings at the same moment", async () => {
    const { page } = watched;
    await page.getByRole("combobox", { name: /^Compare with/ }).selectOption("1");
    await page.getByRole("columnheader", { name: "gradient.mcap (gradient-x-input)" }).waitFor();
    const torque = page.getByRole("row", { name: /^τ elbow/ });
    // The same run: the torques are the same, so nothing is left.
    await until(async () => (await torque.getByRole("cell").last().innerText()) === "0 N·m");
  });

  test("aligns them at an event that both have, and goes there", async () => {
    const { page } = watched;
    const align = page.getByRole("combobox", { name: /^Align at/ });
    await until(async () => (await align.locator("option").allInnerTexts()).includes("start of episode 2"));
    await page.getByRole("slider", { name: "Time" }).fill("0");
    await page.getByText("0.00 of").waitFor();
    await page.getByRole("button", { name: "+ 0.05 s" }).click();
    await page.getByText("offset 0.05 s").waitFor();
    // The same ticks are no longer beside each other.
    const torque = page.getByRole("row", { name: /^τ elbow/ });
    await until(async () => (await torque.getByRole("cell").last().innerText()) !== "0 N·m");
    await align.selectOption("start of episode 2");
    await page.getByText("offset 0.00 s").waitFor();
    await until(async () => (await torque.getByRole("cell").last().innerText()) === "0 N·m");
    await until(async () => !/^0\.00 of/.test(await page.locator(".recording .number").innerText()));
    await page.getByRole("img", { name: "Difference of the shares over time" }).locator("canvas").waitFor();
    expect(await violations(page)).toEqual([]);
    await page.getByRole("button", { name: "End comparison" }).click();
  });

  test("compares the two methods of one recording", async () => {
    const both = await Serving.start("view", path("both.mcap"), "--page-port", "0");
    const { page, complaints } = await visit(browser, both.url);
    await page.getByRole("button", { name: "Compare its two methods" }).click();
    for (const name of ["dtd", "gradient-x-input"])
      await page.getByRole("columnheader", { name, exact: true }).waitFor();
    await page.getByRole("slider", { name: "Time" }).fill("1.2");
    const cells = (row: RegExp) => page.getByRole("row", { name: row }).getByRole("cell").allInnerTexts();
    await until(async () => (await cells(/^τ elbow/))[2] === "0 N·m");
    await until(async () => (await cells(/^image/))[2] !== "0 %");
    await page.getByRole("img", { name: "Difference of the shares over time" }).locator("canvas").waitFor();
    expect(complaints).toEqual([]);
    await page.context().close();
    await both.stop();
  });

  test("says what the policy would have commanded with an input replaced, as whatif does", async () => {
    const shown = [path("dtd.mcap"), path("gradient.mcap")];
    const asked = await Serving.start("view", ...shown, "--policy", shippedPolicy("reacher"), "--page-port", "0");
    const { page, complaints } = await visit(browser, asked.url);
    const panel = page.getByRole("region", { name: "What if" });
    await page.getByRole("button", { name: "elbow" }).waitFor();
    // The arm moves then: at the start all runs have the same velocities.
    await page.getByRole("slider", { name: "Time" }).fill("0.3");
    const told = async (replacement: string) => {
      const { stdout } = await torquelens("whatif", shown[0]!, "--at", "0.3", "--replace", replacement, "--json");
      return JSON.parse(stdout).what_if[0].change as Record<string, number>;
    };
    const answers: Record<string, number>[] = [];
    for (const [input, way, replacement] of [
      ["joint_position", "zeros", "joint_position=zero"],
      ["image", "run 1 of this recording, in the same phase", "image=run1"],
      ["joint_velocity", "run 1 of gradient.mcap, in the same phase", `joint_velocity=${shown[1]}#1`],
    ] as const) {
      await panel.getByLabel("Replace").selectOption(input);
      await panel.getByLabel("by").selectOption({ label: way });
      await panel.getByRole("button", { name: "Run the policy" }).click();
      const change = await told(replacement);
      for (const [joint, value] of Object.entries(change)) {
        const cell = panel.getByRole("row", { name: joint }).getByRole("cell").last();
        expect(Number((await cell.innerText()).replace("−", "-").split(" ")[0])).toBeCloseTo(value, 3);
      }
      answers.push(change);
    }
    for (const { elbow } of answers) expect(Math.abs(elbow!)).toBeGreaterThan(1e-3);
    // Another moment: the answer of the one before goes.
    await page.getByRole("slider", { name: "Time" }).fill("1.2");
    await panel.getByRole("table").waitFor({ state: "detached" });
    expect(complaints).toEqual([]);
    expect(await violations(page)).toEqual([]);
    await page.context().close();
    await asked.stop();
  });

  test("saves a figure that says what it shows", async () => {
    const { page } = watched;
    const [saved] = await Promise.all([
      page.waitForEvent("download"),
      page.getByRole("button", { name: "Save SVG" }).click(),
    ]);
    const svg = await readFile(await saved.path(), "utf8");
    expect(svg).toMatch(/^<svg /);
    expect(svg).toContain("Method dtd; heatmap for all torques, weighted by their importance");
    const [picture] = await Promise.all([
      page.waitForEvent("download"),
      page.getByRole("button", { name: "Save PNG" }).click(),
    ]);
    expect((await readFile(await picture.path())).subarray(1, 4).toString()).toBe("PNG");
  });

  test("saves a span as a recording that torquelens reads", async () => {
    const { page } = watched;
    await page.locator(".course").scrollIntoViewIfNeeded();
    const box = (await page.locator(".plot .u-over").first().boundingBox())!;
    await page.mouse.move(box.x + 0.2 * box.width, box.y + 20);
    await page.mouse.down();
    await page.mouse.move(box.x + 0.4 * box.width, box.y + 20, { steps: 5 });
    await page.mouse.up();
    const [saved] = await Promise.all([
      page.waitForEvent("download"),
      page.getByRole("button", { name: "Save span as MCAP" }).click(),
    ]);
    await saved.saveAs(path("clip.mcap"));
    const [clip, whole] = [await openBag(path("clip.mcap")), await openBag(path("dtd.mcap"))];
    const ticks = (bag: typeof clip) => bag.topics.find(({ name }) => name === "/torquelens/explanation")!.messages;
    expect(ticks(clip)).toBeGreaterThan(0);
    expect(ticks(clip)).toBeLessThan(ticks(whole) / 2);
    await Promise.all([clip.close(), whole.close()]);
    await page.getByRole("button", { name: "Show all" }).click();
  });

  test("marks a span by keyboard", async () => {
    const { page } = watched;
    const time = page.getByRole("slider", { name: "Time" });
    await time.focus();
    await page.keyboard.press("Home");
    const press = async (name: string | RegExp) => {
      await page.getByRole("button", { name }).focus();
      await page.keyboard.press("Enter");
    };
    await press("Mark span from here");
    await time.focus();
    for (let step = 0; step < 10; step++) await page.keyboard.press("ArrowRight");
    await press(/^Mark span from 0\.00 s to here$/);
    await page.getByText(/^0\.00 s to 0\.10 s, 3 ticks\. Mean shares: image \d+ %/).waitFor();
    await press("Show all");
  });

  test("opens a recording that is dropped onto it, without the server", async () => {
    const { page } = watched;
    await drop(page, path("gradient.mcap"));
    await page.getByText("gradient.mcap: recording").waitFor();
    await page.getByRole("button", { name: "elbow" }).waitFor();
    const asked: string[] = [];
    page.on("request", (request) => asked.push(request.url()));
    const time = page.getByRole("slider", { name: "Time" });
    await time.focus();
    await page.keyboard.press("End");
    const length = await time.getAttribute("max");
    await page.getByText(`${Number(length).toFixed(2)} of ${Number(length).toFixed(2)} s`).waitFor();
    expect(asked.filter((url) => url.includes("/recordings/"))).toEqual([]);
  });

  test("says which of several dropped files it shows", async () => {
    const { page } = watched;
    await drop(page, path("gradient.mcap"), path("dtd.mcap"));
    await page.getByText("One recording is shown at a time: gradient.mcap, not dtd.mcap.").waitFor();
    await drop(page, path("gradient.mcap"));
    await page.getByText("One recording is shown at a time").waitFor({ state: "detached" });
    await page.getByRole("button", { name: "elbow" }).waitFor();
  });

  test("says what to do with a file that is no recording, and keeps what it shows", async () => {
    const { page } = watched;
    await writeFile(path("notes.mcap"), "no recording at all");
    await drop(page, path("notes.mcap"));
    await page.getByRole("alert").filter({ hasText: "notes.mcap: not an MCAP file" }).waitFor();
    expect(await page.getByRole("button", { name: "elbow" }).count()).toBe(1);
  });

  test.each(["light", "dark"] as const)("has no fault that axe finds, %s", async (colorScheme) => {
    const { page } = await visit(browser, serving.url, { colorScheme });
    await page.getByRole("button", { name: "elbow" }).waitFor();
    expect(await violations(page)).toEqual([]);
    await page.context().close();
  });

  test("has nothing to complain about in the console", () => {
    expect(watched.complaints).toEqual([]);
  });
});
