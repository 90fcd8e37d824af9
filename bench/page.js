// The page in a real Chromium, with the real server on loopback: time to the first picture, bytes sent, processor time at
// 20 Hz of a 240 × 240 heatmap, heap over time, and the simulator's ticks beside three open pages.
// `ticks` gives the simulator a core of its own where taskset is there (Linux), and the browsers the others.
//   npm run bench:page -- [--minutes 3] [--seconds 20] [--rounds 5] [--parts paint,cpu,heap,ticks]
// Exit code 77 where there is no Chromium (CHROMIUM_PATH, or on PATH).
import { execFileSync, spawn } from "node:child_process";
import { once } from "node:events";
import { readFileSync } from "node:fs";
import { loadavg } from "node:os";
import { createInterface } from "node:readline";
import { setTimeout as sleep } from "node:timers/promises";
import { fileURLToPath } from "node:url";
import { parseArgs } from "node:util";
import { chromium } from "playwright-core";
import { chromiumPath } from "../test/viewer/chromium.js";

const executablePath = chromiumPath();
if (executablePath === undefined) {
  console.log("bench:page: no Chromium; install it (apt install chromium) or name it in CHROMIUM_PATH");
  process.exit(77);
}
const { values } = parseArgs({
  options: {
    minutes: { type: "string", default: "3" },
    seconds: { type: "string", default: "20" },
    rounds: { type: "string", default: "5" },
    parts: { type: "string", default: "paint,cpu,heap,ticks" },
  },
});
const [minutes, seconds, rounds] = [values.minutes, values.seconds, values.rounds].map(Number);
const here = (path) => fileURLToPath(new URL(path, import.meta.url));
const SIM = ["../bin/torquelens.js", "sim", "--port", "0", "--page-port", "0"];
const FEED = ["./page-feed.js", "240"];
/** A machine without a graphics card: WebGL in software, all else drawn as it is without WebGL. */
const WITH_3D = ["--enable-unsafe-swiftshader"];
/** The whole page drawn by the same software as WebGL, as no browser does by itself. */
const ALL_BY_GL = ["--use-gl=angle", "--use-angle=swiftshader", "--enable-unsafe-swiftshader"];
const WITHOUT_3D = ["--disable-gpu", "--disable-3d-apis"];
/** All panels fit. */
const WINDOW = { width: 1280, height: 1000 };
const median = (numbers) => numbers.toSorted((a, b) => a - b)[Math.floor(numbers.length / 2)];
const p99 = (numbers) => numbers.toSorted((a, b) => a - b)[Math.floor(0.99 * numbers.length)];

/** Starts a program that prints the page's address. @param on words of a command that runs another one */
async function serve([script, ...argv], line = () => {}, on = []) {
  const [command, ...words] = [...on, process.execPath, here(script), ...argv];
  const child = spawn(command, words, { stdio: ["ignore", "pipe", "pipe"] });
  const address = new Promise((resolve, reject) => {
    const take = (text) => {
      const [, url] = /^page +(http:\S+)/.exec(text) ?? [];
      if (url) resolve(url);
      else line(text);
    };
    for (const input of [child.stdout, child.stderr]) createInterface({ input }).on("line", take);
    child.once("exit", (code) => reject(new Error(`${script} ended with code ${code}`)));
  });
  const stop = async () => {
    if (child.exitCode !== null) return;
    child.kill("SIGINT");
    await once(child, "exit");
  };
  return { url: await address, child, stop };
}

const browse = (flags) => chromium.launch({ executablePath, args: ["--no-sandbox", ...flags] });

/** In the page: the time from the navigation's start to a frame with a camera's picture and torques. */
function watch() {
  const { putImageData } = CanvasRenderingContext2D.prototype;
  globalThis.painted = 0;
  globalThis.scenes = 0;
  CanvasRenderingContext2D.prototype.putImageData = function (image, ...rest) {
    if (this.canvas.isConnected && image.height > 1) globalThis.painted++;
    return putImageData.call(this, image, ...rest);
  };
  const { clear } = globalThis.WebGL2RenderingContext?.prototype ?? {};
  if (clear)
    WebGL2RenderingContext.prototype.clear = function (mask) {
      globalThis.scenes++;
      return clear.call(this, mask);
    };
  const look = () => {
    const done = globalThis.painted > 0 && document.querySelectorAll(".torques tbody tr").length > 1;
    if (done) globalThis.firstPaint = performance.now();
    else requestAnimationFrame(look);
  };
  requestAnimationFrame(look);
}
const whenPainted = async (page) =>
  (await page.waitForFunction(() => globalThis.firstPaint, { timeout: 120_000 })).jsonValue();

