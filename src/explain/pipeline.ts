import type { Explanation } from "./explanation.js";
import type { Observation } from "./observation.js";

/** Yields observations. A closed-loop source (the simulation) is told the explanation before it yields the next. */
export interface Source {
  /** URDF of the robot, where the source knows it. */
  readonly robotDescription?: string;
  observations(): AsyncIterable<Observation>;
  /** Called with the torque as soon as it is known, before the explanation is begun: for a source that commands it. */
  command?(torque: Float32Array, observation: Observation): void;
  /** Called with the explanation of the last yielded observation, before the next one is asked for. */
  accept?(explanation: Explanation): void;
  /** Ends the observations, also while the next one is waited for; safe to call twice. */
  close?(): Promise<void>;
}

/**
 * Takes explanations to a file, a socket or a screen. `write` may return at once; it must not keep a queue.
 * A sink may read the newest explanation until the next one comes and after: what was handed on is not changed.
 */
export interface Sink {
  write(explanation: Explanation): void | Promise<void>;
  /** Finishes files and sockets; safe to call twice. */
  close(): Promise<void>;
}

export interface ExplainOptions {
  /** Called with τ, [J], before the explanation is begun. */
  readonly onTorque?: ((torque: Float32Array) => void) | undefined;
}

export interface Explaining {
  explain(observation: Observation, options?: ExplainOptions): Promise<Explanation>;
}

/**
 * The one way through: each observation of the source is explained and handed to every sink, in order.
 * Ends when the source ends or `signal` aborts; an explanation under way is still handed to the sinks. Sinks and source
 * are closed in every case.
 * @param failed told of an observation that cannot be explained, which is then left out; without it that ends the run
 * @throws the first error there was, of the loop or of a `close`; the others are closed all the same
 */
export async function run(
  source: Source,
  explainer: Explaining,
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
  // A source that waits for the next observation is not left waiting.
  signal?.addEventListener("abort", closeSource);
  try {
    if (!signal?.aborted) await forward(source, forgiving(explainer, failed), sinks, signal);
  } catch (error) {
    errors.push(error);
  }
  signal?.removeEventListener("abort", closeSource);
  const closed = await Promise.allSettled([closeSource(), ...sinks.map(async (sink) => sink.close())]);
  for (const result of closed) if (result.status === "rejected") errors.push(result.reason);
  if (errors.length > 0) throw errors[0];
}

type Forgiving = (...args: Parameters<Explaining["explain"]>) => Promise<Explanation | undefined>;

function forgiving(explainer: Explaining, failed: ((error: Error) => void) | undefined): Forgiving {
  if (!failed) return (observation, options) => explainer.explain(observation, options);
  return (observation, options) =>
    explainer.explain(observation, options).catch((error: Error) => {
      failed(error);
      return undefined;
    });
}

async function forward(
  source: Source,
  explain: Forgiving,
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
