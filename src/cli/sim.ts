import { fileURLToPath } from "node:url";
import { type Command, Option } from "commander";
import { McapSink } from "../bag/mcap-sink.js";
import { InputError } from "../errors.js";
import { Explainer } from "../explain/explainer.js";
import { run, type Sink } from "../explain/pipeline.js";
import { FoxgloveSink } from "../foxglove/foxglove-sink.js";
import { ChannelEncoder } from "../messages/channels.js";
import { serialiseCard } from "../policy/card.js";
import type { ImageModality } from "../policy/modalities.js";
import { loadPolicy, type Policy } from "../policy/policy.js";
import { readPerturbations } from "../sim/perturbations.js";
import { type ImageAblation, parseAblation, SimulatedSource } from "../sim/source.js";
import { loadTask, taskNames } from "../sim/tasks.js";
import { JsonLines, LiveLine } from "./live-line.js";
import { atLeast, wholeNumber } from "./numbers.js";
import { explanationJson } from "./report.js";
import { Statistics } from "./statistics.js";

interface SimOptions {
  readonly task: string;
  readonly policy?: string;
  readonly card?: string;
  readonly method: string;
  readonly ticks?: number;
  readonly episodes?: number;
  readonly speed: number;
  readonly seed: number;
  readonly perturb?: string;
  readonly targets: "four" | "random";
  readonly ablate?: ImageAblation;
  readonly record?: string;
  readonly live: boolean;
  readonly host: string;
  readonly port: number;
  readonly threads: number;
  readonly json?: boolean;
}

export function addSim(program: Command): void {
  program
    .command("sim")
    .description("simulate an arm, run its policy, explain every torque, serve it live, record it")
    .addOption(new Option("--task <name>", "simulated task").choices(taskNames).default("reacher"))
    .option("--policy <file>", "ONNX policy (default: the shipped policy of the task)")
    .option("--card <file>", "policy card (default: the YAML beside the policy, or its metadata)")
    .option("--method <name>", "how to explain (torquelens methods lists them)", "dtd")
    .option("--ticks <n>", "end after so many control steps", wholeNumber(1))
    .option("--episodes <n>", "end after so many episodes", wholeNumber(1))
    .option("--speed <x>", "1 is real time, 0 as fast as it can", atLeast(0), 1)
    .option("--seed <n>", "seed of initial states, targets and noise", wholeNumber(0), 0)
    .option("--perturb <file>", "YAML or JSON list of changes in mid-run")
    .addOption(new Option("--targets <kind>", "targets of the reacher").choices(["four", "random"]).default("four"))
    .option(
      "--ablate <what>",
      "image=frozen (another target's), image=first (the first frame) or image=black",
      parseAblation,
    )
    .option("--record <file>", "write an MCAP file of everything shown live")
    .option("--no-live", "serve nothing")
    .option("--host <address>", "address to serve on", "127.0.0.1")
    .option("--port <n>", "port to serve on, 0 for any free one", wholeNumber(0), 8765)
    .option("--threads <n>", "threads of inference", wholeNumber(1), 2)
    .option("--json", "print one JSON object a tick and a last one with the summary")
    .action(sim);
}

async function sim(options: SimOptions): Promise<void> {
  const print = (line: string) => void process.stdout.write(`${line}\n`);
  const say = options.json ? () => {} : print;
  const policy = await loadPolicy(options.policy ?? shipped(options.task), { card: options.card });
  const source = await simulated(options, policy);
  const sinks: Sink[] = [];
  const stop = new AbortController();
  const interrupt = () => {
    stop.abort();
    void source.close();
  };
  process.on("SIGINT", interrupt).on("SIGTERM", interrupt);
  let explainer: Explainer | undefined;
  const statistics = new Statistics();
  const started = performance.now();
  try {
    explainer = await Explainer.create(policy, { method: options.method, threads: options.threads });
    say(`policy  ${policy.path}  (${policy.card.joints.join(", ")}; method ${explainer.method})`);
    sinks.push(statistics);
    if (options.live || options.record) sinks.push(...(await outlets(options, policy, source, say)));
    sinks.push(options.json ? new JsonLines(explanationJson, print) : new LiveLine(statistics, print));
    say("Ctrl-C stops.");
    await run(source, explainer, sinks, stop.signal);
  } finally {
    await Promise.allSettled([source.close(), ...sinks.map((sink) => sink.close()), explainer?.close()]);
    process.off("SIGINT", interrupt).off("SIGTERM", interrupt);
  }
  const summary = summaryOf(source, statistics, (performance.now() - started) / 1000);
  print(options.json ? JSON.stringify({ summary }) : summaryText(summary));
  if (options.record) say(`recorded ${options.record}`);
}

