import type { Explanation } from "./explanation.js";
import type { Observation } from "./observation.js";

/** Yields observations. A closed-loop source (the simulation) receives each explanation before it yields the next. */
export interface Source {
  /** URDF of the robot, where the source knows it. */
  readonly robotDescription?: string | undefined;
  observations(): AsyncIterable<Observation>;
  /** Called with the torque as soon as it is known, before the explanation starts; for a source that commands it. */
  command?(torque: Float32Array, observation: Observation): void;
  /** Called with the explanation of the last observation, before the next one is requested. */
  accept?(explanation: Explanation): void;
  /** Ends the observations, also while the pipeline waits for the next one; safe to call twice. */
  close?(): Promise<void>;
}

/**
 * Writes explanations to a file, a socket or a screen. `write` may return at once; it must not keep a queue.
 * Explanations never change after `write`, so a sink may keep the newest one.
 */
export interface Sink {
  write(explanation: Explanation): void | Promise<void>;
  /** Finishes files and sockets; safe to call twice. */
  close(): Promise<void>;
}

export interface ExplainOptions {
  /** Called with τ, [J], before the explanation starts. */
  readonly onTorque?: ((torque: Float32Array) => void) | undefined;
}

/** Explains observations: an `Explainer`, a `RealTimeExplainer` or an `ExplainerPool`. */
export interface AnyExplainer {
  explain(observation: Observation, options?: ExplainOptions): Promise<Explanation>;
}

/**
 * Explains each observation of the source and writes the explanation to every sink, in order.
 * Ends when the source ends or `signal` aborts; an explanation in progress still goes to the sinks. Always closes source
 * and sinks.
 * @param failed called for an observation that cannot be explained, which is skipped; without it the run ends
 * @throws the first error, of the loop or of a `close`, after everything is closed
 */
export async function run(
  source: Source,
  explainer: AnyExplainer,
  sinks: readonly Sink[],
  signal?: AbortSignal,
  failed?: (error: Error) => void,
): Promise<void> {
  const errors: unknown[] = [];
  let sourceClosed: Promise<unknown> | undefined;
  const closeSource = () => {
    sourceClosed ??= (async () => source.close?.())().catch((error) => errors.push(error));
    return sourceClosed;
  };
  // Ends a source that is waiting for its next observation.
  signal?.addEventListener("abort", closeSource);
  try {
    if (!signal?.aborted) await forward(source, skippingFailures(explainer, failed), sinks, signal);
  } catch (error) {
    errors.push(error);
  }
  signal?.removeEventListener("abort", closeSource);
  const closed = await Promise.allSettled([closeSource(), ...sinks.map(async (sink) => sink.close())]);
  for (const result of closed) if (result.status === "rejected") errors.push(result.reason);
  if (errors.length > 0) throw errors[0];
}

/** Undefined for an observation that cannot be explained. */
type Explain = (...args: Parameters<AnyExplainer["explain"]>) => Promise<Explanation | undefined>;

function skippingFailures(explainer: AnyExplainer, failed: ((error: Error) => void) | undefined): Explain {
  if (!failed) return (observation, options) => explainer.explain(observation, options);
  return (observation, options) =>
    explainer.explain(observation, options).catch((error: Error) => {
      failed(error);
      return undefined;
    });
}

async function forward(
  source: Source,
  explain: Explain,
  sinks: readonly Sink[],
  signal: AbortSignal | undefined,
): Promise<void> {
  for await (const observation of source.observations()) {
    if (signal?.aborted) return;
    const onTorque = source.command && ((torque: Float32Array) => source.command?.(torque, observation));
    const explanation = await explain(observation, { onTorque });
    if (!explanation) continue;
    source.accept?.(explanation);
    for (const sink of sinks) await sink.write(explanation);
    if (signal?.aborted) return;
  }
}
