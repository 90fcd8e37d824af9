import type { Explanation } from "../explain/explanation.js";
import type { AnyExplainer } from "../explain/pipeline.js";
import type { ExplanationNumbers } from "../messages/explanation-numbers.js";
import type { BagRecord } from "./bag.js";
import type { BagSource } from "./bag-source.js";
import type { ExplainedBag } from "./explained-bag.js";
import { explained, type KnownTick, type Unfinished } from "./unfinished.js";

export interface ReplayOptions {
  readonly source: BagSource;
  /** Accepts several observations at a time and starts them in order. */
  readonly explainer: AnyExplainer;
  /** Number of explanations at a time; default 1. One more waits. */
  readonly jobs?: number;
  readonly output: ExplainedBag;
  /** Explanations of an earlier run, which are not made again. */
  readonly unfinished?: Unfinished | undefined;
  /** Stops the replay between two messages. */
  readonly signal?: AbortSignal;
  /** Called with each explanation as it was written, in order. The replay waits for it. */
  readonly wrote?: ((explanation: ExplanationNumbers) => void | Promise<void>) | undefined;
  /** Called for an observation that cannot be explained; it is left out. */
  readonly failed: (error: Error) => void;
  /**
   * Called after each event with the log time up to which the recording is explained, nanoseconds, and with true up to
   * the last explanation of the earlier run.
   */
  readonly progress?: (logTime: bigint, known: boolean) => void;
}

/** A step of writing, in order. */
type Step =
  | { readonly record: BagRecord }
  | { readonly known: KnownTick; readonly facts: Readonly<Record<string, string>> }
  | { readonly explanation: Promise<Explanation | undefined>; readonly logTime: bigint };

/** Largest number of copied bytes that wait for an explanation before them. */
const MOST_BYTES = 64 << 20;

/**
 * Explains a recording: while some observations are explained, the next one is read and decoded. Writes results in the
 * order of the recording. The output does not depend on `jobs`; memory does not grow with the recording. The caller
 * closes source, explainer and output.
 */
export async function replay(options: ReplayOptions): Promise<void> {
  const { source, explainer, jobs = 1, output, unfinished, signal, wrote, failed, progress } = options;
  const steps: Step[] = [];
  let [bytes, underWay] = [0, 0];
  let isKnown = unfinished !== undefined;
  const writeFirst = async () => {
    const step = steps.shift()!;
    if ("record" in step) {
      bytes -= step.record.data.length;
      await output.copy(step.record);
      progress?.(step.record.logTime, isKnown);
      return;
    }
    if ("known" in step) {
      const { logTime, messages } = step.known;
      await output.repeat(messages, logTime, step.facts);
      await wrote?.(explained(step.known));
      isKnown = true;
      progress?.(logTime, isKnown);
      return;
    }
    const explanation = await step.explanation;
    underWay--;
    if (explanation) {
      const written = await output.explain(explanation, step.logTime);
      await wrote?.(written);
    }
    isKnown = false;
    progress?.(step.logTime, isKnown);
  };
  try {
    for await (const event of source.events()) {
      if (signal?.aborted) return;
      if (event.kind === "record") {
        steps.push({ record: event.record });
        bytes += event.record.data.length;
      } else {
        while (underWay > jobs) await writeFirst();
        const known = await unfinished?.take(event.logTime, event.observation.stamp);
        if (unfinished && known) {
          source.accept(explained(known));
          steps.push({ known, facts: unfinished.facts });
        } else {
          const explanation = explainer.explain(event.observation);
          source.explaining(explanation);
          const settled = explanation.catch((error: Error) => void failed(error));
          steps.push({ explanation: settled, logTime: event.logTime });
          underWay++;
        }
      }
      while (steps.length > 0 && (bytes > MOST_BYTES || !("explanation" in steps[0]!))) await writeFirst();
    }
    while (steps.length > 0) await writeFirst();
  } finally {
    await Promise.all(steps.map((step) => ("explanation" in step ? step.explanation : undefined)));
  }
}
