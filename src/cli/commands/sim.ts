import { extname } from "node:path";
import { type McapOptions, McapSink } from "../../bag/mcap-sink.js";
import { InputError } from "../../errors.js";
import { ComparingSink } from "../../explain/comparing-sink.js";
import { jointElementsOf } from "../../explain/joint-relevance.js";
import { run, type Sink } from "../../explain/pipeline.js";
import type { RealTimeExplainer } from "../../explain/real-time-explainer.js";
import { refuseOverwriting } from "../../files/overwriting.js";
import type { FoxgloveSink } from "../../foxglove/foxglove-sink.js";
import type { GivenShapes } from "../../graph/given-shapes.js";
import { ChannelEncoder } from "../../messages/channel-encoder.js";
import type { Outcome } from "../../outcome/outcome.js";
import { CHOSEN } from "../../outputs/choice.js";
import { areActions, ratherThan, wordsOf } from "../../outputs/kinds.js";
import { shippedModel } from "../../package-files.js";
import type { SubjectOptions } from "../../parameters/subject.js";
import { attendedModalities } from "../../policy/attention.js";
import { serialiseCard } from "../../policy/card.js";
import type { Policy } from "../../policy/policy.js";
import type { Precision } from "../../relevance/precision/precision.js";
import type { Device } from "../../runtime/device.js";
import { parseAblation } from "../../sim/ablation.js";
import { type Perturbation, readPerturbations } from "../../sim/perturbations.js";
import { RunGate } from "../../sim/run-gate.js";
import type { Simulated } from "../../sim/simulated.js";
import type { SimulationOptions } from "../../sim/source.js";
import type { EpisodeOutcome } from "../../sim/tally.js";
import type { Starts, Targets } from "../../sim/tasks/task.js";
import { SimulationControls } from "../../simulator/controls.js";
import { SimulationDiagnostics } from "../../simulator/diagnostics.js";
import type { Stage, StageChoice } from "../../simulator/stage.js";
import { SteeredRun } from "../../simulator/steered-run.js";
import { writeErr, writeOut } from "../../text/terminal.js";
import { goodRunsOf } from "../input/good-runs.js";
import { unknownWords } from "../input/instruction.js";
import { methodOf } from "../input/method.js";
import { filesOfPolicy } from "../input/policy-files.js";
import { policyFileOf, stageFor } from "../input/sim-stage.js";
import { SIMULATION, simulationRecord } from "../input/simulation-record.js";
import { EpisodeLines } from "../output/episode-lines.js";
import { JsonLines } from "../output/json-lines.js";
import { near } from "../output/near.js";
import { summarise, summaryText } from "../output/sim-summary.js";
import { Statistics } from "../output/statistics.js";
import { warn, warnOf } from "../output/warnings.js";
import { widthOf, wrapped } from "../output/wrapping.js";
import { Interruption } from "../process/interruption.js";
import { type LiveServing, serveLive } from "../process/serving.js";

/** Seconds that an endless run waits at the goal. */
const SHORT_REST = 0.5;
/** Of what goes on in the next line. */
const INDENT = " ".repeat(9);

export interface SimOptions extends LiveServing, SubjectOptions {
  readonly task: string;
  readonly policy?: string;
  readonly card?: string;
  readonly shape?: GivenShapes;
  readonly method: string;
  readonly compare?: string;
  readonly ticks?: number;
  readonly episodes?: number;
  readonly rest?: number;
  readonly speed: number;
  readonly seed: number;
  readonly perturb?: string;
  readonly condition?: string;
  readonly targets: Targets;
  readonly starts: Starts;
  readonly ablate?: string;
  readonly record?: string;
  readonly goodRuns?: string;
  readonly live: boolean;
  readonly threads: number;
  readonly device: Device;
  readonly precision: Precision;
  readonly omit?: number;
  readonly instruction?: string;
  readonly json?: boolean;
}

