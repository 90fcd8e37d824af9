// Ticks of `torquelens sim` at 20 Hz while clients misuse its live socket: npm run bench:clients [-- SECONDS].
// The clients run in one process that uses a whole core if it can. The table compares with a process that uses a core and
// does not connect, so that a row shows what the socket costs and not what the machine lacks.
import { fork, spawn } from "node:child_process";
import { once } from "node:events";
import { createInterface } from "node:readline";
import { text } from "node:stream/consumers";
import { fileURLToPath } from "node:url";
import { freePort } from "./free-port.js";

const here = (path) => fileURLToPath(new URL(path, import.meta.url));
const seconds = Number(process.argv[2] ?? 15);
const PERIOD = 50;
/** A tick is late where its line comes this long after the one before, milliseconds. */
const LATE = 1.5 * PERIOD;

const KINDS = [
  ["none", "no client"],
  ["viewer", "a viewer of all topics"],
  ["spin", "a busy process, not connected"],
  ["malformed", "malformed JSON, without end"],
  ["many", "2,000 subscriptions a message"],
  ["flip", "subscribe, unsubscribe, without end"],
  ["binary", "binary messages, without end"],
  ["deaf", "50 clients that subscribe to all and never read"],
  ["idle", "500 idle connections"],
  ["storm", "connect and drop, without end"],
];

async function measure(kind) {
  const port = await freePort();
  const ticks = Math.round((seconds * 1000) / PERIOD);
  const argv = ["sim", "--json", "--threads", "1", "--port", `${port}`, "--ticks", `${ticks}`];
  const sim = spawn(process.execPath, [here("../bin/torquelens.js"), ...argv], {
    stdio: ["ignore", "pipe", "pipe"],
  });
  // Addresses and refused clients go there; shown where the run fails.
  const said = text(sim.stderr);
  const ended = once(sim, "close");
  let clients;
  const times = [];
  for await (const line of createInterface({ input: sim.stdout })) {
    if (line.startsWith('{"summary"')) continue;
    times.push(performance.now());
    if (times.length === 1 && kind !== "none")
      clients = fork(here("./bad-clients.js"), [`ws://127.0.0.1:${port}`, kind]);
  }
  clients?.kill();
  const [code] = await ended;
  if (code !== 0) throw new Error(await said);
  // The first second is the start of the clients' process.
  const intervals = times
    .slice(1)
    .map((time, i) => time - times[i])
    .slice(1000 / PERIOD);
  const late = intervals.filter((interval) => interval > LATE).length;
  const sorted = intervals.toSorted((a, b) => a - b);
  return {
    rate: (1000 * intervals.length) / (times.at(-1) - times[1000 / PERIOD]),
    late: (100 * late) / intervals.length,
    p99: sorted[Math.floor(0.99 * sorted.length)],
  };
}

console.log(`${seconds} s each; a tick is late ${LATE} ms after the one before, due every ${PERIOD} ms`);
console.log("| clients | ticks a second | late | 99 % of ticks within |");
console.log("| --- | ---: | ---: | ---: |");
for (const [kind, name] of KINDS) {
  const { rate, late, p99 } = await measure(kind);
  console.log(`| ${name} | ${rate.toFixed(2)} | ${late.toFixed(1)} % | ${p99.toFixed(0)} ms |`);
}
