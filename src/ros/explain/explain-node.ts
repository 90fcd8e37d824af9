import { stat } from "node:fs/promises";
import { InputError } from "../../errors.js";
import { SEVERITIES } from "../../health/finding.js";
import { encoderOf } from "../../messages/cdr.js";
import { QOS } from "../../messages/qos.js";
import { toDiagnostics } from "../../messages/robot.js";
import type { DiagnosticStatusMessage } from "../../messages/types.js";
import { guarded } from "../client/guard.js";
import type { Lifecycle, Managed, Step } from "../lifecycle/lifecycle.js";
import { serveLifecycle } from "../lifecycle/lifecycle-server.js";
import { serveParameters } from "../parameters/parameter-server.js";
import { applyChanges } from "./effects.js";
import { ExplainSession } from "./explain-session.js";
import type { PatternFacts } from "./parts.js";
import { setters } from "./setters.js";

const DIAGNOSTICS = "diagnostic_msgs/msg/DiagnosticArray";
/** Period of diagnostics, milliseconds: as diagnostic_updater. */
const PERIOD = 1000;

/** Identifies a version of a file. */
type Version = string;

/** The managed node that explains a policy on a running arm. */
export class ExplainNode implements Managed {
  readonly #lifecycle: Lifecycle;
  readonly #closing: (() => void)[] = [];
  #session: ExplainSession | undefined;
  #version: Version | undefined;
  readonly #ending = new AbortController();
  /** Why the last transition was refused. */
  #refusal: string | undefined;

  constructor(private readonly around: PatternFacts) {
    const { ros, parameters, clock } = around;
    clock.simulate(parameters.get("use_sim_time"));
    parameters.apply = (changes) => applyChanges(changes, around, this.#session);
    const server = serveParameters(ros, parameters);
    const { lifecycle, close } = serveLifecycle(ros, this);
    this.#lifecycle = lifecycle;
    const services = setters(parameters).map(({ name, type, set }) =>
      ros.service(type, `~/${name}`, ({ data }) => set(data)),
    );
    const diagnostics = this.#diagnose();
    this.#closing.push(
      diagnostics,
      () => clock.simulate(false),
      ...services.map((service) => () => service.close()),
      close,
      server.close,
    );
  }

  /** Configures and activates the node if `autostart` is true. Logs a refusal; the node then waits for ros2 lifecycle. */
  async start(): Promise<void> {
    if (!this.around.parameters.get("autostart")) return;
    const isConfigured = await this.#lifecycle.change("configure");
    if (isConfigured && !this.#ending.signal.aborted) await this.#lifecycle.change("activate");
  }

  async configure(): Promise<void> {
    const { parameters, ros } = this.around;
    this.#refusal = undefined;
    const path = parameters.get("policy");
    if (path === "") throw new InputError("parameter policy: expected the path of an ONNX policy (-p policy:=FILE)");
    this.#version = await versionOf(path);
    const session = await ExplainSession.open(this.around, this.#ending.signal);
    this.#session = session;
    parameters.phase = "configured";
    const { policy, explainer } = session.parts;
    for (const line of explainer.warnings) ros.log("warn", line);
    if (explainer.fallback !== undefined) ros.log("warn", explainer.fallback);
    const name = `${policy.card.name} (${path})`;
    ros.log("info", `explaining ${name} with ${explainer.method.spec}, deadline ${explainer.deadlineMs.toFixed(1)} ms`);
  }

  activate(): void {
    const { ros, qos } = this.around;
    this.#session!.activate();
    for (const name of qos.unused) ros.log("warn", `${name}: this node has no such topic`);
  }

  async deactivate(): Promise<void> {
    await this.#session?.deactivate();
  }

  async cleanup(): Promise<void> {
    const session = this.#session;
    this.#session = undefined;
    this.around.parameters.phase = "unconfigured";
    if (session) this.around.parameters.report([["joints", []]]);
    await session?.close();
  }

  async shutdown(): Promise<void> {
    await this.cleanup();
  }

  refused(step: Step, error: Error): void {
    if (this.#ending.signal.aborted) return;
    this.#refusal = `${step}: ${error.message}`;
    this.around.ros.log("error", `cannot ${this.#refusal}`);
    this.around.ros.log("debug", error.stack ?? "");
  }

  async recover(step: Step, error: Error): Promise<void> {
    this.refused(step, error);
    await this.cleanup();
  }

  /** Closes everything after the current transition: native threads must not be torn down while they work. */
  async close(): Promise<void> {
    this.#ending.abort();
    await this.#lifecycle.settled();
    for (const close of this.#closing.splice(0)) close();
    await this.cleanup();
  }

  /** Reports once a second. @returns a function that stops it */
  #diagnose(): () => void {
    const { ros, clock, qos } = this.around;
    const publisher = ros.publisher(DIAGNOSTICS, "/diagnostics", qos.of("/diagnostics", "publisher", QOS.reliable));
    const encode = encoderOf(DIAGNOSTICS);
    const tick = async () => {
      await this.#look();
      // Also without subscribers: a report covers the time since the one before.
      const report = toDiagnostics(clock.now(), this.#report());
      if (publisher.subscribers > 0) publisher.publish(encode(report));
      this.#session?.report(report);
    };
    const timer = setInterval(
      guarded("/diagnostics", tick, (where, error) => ros.log("error", `${where}: ${error.message}`)),
      PERIOD,
    );
    return () => {
      clearInterval(timer);
      publisher.close();
    };
  }

  #report(): DiagnosticStatusMessage[] {
    const { ros } = this.around;
    const { state } = this.#lifecycle;
    const own: DiagnosticStatusMessage = {
      level: this.#refusal === undefined ? SEVERITIES.ok : SEVERITIES.error,
      name: `${ros.fullName}: state`,
      message: this.#refusal === undefined ? state : `${state}: cannot ${this.#refusal}`,
      hardware_id: ros.fullName,
      values: [
        { key: "State", value: state },
        { key: "Policy", value: this.#session?.parts.policy.card.name ?? "" },
      ],
    };
    const session = this.#session;
    return session ? [own, ...session.parts.monitor.report(session.facts())] : [own];
  }

  /** Checks that topics match and that the policy file is unchanged. */
  async #look(): Promise<void> {
    this.#session?.check();
    const policy = this.#session?.parts.policy;
    if (!policy) return;
    const version = await versionOf(policy.path);
    if (version === this.#version) return;
    const again =
      "the loaded policy stays in use; load the new one with ros2 lifecycle set NODE cleanup, then configure";
    this.around.warnings.problem(policy.path, `the file changed after it was loaded (${again})`);
  }
}

async function versionOf(path: string): Promise<Version> {
  try {
    const { mtimeMs, size, ino } = await stat(path);
    return `${ino} ${size} ${mtimeMs}`;
  } catch {
    return "gone";
  }
}