export async function sim(options: SimOptions): Promise<void> {
  const interruption = new Interruption();
  const { signal } = interruption;
  const print = (line: string) =>
    void (interruption.canPrint && writeOut(`${wrapped(line, widthOf(process.stdout), INDENT)}\n`));
  const say = options.json ? () => {} : print;
  const tell = options.json ? (line: string) => writeErr(`${line}\n`) : print;
  const opened: { close(): Promise<void> }[] = [];
  const open = <T extends { close(): Promise<void> }>(resource: T): T => {
    opened.push(resource);
    return resource;
  };
  try {
    if (options.open && !(options.live && options.page))
      throw new InputError(`--open: --no-${options.live ? "page" : "live"} leaves no page to open`);
    if (options.record) refuseDatabase(options.record);
    if (options.compare !== undefined && !options.live && options.record === undefined)
      throw new InputError("--compare: --no-live without --record shows the second method nowhere");
    const policyName = options.policy ?? options.task;
    const policyFile = policyFileOf({ policy: policyName }, options);
    const model = shippedModel(options.task);
    const given = [policyFile, options.card, options.method, options.compare, options.perturb, options.goodRuns, model];
    await refuseOverwriting(given, [options.record]);
    const start: StageChoice = {
      task: options.task,
      policy: policyName,
      method: await methodOf(options.method),
      subject: { heatmapOf: options.action, contrast: options.contrast, against: options.against },
      compared: options.compare === undefined ? undefined : await methodOf(options.compare),
    };
    const lines = options.json ? new JsonLines(process.stdout, interruption.silent) : new EpisodeLines(process.stdout);
    let recording: McapSink | undefined;
    const ended = (outcome: EpisodeOutcome) => {
      if (lines instanceof EpisodeLines) lines.ended(outcome);
      recording?.ended(outcomeText(outcome));
    };
    const gate = new RunGate();
    const unstable = (problem: string) => warn(`${problem}; the next episode begins`);
    const build = (choice: StageChoice) =>
      stageFor(
        choice,
        options,
        async (task) => ({ ...(await simulation(options, task, choice === start)), ended, gate, unstable }),
        (explainer) => warnOf(explainer, options.precision),
        choice !== start,
      );
    const stage = await build(start);
    let server: FoxgloveSink | undefined;
    const simulated = open(
      new SteeredRun(stage, ({ source, policy }) => {
        encoder.changeRobot(source.robotDescription, jointElementsOf(policy.modalities));
        server?.robotChanged();
        diagnostics.restart();
      }),
    );
    const { goodRuns } = options;
    const usual = goodRuns === undefined ? undefined : await goodRunsOf(goodRuns, stage.policy);
    const diagnostics = new SimulationDiagnostics(simulated, usual);
    const { policy, source, explainer } = stage;
    for (const line of unknownWords(policy, options.instruction)) warn(line);
    await refuseOverwriting(await filesOfPolicy(policy), [options.record]);
    const encoder = new ChannelEncoder({
      robotDescription: source.robotDescription,
      jointElements: jointElementsOf(policy.modalities),
      // Clients may change to a policy with attention, but not while a run is recorded.
      attended: options.record === undefined ? ["image"] : attendedModalities(policy.attention),
      isSimulated: true,
      listens: policy.language !== undefined,
      diagnostics: diagnostics.of,
    });
    const compared = new ChannelEncoder({ isCompared: true });
    const encoders = { encoder, compared };
    const comparing: Pick<Sink, "write">[] = [];
    const statistics = new Statistics();
    const sinks: Sink[] = [statistics, diagnostics];
    if (options.live) {
      const controls = new SimulationControls(simulated, {
        encoders: [encoder, compared],
        build,
        start,
        methodNames: { method: options.method, compared: options.compare ?? "" },
        policyFile: options.policy,
        fixed: reasonToStay(options),
      });
      const live = open(
        await serveLive(options, { ...encoders, name: `torquelens ${policy.card.name}`, controls }, tell),
      );
      server = live;
      sinks.push(live);
      comparing.push({ write: (explanation) => live.writeCompared(explanation) });
    }
    say(introduction(stage));
    // Last: nothing can fail between opening the file and the first tick.
    if (options.record) {
      const file = open(await record(options.record, policy, encoders, simulationRecord(options)));
      say(`record   ${options.record}`);
      recording = file;
      sinks.push(file);
      comparing.push({ write: (explanation) => file.writeCompared(explanation) });
    }
    // Last: the second explanation begins when the first is everywhere.
    sinks.push(lines, new ComparingSink(() => simulated.stage.compared, comparing));
    say(legend(explainer, policy));
    const started = performance.now();
    await run(simulated, simulated, sinks, signal);
    const summary = summarise(simulated, statistics, (performance.now() - started) / 1000);
    if (lines instanceof JsonLines) await lines.summary(summary);
    else print(summaryText(summary, simulated.stage.explainer.method, widthOf(process.stdout)));
    if (options.record) say(summary.ticks > 0 ? `recorded ${options.record}` : "nothing recorded");
    await interruption.check();
  } finally {
    // Closes what `run` did not; `run` reports errors of what it closed.
    await Promise.allSettled(opened.map((resource) => resource.close()));
    interruption.end();
  }
}

