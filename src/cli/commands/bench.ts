import { type BenchRow, benchNetwork } from "../../bench/cases.js";
import type { LiveRow } from "../../bench/live/bench-live.js";
import { NETWORKS } from "../../bench/networks.js";
import { InputError } from "../../errors.js";
import { own } from "../../own.js";
import type { Precision } from "../../relevance/precision/precision.js";
import type { Device } from "../../runtime/device.js";
import { writeErr, writeOut } from "../../text/terminal.js";
import { methodOf } from "../input/method.js";
import { benchText, liveText } from "../output/bench-text.js";
import { warn } from "../output/warnings.js";

export interface BenchOptions {
  readonly threads: number;
  readonly device: Device;
  readonly method: string;
  readonly seconds: number;
  readonly rounds: number;
  readonly ros?: boolean;
  readonly ticks: number;
  readonly jointRate: number;
  readonly precision: Precision;
  readonly network?: readonly string[];
  readonly json?: boolean;
}

export async function bench(options: BenchOptions): Promise<void> {
  const say = (text: string) => void (options.json || writeOut(`${text}\n`));
  const rows = await (options.ros ? benchRos : benchNetworks)(options, say);
  if (options.json) writeOut(`${JSON.stringify({ rows })}\n`);
}

async function benchNetworks(options: BenchOptions, say: (text: string) => void): Promise<BenchRow[]> {
  const { threads, device, seconds, rounds, network = Object.keys(NETWORKS) } = options;
  for (const name of network)
    if (!Object.hasOwn(NETWORKS, name))
      throw new InputError(`network ${name}: expected one of ${Object.keys(NETWORKS).join(", ")}`);
  const method = await methodOf(options.method);
  const reasons = new Set<string>();
  const fellBack = (why: string) => {
    if (!reasons.has(why)) warn(why);
    reasons.add(why);
  };
  const all: BenchRow[] = [];
  for (const [index, name] of network.entries()) {
    const made = await own(NETWORKS, name)!();
    const rows = await benchNetwork(name, made, { method, threads, device, seconds, rounds, fellBack, busy: warn });
    say(`${index > 0 ? "\n" : ""}${benchText(rows)}`);
    all.push(...rows);
  }
  return all;
}

async function benchRos(options: BenchOptions, say: (text: string) => void): Promise<LiveRow[]> {
  const { threads, precision, ticks, jointRate, network } = options;
  const method = await methodOf(options.method);
  const { benchLive } = await import("../../bench/live/bench-live.js");
  const live = { threads, method, precision, ticks, jointRate, ...(network && { networks: network }) };
  const rows: LiveRow[] = [];
  for await (const row of benchLive({
    ...live,
    opened: ({ transport, why }, rate) => {
      const way = transport === "ros" ? "over ROS 2, to and from another process" : "in this process";
      say(`${ticks} images at ${rate} Hz and joint states at ${jointRate} Hz ${way}; milliseconds, p50 / p99`);
      if (why !== undefined) writeErr(`not over ROS 2: ${why}\n`);
    },
  })) {
    rows.push(row);
    say(`\n${liveText(row)}`);
  }
  return rows;
}
