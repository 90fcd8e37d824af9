// The page beside other web viewers, over one recording: time from the navigation to the first camera picture, and bytes
// sent. All are served by the same static server (static-site.js).
//   npm run bench:viewers -- [--recording RUN.mcap] [--rounds 3] [--lichtblick FOLDER] [--rerun FOLDER [--rrd RUN.rrd]] [--shots FOLDER]
// FOLDER is a viewer's built web app: Lichtblick's web/.webpack; of Rerun index.html, re_viewer.js and re_viewer_bg.wasm.
// A camera picture is visible in the first frame of the browser in which a colour of the recorded image that the viewers
// themselves lack covers a quarter of what it covers of an image 100 pixels wide: heatmaps lie over some of it. --shots keeps what each showed at the end. Exit code 77 where there is no Chromium.
import { execFileSync } from "node:child_process";
import { mkdirSync, mkdtempSync, readFileSync, rmSync } from "node:fs";
import { loadavg, tmpdir } from "node:os";
import { basename, join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { fileURLToPath } from "node:url";
import { parseArgs } from "node:util";
import { chromium } from "playwright-core";
import sharp from "sharp";
import { decoderOf } from "#src/bag/decode.js";
import { openBag } from "#src/bag/open-bag.js";
import { toRgb } from "#src/image/rgb.js";
import { chromiumPath } from "../test/viewer/chromium.js";
import { folderOf, serveFiles } from "./static-site.js";

const executablePath = chromiumPath();
if (executablePath === undefined) {
  console.log("bench:viewers: no Chromium; install it (apt install chromium) or name it in CHROMIUM_PATH");
  process.exit(77);
}
const { values } = parseArgs({
  options: {
    recording: { type: "string" },
    rounds: { type: "string", default: "3" },
    lichtblick: { type: "string" },
    rerun: { type: "string" },
    rrd: { type: "string" },
    shots: { type: "string" },
  },
});
const here = (path) => fileURLToPath(new URL(path, import.meta.url));
const WINDOW = { width: 1280, height: 1000 };
/** A machine without a graphics card and without a network. */
const FLAGS = [
  "--no-sandbox",
  "--enable-unsafe-swiftshader",
  "--host-resolver-rules=MAP * ~NOTFOUND, EXCLUDE 127.0.0.1",
];
/** Frames are looked at at this part of their size. */
const LOOKED = 0.5;
/** Colours of one kind differ by at most this much, of 255. */
const NEAR = 24;
/** How long a viewer is waited for, and how long its bytes are counted after the picture, milliseconds. */
const PATIENCE = 120_000;
const AFTER = 5000;

const median = (numbers) => numbers.toSorted((a, b) => a - b)[Math.floor(numbers.length / 2)];

/** A run of the shipped peg policy. */
function recorded() {
  const folder = mkdtempSync(join(tmpdir(), "torquelens-viewers-"));
  const path = join(folder, "peg.mcap");
  const sim = ["sim", "--task", "peg", "--ticks", "200", "--speed", "0", "--no-live", "--record", path];
  execFileSync(process.execPath, [here("../bin/torquelens.js"), ...sim], { stdio: "ignore" });
  return { path, remove: () => rmSync(folder, { recursive: true }) };
}

/** The strong colour that covers most of the first camera image: how many pixels it has in an image 100 pixels wide. */
async function tellTale(path) {
  const bag = await openBag(path);
  const topic = bag.topics.find(({ name, type }) => type === "sensor_msgs/msg/Image" && !name.includes("/heatmap/"));
  if (!topic) throw new Error(`${path}: no topic with raw camera images`);
  const { value: record } = await bag.read({ topics: new Set([topic.name]) }).next();
  await bag.close();
  const { width, height, data } = toRgb(imageOf(decoderOf(topic, path)(record.data)));
  const bins = new Map();
  for (let i = 0; i < data.length; i += 3) {
    const color = [...data.subarray(i, i + 3)];
    if (Math.max(...color) - Math.min(...color) < 50) continue;
    const key = color.map((value) => value >> 4).join(" ");
    bins.set(key, [...(bins.get(key) ?? []), color]);
  }
  const all = [...bins.values()].sort((a, b) => b.length - a.length)[0];
  if (!all) throw new Error(`${path}: the first camera image has no colour to know it by`);
  const color = [0, 1, 2].map((c) => Math.round(all.reduce((sum, each) => sum + each[c], 0) / all.length));
  let count = 0;
  for (let i = 0; i < data.length; i += 3)
    if (color.every((value, c) => Math.abs(data[i + c] - value) <= NEAR)) count++;
  return { color, topic: topic.name, least: (count / (width * height)) * 100 * 100 };
}

const imageOf = ({ width, height, encoding, data }) => ({ width, height, encoding, data, frameId: "" });

/** Pixels of a colour in a frame of the browser. */
async function covered(frame, color) {
  const { data, info } = await sharp(Buffer.from(frame, "base64"))
    .removeAlpha()
    .resize({ width: WINDOW.width * LOOKED, kernel: "nearest" })
    .raw()
    .toBuffer({ resolveWithObject: true });
  let count = 0;
  for (let i = 0; i < data.length; i += info.channels)
    if (color.every((value, c) => Math.abs(data[i + c] - value) <= NEAR)) count++;
  return count / LOOKED ** 2;
}

/** Loads a viewer with nothing kept from before. Milliseconds and bytes until the picture is there, and bytes later on. */
async function load(browser, { name, site, query }, { color, least }) {
  const before = site.sent();
  const context = await browser.newContext({ viewport: WINDOW });
  const page = await context.newPage();
  const session = await context.newCDPSession(page);
  let found;
  let looking = Promise.resolve();
  const seen = new Promise((resolve) => {
    const look = async (frame, timestamp, sent) => {
      if (found || (await covered(frame, color)) < least) return;
      found = { timestamp, sent };
      resolve();
    };
    session.on("Page.screencastFrame", ({ data, sessionId, metadata: { timestamp } }) => {
      const sent = site.sent() - before;
      looking = looking.then(() => look(data, timestamp, sent));
      session.send("Page.screencastFrameAck", { sessionId }).catch(() => {});
    });
  });
  await session.send("Page.startScreencast", { format: "jpeg", quality: 80, everyNthFrame: 1 });
  await page.goto(`${site.url}${query}`, { waitUntil: "commit" });
  const origin = await page.evaluate(() => performance.timeOrigin);
  await Promise.race([seen, sleep(PATIENCE)]);
  await sleep(AFTER);
  if (values.shots) {
    mkdirSync(values.shots, { recursive: true });
    await page.screenshot({ timeout: PATIENCE, path: join(values.shots, `${name.split(",")[0]}.png`) });
  }
  const all = site.sent() - before;
  await session.send("Page.stopScreencast");
  await context.close();
  await looking;
  return found ? { time: 1000 * found.timestamp - origin, sent: found.sent, all } : { time: NaN, sent: NaN, all };
}

const run = values.recording ? { path: values.recording, remove: () => {} } : recorded();
const recording = readFileSync(run.path);
const tale = await tellTale(run.path);
console.log(
  `${basename(run.path)}: ${(recording.length / 1e6).toFixed(2)} MB; picture known by rgb(${tale.color.join(", ")}), ${tale.least.toFixed(0)} pixels`,
);
// Heatmaps lie over some of it.
tale.least /= 4;

const viewers = [];
const page = folderOf(here("../viewer/dist"));
const served = [{ name: basename(run.path), url: "/run.mcap", bytes: recording.length }];
page["/session.json"] = Buffer.from(
  JSON.stringify({ mode: "recordings", name: "bench", readOnly: true, recordings: served }),
);
viewers.push({ name: "torquelens", site: await serveFiles({ ...page, "/run.mcap": recording }), query: "" });
if (values.lichtblick) {
  const files = folderOf(values.lichtblick);
  const layout = readFileSync(here("../launch/foxglove-layout.json"), "utf8");
  files["/index.html"] = Buffer.from(
    files["/index.html"].toString().replace("/*LICHTBLICK_SUITE_DEFAULT_LAYOUT_PLACEHOLDER*/", () => layout),
  );
  const site = await serveFiles({ ...files, "/run.mcap": recording });
  viewers.push({ name: "Lichtblick", site, query: `?ds=remote-file&ds.url=${site.url}run.mcap` });
}
if (values.rerun) {
  // Rerun reads the MCAP file itself, or what `rerun mcap convert` made of it.
  const [name, content] = values.rrd ? ["run.rrd", readFileSync(values.rrd)] : ["run.mcap", recording];
  const site = await serveFiles({ ...folderOf(values.rerun), [`/${name}`]: content });
  viewers.push({ name: `Rerun, ${name.slice(4)}`, site, query: `?url=${site.url}${name}` });
}

const browser = await chromium.launch({ executablePath, args: FLAGS });
console.log(`Chromium ${browser.version()}, no graphics card; load of the machine: ${loadavg()[0].toFixed(1)}`);
const runs = new Map(viewers.map(({ name }) => [name, []]));
for (let i = 0; i < Number(values.rounds); i++)
  for (const viewer of viewers) runs.get(viewer.name).push(await load(browser, viewer, tale));
await browser.close();
for (const { site } of viewers) site.close();
run.remove();

console.log(`\n${values.rounds} rounds in turn, nothing kept from before; medians (worst):`);
console.log(
  `| viewer | first camera picture | bytes until then | bytes ${AFTER / 1000} s later |\n| --- | ---: | ---: | ---: |`,
);
const megabytes = (bytes) => `${(bytes / 1e6).toFixed(2)} MB`;
for (const [name, all] of runs) {
  const of = (key) => all.map((each) => each[key]);
  const times = of("time");
  const seconds = (time) => (Number.isNaN(time) ? `none in ${PATIENCE / 1000} s` : `${(time / 1000).toFixed(2)} s`);
  console.log(
    `| ${name} | ${seconds(median(times))} (${seconds(Math.max(...times))}) | ${megabytes(median(of("sent")))} | ${megabytes(median(of("all")))} |`,
  );
}
console.log(`\nload of the machine at the end: ${loadavg()[0].toFixed(1)}`);