/** Options of the simulation. @param isFirst false for a task that a client changed to */
async function simulation(
  options: SimOptions,
  task: Simulated,
  isFirst: boolean,
): Promise<Omit<SimulationOptions, "task">> {
  const { ticks, episodes, speed, seed, ablate, perturb, live } = options;
  const condition = isFirst ? options.condition : undefined;
  const perturbations = perturb === undefined ? [] : await readPerturbations(perturb, task);
  if (isFirst) warnOfEpisodes(perturbations, options);
  // Viewers show live data by the wall clock. Runs that are not live are the same every time.
  const startStamp = live && speed > 0 ? BigInt(Date.now()) * 1_000_000n : 0n;
  const ablation = ablate === undefined ? undefined : parseAblation(ablate);
  // A demonstration goes on once the task is done; counted and disturbed episodes have their full length.
  const isEndless = ticks === undefined && episodes === undefined && perturb === undefined;
  const rest = options.rest ?? (isEndless ? SHORT_REST : undefined);
  return { seed, condition, speed, ablation, perturbations, startStamp, ticks, episodes, rest };
}

/** Warns of perturbations of episodes that do not come. */
function warnOfEpisodes(perturbations: readonly Perturbation[], { perturb, episodes }: SimOptions): void {
  if (episodes === undefined) return;
  const after = perturbations.flatMap(({ episode = 0 }, entry) => (episode >= episodes ? [`[${entry}]`] : []));
  if (after.length > 0)
    warn(`${perturb}: ${after.join(", ")}: for no episode of this run, which has ${episodes}, counted from 0`);
}

/** Why task and policy of a run cannot change; undefined where they can. */
function reasonToStay({ record, ticks, episodes, perturb }: SimOptions): string | undefined {
  if (record !== undefined) return "this run is recorded (--record)";
  if (ticks !== undefined || episodes !== undefined) return "this run has a fixed length (--ticks, --episodes)";
  return perturb === undefined ? undefined : "this run has perturbations for its task (--perturb)";
}

function refuseDatabase(path: string): void {
  if (extname(path).toLowerCase() === ".db3")
    throw new InputError(`${path}: sim records MCAP, expected a name ending in .mcap (replay -o writes a .db3)`);
}

async function record(
  path: string,
  policy: Policy,
  encoders: Pick<McapOptions, "encoder" | "compared">,
  simulation: Readonly<Record<string, string>>,
): Promise<McapSink> {
  const card = { name: policy.card.name, sha256: policy.sha256, card: serialiseCard(policy.card) };
  return McapSink.create(path, { ...encoders, metadata: { "torquelens.policy": card, [SIMULATION]: simulation } });
}

/** An episode's outcome as recordings hold it. */
function outcomeText({ success, error, condition, ablation, perturbations }: EpisodeOutcome): string {
  return JSON.stringify({
    success,
    error: error ?? null,
    condition: condition || null,
    ablation: ablation === undefined ? null : `image=${ablation}`,
    perturbations: [...(perturbations ?? [])],
  } satisfies Outcome);
}

function introduction({ policy, explainer, source, compared }: Stage): string {
  const { path, outputs, modalities } = policy;
  const methods = [explainer.method, ...(compared.method ? [compared.method] : [])].map(({ spec }) => spec);
  const { contrast, against } = explainer.subject;
  return [
    `Simulated task ${source.task}: ${drives(policy)} (${
      methods.length > 1 ? "methods" : "method"
    } ${methods.join(" and ")}).`,
    ...(contrast === undefined ? [] : [`heatmaps show evidence for ${ratherThan(contrast, against, outputs)}`]),
    ...(contrast === CHOSEN && against !== undefined ? [`they are zero where the policy takes ${against} itself`] : []),
    `policy   ${near(path)}`,
    `         ${areActions(outputs) ? "chooses among" : "commands"} ${outputs.map(({ name }) => name).join(", ")}; sees ${modalities.map(({ name }) => name).join(", ")}`,
  ].join("\n");
}

/** What the policy does, and what is explained. */
function drives({ outputs }: Policy): string {
  if (areActions(outputs)) return "the policy chooses an action; every choice is explained";
  const { noun, plural } = wordsOf(outputs);
  return `the policy commands the ${plural}; every ${noun} is explained`;
}

function legend({ deadlineMs }: RealTimeExplainer, { outputs }: Policy): string {
  const { noun, plural } = areActions(outputs) ? { noun: "relevance", plural: "choices" } : wordsOf(outputs);
  return `
One line per episode: how it ended and what its ${plural} were based on (mean).
Ticks with almost no ${noun} do not count; at rest: all of them were such ticks.
misses: explanations that took longer than ${deadlineMs} ms. Ctrl-C stops.
`;
}
