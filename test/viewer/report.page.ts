import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { pathToFileURL } from "node:url";
import type { Browser } from "playwright-core";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { torquelens } from "../cli/run.js";
import { launch, violations, visit } from "./browser.js";

describe("a report", () => {
  let folder: string;
  let browser: Browser;
  const path = (name: string) => join(folder, name);
  const made = async (...argv: string[]) => {
    const run = await torquelens(...argv);
    if (run.code !== 0) throw new Error(run.stderr);
  };

  beforeAll(async () => {
    folder = await mkdtemp(join(tmpdir(), "torquelens-report-page-"));
    const sim = ["sim", "--no-live", "--speed", "0", "--episodes", "2", "--record"];
    await made(...sim, path("dtd.mcap"));
    await made(...sim, path("gradient.mcap"), "--method", "gradient-x-input");
    await made("report", path("dtd.mcap"), "-o", path("one.html"));
    await made("report", path("dtd.mcap"), "--against", path("gradient.mcap"), "-o", path("two.html"));
    browser = await launch(false);
  });
  afterAll(async () => {
    await browser?.close();
    await rm(folder, { recursive: true });
  });

  const shown = (name: string, colorScheme: "light" | "dark") =>
    visit(browser, pathToFileURL(path(name)).href, { colorScheme });

  test.each(["one.html", "two.html"])("%s has nothing that axe finds, in light and in the dark", async (name) => {
    for (const scheme of ["light", "dark"] as const) {
      const { page, complaints } = await shown(name, scheme);
      expect(await violations(page), scheme).toEqual([]);
      expect(complaints).toEqual([]);
      await page.close();
    }
  });

  test("is light or dark as a whole, its charts too", async () => {
    const colors = async (scheme: "light" | "dark") => {
      const { page } = await shown("one.html", scheme);
      const found = await page.evaluate(() => [
        getComputedStyle(document.documentElement).backgroundColor,
        getComputedStyle(document.querySelector("figure svg rect")!).fill,
        getComputedStyle(document.documentElement).color,
        getComputedStyle(document.querySelector("figure svg text")!).fill,
      ]);
      await page.close();
      return found;
    };
    const [light, dark] = ["rgb(255, 255, 255)", "rgb(22, 22, 22)"];
    const [ink, pale] = ["rgb(27, 27, 27)", "rgb(230, 230, 230)"];
    expect(await colors("light")).toEqual([light, light, ink, ink]);
    expect(await colors("dark")).toEqual([dark, dark, pale, pale]);
  });
});