const shipped = (task: string): string => fileURLToPath(new URL(`../../models/${task}.onnx`, import.meta.url));

async function simulated(options: SimOptions, policy: Policy): Promise<SimulatedSource> {
  const cameras = policy.modalities.filter((m): m is ImageModality => m.kind === "image");
  if (cameras.length !== 1)
    throw new InputError(`${policy.path}: the simulation has one camera, the policy sees ${cameras.length} images`);
  const { width, height } = cameras[0]!;
  const task = await loadTask(options.task, { width, height, targets: options.targets });
  const known = new Set(["image", ...task.modalities.map(({ name }) => name)]);
  const foreign = policy.modalities.find(({ name }) => !known.has(name));
  if (foreign)
    throw new InputError(
      `${policy.path}: task ${task.name} has no modality "${foreign.name}"; it has ${[...known].join(", ")}`,
    );
  const { ticks, episodes, speed, seed, ablate, perturb, live } = options;
  const perturbations = perturb === undefined ? [] : await readPerturbations(perturb, task);
  // Viewers show live data by the wall clock; what is not shown live is the same at every run.
  const startStamp = live && speed > 0 ? BigInt(Date.now()) * 1_000_000n : 0n;
  return new SimulatedSource({ task, seed, ticks, episodes, speed, ablation: ablate, perturbations, startStamp });
}

async function outlets(
  options: SimOptions,
  policy: Policy,
  source: SimulatedSource,
  say: (line: string) => void,
): Promise<Sink[]> {
  const encoder = new ChannelEncoder({ robotDescription: source.robotDescription });
  const sinks: Sink[] = [];
  if (options.record) {
    const card = { name: policy.card.name, sha256: policy.sha256, card: serialiseCard(policy.card) };
    sinks.push(await McapSink.create(options.record, { encoder, metadata: { "torquelens.policy": card } }));
    say(`record  ${options.record}`);
  }
  if (options.live) {
    try {
      const { host, port } = options;
      const server = await FoxgloveSink.listen({ encoder, host, port, name: `torquelens ${policy.card.name}` });
      sinks.push(server);
      say(`live    ${server.url}  (Foxglove: Open connection, Foxglove WebSocket)`);
    } catch (error) {
      for (const sink of sinks) await sink.close();
      throw error;
    }
  }
  return sinks;
}

interface Summary {
  readonly ticks: number;
  readonly episodes: number;
  readonly success_rate: number | null;
  readonly final_error_m: { readonly median: number | null; readonly max: number | null };
  readonly shares: Record<string, number>;
  readonly idle_ticks: number;
  readonly latency_ms: { readonly p50: number; readonly p99: number };
  readonly misses: number;
  readonly late_ticks: number;
  readonly conservation_residual_max: number;
  readonly seconds: number;
}

function summaryOf(source: SimulatedSource, statistics: Statistics, seconds: number): Summary {
  const { episodes, successRate, finalErrors, lateTicks } = source.summary();
  const errors = [...finalErrors].sort((a, b) => a - b);
  return {
    ticks: statistics.ticks,
    episodes,
    success_rate: episodes > 0 ? successRate : null,
    final_error_m: { median: errors[errors.length >> 1] ?? null, max: errors.at(-1) ?? null },
    shares: statistics.meanShares(),
    idle_ticks: statistics.idle,
    latency_ms: { p50: statistics.latency(0.5), p99: statistics.latency(0.99) },
    misses: statistics.misses,
    late_ticks: lateTicks,
    conservation_residual_max: statistics.residualMax,
    seconds,
  };
}

function summaryText(summary: Summary): string {
  const { ticks, episodes, success_rate, final_error_m, latency_ms, misses, conservation_residual_max } = summary;
  const shares = Object.entries(summary.shares).map(([name, share]) => `${name} ${(100 * share).toFixed(1)} %`);
  const success =
    success_rate === null
      ? "no episode finished"
      : `${episodes} episodes, success ${(100 * success_rate).toFixed(0)} %, median final error ${(1000 * final_error_m.median!).toFixed(1)} mm`;
  return [
    `${ticks} ticks; ${success}`,
    `shares  ${shares.join("   ")}`,
    `latency p50 ${latency_ms.p50.toFixed(1)} p99 ${latency_ms.p99.toFixed(1)} ms   misses ${misses}   conservation residual at most ${conservation_residual_max.toExponential(1)}`,
  ].join("\n");
}
