import type { Explanation } from "./explanation.js";
import type { Observation } from "./observation.js";

/** Yields observations. A closed-loop source (the simulation) is told the torque before it yields the next. */
export interface Source {
  /** URDF of the robot, where the source knows it. */
  readonly robotDescription?: string;
  observations(): AsyncIterable<Observation>;
  /** Called with the explanation of the last yielded observation, before the next one is asked for. */
  accept?(explanation: Explanation): void;
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

export interface Explaining {
  explain(observation: Observation): Promise<Explanation>;
}

/**
 * The one way through: each observation of the source is explained and handed to every sink, in order.
 * Ends when the source ends or `signal` aborts; sinks and source are closed in every case, errors included.
 */
export async function run(
  source: Source,
  explainer: Explaining,
  sinks: readonly Sink[],
  signal?: AbortSignal,
): Promise<void> {
  try {
    for await (const observation of source.observations()) {
      if (signal?.aborted) break;
      const explanation = await explainer.explain(observation);
      source.accept?.(explanation);
      for (const sink of sinks) await sink.write(explanation);
      if (signal?.aborted) break;
    }
  } finally {
    await Promise.allSettled([...sinks.map((sink) => sink.close()), source.close?.()]);
  }
}
