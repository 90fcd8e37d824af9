// Takes the documents' pictures of the page in each of its states, in a real Chromium: CHROMIUM_PATH, or that on PATH.
import { spawn } from "node:child_process";
import { once } from "node:events";
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { createInterface } from "node:readline";
import { setTimeout as sleep } from "node:timers/promises";
import { fileURLToPath } from "node:url";
import { chromium } from "playwright-core";
import sharp from "sharp";
import { FoxgloveSink } from "../dist/foxglove/foxglove-sink.js";
import { ChannelEncoder } from "../dist/messages/channel-encoder.js";
import { chromiumPath } from "../test/viewer/chromium.js";

const here = (path) => fileURLToPath(new URL(path, import.meta.url));
/** How long the page shows a run before its picture is taken, so that the course has a past, milliseconds. */
const PAST = 12_000;
const DESK = { width: 1280, height: 1180 };
const TABLET = { width: 768, height: 1024 };

const executablePath = chromiumPath();
if (executablePath === undefined) {
  console.log("pictures of the page: left out, no Chromium (apt install chromium, or CHROMIUM_PATH)");
  process.exit(0);
}
const browser = await chromium.launch({
  executablePath,
  args: ["--no-sandbox", "--use-gl=angle", "--use-angle=swiftshader", "--enable-unsafe-swiftshader"],
});

async function torquelens(...argv) {
  const child = spawn(process.execPath, [here("../bin/torquelens.js"), ...argv], {
    stdio: ["ignore", "pipe", "inherit"],
  });
  const ended = once(child, "exit");
  const url = await new Promise((resolve, reject) => {
    createInterface({ input: child.stdout }).on("line", (line) => {
      const [, address] = /^page +(http:\S+)/.exec(line) ?? [];
      if (address) resolve(address);
    });
    ended.then(([code]) => (code === 0 ? resolve(undefined) : reject(new Error(`torquelens ended with code ${code}`))));
  });
  const stop = async () => {
    child.kill("SIGINT");
    await ended;
  };
  return { url, stop };
}

async function open(url, colorScheme = "light", viewport = DESK) {
  const page = await browser.newPage({ viewport, colorScheme });
  await page.goto(url);
  return page;
}

async function take(page, name) {
  // Few colours: a third of the bytes, and no difference that one sees.
  const png = await sharp(await page.screenshot())
    .png({ palette: true, quality: 90, effort: 10 })
    .toBuffer();
  await sharp(png).toFile(here(`../docs/images/${name}.png`));
  console.log(`docs/images/${name}.png: ${(png.length / 1000).toFixed(0)} kB`);
}

const explained = (page) => page.locator(".torques tbody button").nth(1).waitFor({ timeout: 120_000 });

const sim = await torquelens("sim", "--task", "peg", "--port", "0", "--page-port", "0", "--threads", "1");
const live = await Promise.all([open(sim.url), open(sim.url, "dark"), open(sim.url, "light", TABLET)]);
await Promise.all(live.map(explained));
await sleep(PAST);
await take(live[0], "page-live");
await take(live[1], "page-dark");
await take(live[2], "page-tablet");
await Promise.all(live.slice(1).map((page) => page.close()));
await sim.stop();
await live[0].locator(".condition.lost").waitFor();
await take(live[0], "page-lost");
await live[0].close();

const silent = await FoxgloveSink.listen({ encoder: new ChannelEncoder(), port: "page", page: { port: 0 } });
const empty = await open(silent.pageUrl);
await empty.locator(".condition.open").waitFor();
await take(empty, "page-empty");
await empty.close();
await silent.close();

const folder = await mkdtemp(join(tmpdir(), "torquelens-pictures-"));
const recording = (name) => join(folder, `${name}.mcap`);
const METHODS = ["dtd", "gradient-x-input"];
for (const method of METHODS)
  await torquelens(
    "sim",
    "--no-live",
    "--speed",
    "0",
    "--episodes",
    "3",
    "--method",
    method,
    "--record",
    recording(method),
  );
const view = await torquelens("view", ...METHODS.map(recording), "--page-port", "0");
const run = await open(view.url);
await explained(run);
await run.getByRole("region", { name: "Moments" }).getByRole("listitem").first().waitFor({ timeout: 120_000 });
await run.getByRole("slider", { name: "Time" }).fill("2.55");
await sleep(3000);
await take(run, "page-recording");
await run.getByRole("combobox", { name: /^Compare with/ }).selectOption("1");
const comparison = run.getByRole("region", { name: "Comparison" });
await comparison.waitFor();
await sleep(3000);
await comparison.scrollIntoViewIfNeeded();
await sleep(1000);
await take(run, "page-comparison");
await browser.close();
await view.stop();
await rm(folder, { recursive: true });