async function paint() {
  const { url, stop } = await serve(SIM);
  const browser = await browse(WITH_3D);
  const [cold, warm] = [[], []];
  const busy = [];
  const processes = await browser.newBrowserCDPSession();
  let sent = 0;
  let unpacked = 0;
  for (let i = 0; i < rounds; i++) {
    const context = await browser.newContext({ viewport: { width: 1280, height: 720 } });
    const page = await context.newPage();
    await page.addInitScript(watch);
    const network = await context.newCDPSession(page);
    await network.send("Network.enable");
    sent = unpacked = 0;
    network.on("Network.loadingFinished", ({ encodedDataLength }) => {
      sent += encodedDataLength;
    });
    network.on("Network.dataReceived", ({ dataLength }) => {
      unpacked += dataLength;
    });
    const before = await processorTime(processes);
    await page.goto(url);
    cold.push(await whenPainted(page));
    busy.push(1000 * ((await processorTime(processes)).renderer - before.renderer));
    await page.waitForLoadState("networkidle");
    await network.detach();
    await page.reload();
    warm.push(await whenPainted(page));
    await context.close();
  }
  await browser.close();
  await stop();
  const kilobytes = (bytes) => `${(bytes / 1000).toFixed(0)} kB`;
  console.log(`\nFirst camera picture and torque table after navigation, ${rounds} times, median (worst):`);
  for (const [name, times] of [
    ["cold", cold],
    ["warm", warm],
  ])
    console.log(`  ${name}: ${median(times).toFixed(0)} ms (${Math.max(...times).toFixed(0)} ms)`);
  console.log(`Processor time of the page until then, cold: ${median(busy).toFixed(0)} ms`);
  console.log(`Bytes of the page: ${kilobytes(sent)} sent, ${kilobytes(unpacked)} unpacked`);
}

/** Processor seconds so far by kind of the browser's processes. */
async function processorTime(session) {
  const { processInfo } = await session.send("SystemInfo.getProcessInfo");
  const sums = { renderer: 0, GPU: 0 };
  for (const { type, cpuTime } of processInfo) sums[type] = (sums[type] ?? 0) + cpuTime;
  return sums;
}

async function cpu() {
  console.log(`\nProcessor time at 20 Hz of a 240 × 240 heatmap, ${seconds} s, as part of one core:`);
  const { url, stop } = await serve(FEED);
  for (const [name, flags] of [
    ["all panels, no graphics card", WITH_3D],
    ["no 3D panel", WITHOUT_3D],
    ["all panels, the whole page by WebGL's software", ALL_BY_GL],
  ]) {
    const browser = await browse(flags);
    const page = await browser.newPage({ viewport: WINDOW });
    await page.addInitScript(watch);
    await page.goto(url);
    await whenPainted(page);
    await sleep(5000);
    const session = await browser.newBrowserCDPSession();
    const counts = () => page.evaluate(() => [globalThis.painted, globalThis.scenes]);
    const [before, drawnBefore, started] = [await processorTime(session), await counts(), performance.now()];
    await sleep(1000 * seconds);
    const [after, drawn] = [await processorTime(session), await counts()];
    const elapsed = (performance.now() - started) / 1000;
    const [pictures, scenes] = drawn.map((count, i) => ((count - drawnBefore[i]) / elapsed).toFixed(1));
    const part = (type) => `${((100 * (after[type] - before[type])) / elapsed).toFixed(0)} %`;
    console.log(
      `  ${name}: page ${part("renderer")}, drawing process ${part("GPU")}; ${pictures} camera pictures and ${scenes} 3D pictures a second; load ${loadavg()[0].toFixed(1)}`,
    );
    await browser.close();
  }
  await stop();
}

