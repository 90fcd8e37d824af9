import type { ComparedMethod } from "../explain/compared-method.js";
import type { HeatmapSubject } from "../explain/heatmap-subject.js";
import type { RealTimeExplainer } from "../explain/real-time-explainer.js";
import type { Policy } from "../policy/policy.js";
import type { Method } from "../relevance/contract/method.js";
import type { SimulatedSource } from "../sim/source.js";

/** A simulated task with the policy that drives it. */
export interface Stage {
  readonly policy: Policy;
  readonly source: SimulatedSource;
  readonly explainer: RealTimeExplainer;
  readonly compared: ComparedMethod;
}

/** A task and policy to simulate; the rest stays as it is. */
export interface StageChoice {
  readonly task: string;
  /** Name of the task whose shipped policy drives it, or the file given at the start. */
  readonly policy: string;
  readonly method: Method;
  /** What heatmaps explain; by default all outputs, weighted. */
  readonly subject?: HeatmapSubject;
  /** Method that explains the same ticks again; undefined: none. */
  readonly compared: Method | undefined;
}
