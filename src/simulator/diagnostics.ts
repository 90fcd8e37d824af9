import type { Reference } from "../detectors/reference.js";
import type { Explanation } from "../explain/explanation.js";
import type { Sink } from "../explain/pipeline.js";
import { SEVERITIES } from "../health/finding.js";
import { Monitor } from "../health/monitor.js";
import type { DiagnosticStatusMessage } from "../messages/types.js";
import { wholePercent } from "../numbers/format.js";
import type { SteeredRun } from "./steered-run.js";

/** Period of reports, of simulated time, nanoseconds. */
const PERIOD = 1_000_000_000n;
const NAME = "torquelens_sim";
/** Part of the ticks of a report that may begin late. */
const LATE = 0.1;

/** Reports once a second of simulated time how the simulation and its explanations do. */
export class SimulationDiagnostics implements Sink {
  #nowMs = 0;
  readonly #monitor: Monitor;
  #report: { readonly explanation: Explanation; readonly status: readonly DiagnosticStatusMessage[] } | undefined;
  #reported: { readonly stamp: bigint; readonly ticks: number; readonly late: number } | undefined;

  /** @param reference what is usual in good runs */
  constructor(
    private readonly run: SteeredRun,
    reference?: Reference,
  ) {
    this.#monitor = new Monitor({ name: NAME, hardwareId: NAME, now: () => this.#nowMs, reference });
  }

  write(explanation: Explanation): void {
    const { stamp } = explanation.observation;
    this.#nowMs = Number(stamp / 1000n) / 1000;
    this.#monitor.explained(explanation);
    const before = this.#reported;
    if (before && stamp - before.stamp < PERIOD) return;
    const { ticks, lateTicks } = this.run.summary();
    this.#reported = { stamp, ticks, late: lateTicks };
    if (!before) return;
    const own = this.#own(explanation, ticks - before.ticks, lateTicks - before.late);
    this.#report = { explanation, status: [own, ...this.#monitor.report(this.#facts(ticks, Number(stamp) / 1e9))] };
  }

  /** The report that was made with an explanation; undefined for most, which have none. */
  readonly of = (explanation: Explanation): readonly DiagnosticStatusMessage[] | undefined =>
    this.#report?.explanation === explanation ? this.#report.status : undefined;

  /** Begins anew, with another policy. */
  restart(): void {
    this.#monitor.restart();
  }

  async close(): Promise<void> {}

  #facts(ticks: number, seconds: number): Parameters<Monitor["report"]>[0] {
    const { policy, explainer } = this.run.stage;
    return {
      active: true,
      expectedRate: 1 / policy.card.control_period,
      deadlineMs: explainer.deadlineMs,
      wantedLevel: "full",
      clock: { seconds, isSimulated: true },
      pauses: { total: 0, current: 0 },
      inputs: { topics: {}, matched: ticks, syncMisses: 0, tooOld: 0, clockJumps: 0 },
      continuous: [],
      replaced: 0,
      outputs: {},
    };
  }

  #own({ observation }: Explanation, ticks: number, late: number): DiagnosticStatusMessage {
    const { task, condition, episode, speed, progress } = observation.simulation!;
    const { episodes, successes, lateTicks, latestMs } = this.run.summary();
    const isLate = late > LATE * ticks;
    const values = {
      Task: task,
      Policy: this.run.stage.policy.card.name,
      Condition: condition || "in turn",
      Episode: episode,
      "Episodes finished": episodes,
      "Episodes that succeeded": successes,
      "Progress of the episode": progress.toFixed(2),
      Speed: speed,
      "Late ticks": lateTicks,
      "Largest delay of a tick (ms)": latestMs.toFixed(1),
    };
    return {
      level: isLate ? SEVERITIES.warn : SEVERITIES.ok,
      name: `${NAME}: simulation`,
      message: isLate ? `${wholePercent(late / ticks)} of ticks began late at speed ${speed}` : `simulates ${task}`,
      hardware_id: NAME,
      values: Object.entries(values).map(([key, value]) => ({ key, value: String(value) })),
    };
  }
}