async function heap() {
  console.log(`\nHeap of the page after collection, ${minutes} min at 20 Hz, 240 × 240:`);
  const { url, stop } = await serve(FEED);
  const browser = await browse(WITHOUT_3D);
  const page = await browser.newPage({ viewport: WINDOW });
  await page.addInitScript(watch);
  await page.goto(url);
  await whenPainted(page);
  const session = await page.context().newCDPSession(page);
  for (let minute = 0; minute <= minutes; minute++) {
    if (minute > 0) await sleep(60_000);
    await session.send("HeapProfiler.collectGarbage");
    const { usedSize, backingStorageSize } = await session.send("Runtime.getHeapUsage");
    const megabytes = (bytes) => (bytes / 1e6).toFixed(2);
    console.log(`  ${minute} min: ${megabytes(usedSize)} MB, buffers ${megabytes(backingStorageSize)} MB`);
  }
  await browser.close();
  await stop();
}

/** Numbers in a list such as 0-2,5. */
const numbersOf = (list) =>
  list.split(",").flatMap((part) => {
    const [from, to = from] = part.split("-").map(Number);
    return Array.from({ length: to - from + 1 }, (_, i) => from + i);
  });

/** Takes the simulator's core away from this process and the browsers it starts. Undefined where that cannot be done. */
function parted() {
  try {
    const [cores] = execFileSync("taskset", ["-cp", process.pid], { encoding: "utf8" }).match(/[\d,-]+$/m);
    const [own, ...others] = numbersOf(cores);
    if (others.length === 0) return undefined;
    execFileSync("taskset", ["-acp", others.join(","), process.pid]);
    return { own, others: others.join(",") };
  } catch {
    return undefined;
  }
}

/** Processor milliseconds that a process took so far: all threads, and the first one, which runs the control loop. */
function takenBy(pid) {
  const of = (path) => {
    const [user, system] = readFileSync(path, "utf8").split(") ").at(-1).split(" ").slice(11, 13);
    return 10 * (Number(user) + Number(system));
  };
  return process.platform === "linux" ? [of(`/proc/${pid}/stat`), of(`/proc/${pid}/task/${pid}/stat`)] : [NaN, NaN];
}

/** Ticks of a simulator while `pages` pages are open. @param on words of the command that runs it */
async function ticksBeside(pages, on) {
  const latencies = [];
  const times = [];
  let listening = false;
  const take = (line) => {
    if (!listening || !line.startsWith("{")) return;
    const { latency_ms: latency } = JSON.parse(line);
    if (latency === undefined) return;
    latencies.push(latency);
    times.push(performance.now());
  };
  const { url, child, stop } = await serve([...SIM, "--json", "--threads", "1"], take, on);
  const browser = await browse(WITHOUT_3D);
  for (let i = 0; i < pages; i++) {
    const page = await browser.newPage({ viewport: WINDOW });
    await page.addInitScript(watch);
    await page.goto(url);
    await whenPainted(page);
  }
  await sleep(2000);
  // taskset becomes the program that it runs, so its process is the simulator's.
  const before = takenBy(child.pid);
  listening = true;
  await sleep(1000 * seconds);
  listening = false;
  const taken = takenBy(child.pid).map((after, i) => (after - before[i]) / latencies.length);
  await browser.close();
  await stop();
  const intervals = times.slice(1).map((time, i) => time - times[i]);
  return [median(latencies), p99(latencies), p99(intervals), ...taken, loadavg()[0]];
}

async function ticks() {
  const cores = parted();
  console.log(
    `\nTicks of the simulator, ${rounds} × ${seconds} s each, in turn; pages without 3D on the same machine; ${
      cores
        ? `the simulator alone on core ${cores.own}, browsers on ${cores.others}`
        : "on the same cores, which taskset could not part"
    }. Medians of the rounds:`,
  );
  const runs = { 0: [], 3: [] };
  const on = cores ? ["taskset", "-c", `${cores.own}`] : [];
  for (let i = 0; i < rounds; i++) for (const pages of [0, 3]) runs[pages].push(await ticksBeside(pages, on));
  console.log(
    "| pages | latency p50 | p99 | time between ticks p99 | processor time a tick | of its main thread | load |\n| --- | ---: | ---: | ---: | ---: | ---: | ---: |",
  );
  for (const [pages, all] of Object.entries(runs)) {
    const middle = all[0].map((_, column) => median(all.map((run) => run[column])));
    const cells = middle.map((number, column) => `${number.toFixed(1)}${column < 5 ? " ms" : ""}`);
    console.log(`| ${pages} | ${cells.join(" | ")} |`);
  }
}

const PARTS = { paint, cpu, heap, ticks };
for (const part of values.parts.split(",")) {
  console.log(`load of the machine: ${loadavg()[0].toFixed(1)}`);
  await PARTS[part]();
}
