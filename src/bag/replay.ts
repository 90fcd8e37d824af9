import type { Explanation } from "../explain/explanation.js";
import type { Explaining } from "../explain/pipeline.js";
import type { BagRecord } from "./bag.js";
import type { BagSource } from "./bag-source.js";
import type { ExplainedBag } from "./explained-bag.js";

export interface ReplayOptions {
  readonly source: BagSource;
  readonly explainer: Explaining;
  readonly output: ExplainedBag;
  /** Breaks it off between two messages. */
  readonly signal?: AbortSignal;
  /** Told of an observation that cannot be explained; it is left out. */
  readonly failed: (error: Error) => void;
  /** Told after each event up to which log time the recording is explained, nanoseconds. */
  readonly progress?: (logTime: bigint) => void;
}

/** What is still to be written, in its order. */
type Step =
  | { readonly record: BagRecord }
  | { readonly explanation: Promise<Explanation | undefined>; readonly logTime: bigint };

/** Copied bytes that wait for the explanation before them. */
const MOST_BYTES = 64 << 20;

/**
 * Explains a recording: while one observation is explained the next is read and decoded, and what is ready is written,
 * in the order of the recording. Memory does not grow with it. Source, explainer and output stay the caller's.
 */
export async function replay(options: ReplayOptions): Promise<void> {
  const { source, explainer, output, signal, failed, progress } = options;
  const steps: Step[] = [];
  let [bytes, underWay] = [0, 0];
  const writeFirst = async () => {
    const step = steps.shift()!;
    if ("record" in step) {
      bytes -= step.record.data.length;
      await output.copy(step.record);
      progress?.(step.record.logTime);
      return;
    }
    const explanation = await step.explanation;
    underWay--;
    if (explanation) await output.explain(explanation, step.logTime);
    progress?.(step.logTime);
  };
  try {
    for await (const event of source.events()) {
      if (signal?.aborted) return;
      if (event.kind === "record") {
        steps.push({ record: event.record });
        bytes += event.record.data.length;
      } else {
        while (underWay > 0) await writeFirst();
        const explanation = explainer.explain(event.observation);
        source.explaining(explanation);
        const settled = explanation.catch((error: Error) => void failed(error));
        steps.push({ explanation: settled, logTime: event.logTime });
        underWay++;
      }
      while (steps.length > 0 && (bytes > MOST_BYTES || "record" in steps[0]!)) await writeFirst();
    }
    while (steps.length > 0) await writeFirst();
  } finally {
    await Promise.all(steps.map((step) => ("explanation" in step ? step.explanation : undefined)));
  }
}
