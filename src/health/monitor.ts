import type { Reference } from "../detectors/reference.js";
import { seenOf } from "../detectors/seen-of.js";
import { type Alarm, Watch } from "../detectors/watch.js";
import type { Explanation } from "../explain/explanation.js";
import type { DiagnosticStatusMessage } from "../messages/types.js";
import { CHECKS } from "./checks.js";
import type { Facts } from "./facts.js";
import { type Finding, SEVERITIES } from "./finding.js";
import { PolicyHealth } from "./policy-health.js";
import type { Profile } from "./profile.js";
import type { Tick } from "./snapshot.js";
import { type Thresholds, thresholdsOf } from "./thresholds.js";
import { Window } from "./window.js";

export interface MonitorOptions {
  /** Fully qualified name of the node, the prefix of statuses: `NAME: rate`. */
  readonly name: string;
  /** Unique on `/diagnostics`. */
  readonly hardwareId: string;
  /** A clock that never goes back, milliseconds. */
  readonly now: () => number;
  readonly thresholds?: Partial<Thresholds>;
  /** Profile to compare the shares with (`torquelens profile`). */
  readonly profile?: Profile;
  /** What is usual in good runs: with it, detectors that compare with them watch too. */
  readonly reference?: Reference | undefined;
}

/** Window of a report, milliseconds. */
const LENGTH = 5000;

/** Monitors a run and reports its state for `/diagnostics`, by the conventions of diagnostic_updater. */
export class Monitor {
  readonly #options: MonitorOptions;
  readonly #ticks = new Window<Tick>(LENGTH);
  readonly #failures = new Window<string>(LENGTH);
  readonly #facts = new Window<{ readonly facts: Facts; readonly total: number }>(LENGTH);
  #thresholds: Thresholds;
  #policy: PolicyHealth;
  readonly #faults = new Window<readonly Alarm[]>(LENGTH);
  #watch: Watch;
  #total = 0;
  #begun: number;

  /** @throws InputError for an unknown threshold or one out of range */
  constructor(options: MonitorOptions) {
    this.#options = options;
    this.#thresholds = thresholdsOf(options.thresholds);
    this.#policy = new PolicyHealth(options.profile);
    this.#watch = new Watch(options.reference, true);
    this.#begun = options.now();
  }

  /** Changes thresholds; those left out stay. @throws InputError as the constructor; nothing changes then */
  setThresholds(changes: Partial<Thresholds>): void {
    this.#thresholds = thresholdsOf({ ...this.#thresholds, ...changes });
  }

  /** Compares with another profile from now on, or with none. */
  setProfile(profile: Profile | undefined): void {
    this.#policy = new PolicyHealth(profile);
  }

  /** @param ageMs image stamp → explanation published, milliseconds, where that is known */
  explained(explanation: Explanation, ageMs = Number.NaN): void {
    const at = this.#options.now();
    const { latencyMs, level, conservationResidual, flags, method, outputs } = explanation;
    this.#ticks.add(at, { latencyMs, level, conservationResidual, flags, method, outputs, ageMs });
    this.#policy.add(explanation, at);
    this.#faults.add(at, this.#watch.add(seenOf(explanation)));
    this.#total++;
  }

  /** Counts an observation that could not be explained. @param reason one line */
  failed(reason: string): void {
    this.#failures.add(this.#options.now(), reason);
  }

  /** Clears everything, as after a pause: earlier ticks do not count. */
  restart(): void {
    for (const window of [this.#ticks, this.#failures, this.#facts, this.#policy, this.#faults]) window.clear();
    this.#watch = new Watch(this.#options.reference, true);
    this.#begun = this.#options.now();
    this.#total = 0;
  }

  /** One status for each check. Call it once a second. */
  report(facts: Facts): DiagnosticStatusMessage[] {
    const { now } = this.#options;
    const at = now();
    if (!facts.active) {
      this.restart();
      return CHECKS.map(({ name }) => this.#status(name, { severity: "ok", message: "inactive", values: {} }));
    }
    // Where there are explanations, counts begin with the first one; they never go over a jump of the clock.
    const isFirst = this.#total > 0 && this.#facts.oldest(at)?.value.total === 0;
    const latest = this.#facts.values(at).at(-1);
    if (isFirst || (latest && facts.clock.seconds < latest.facts.clock.seconds)) this.#facts.clear();
    this.#facts.add(at, { facts, total: this.#total });
    const { at: since, value: before } = this.#facts.oldest(at)!;
    const snapshot = {
      facts,
      before: before.facts,
      explained: this.#total - before.total,
      ticks: this.#ticks.values(at),
      failures: this.#failures.values(at),
      faults: this.#faults.values(at),
      seconds: (at - Math.max(this.#begun, at - LENGTH)) / 1000,
      countedSeconds: (at - since) / 1000,
      total: this.#total,
      policy: this.#policy.find(at, this.#thresholds),
      thresholds: this.#thresholds,
    };
    return CHECKS.map(({ name, find }) => this.#status(name, find(snapshot)));
  }

  #status(name: string, { severity, message, values }: Finding): DiagnosticStatusMessage {
    const { name: node, hardwareId } = this.#options;
    return {
      level: SEVERITIES[severity],
      name: `${node}: ${name}`,
      message,
      hardware_id: hardwareId,
      values: Object.entries(values).map(([key, value]) => ({ key, value: String(value) })),
    };
  }
}
