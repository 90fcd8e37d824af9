import { Explainer } from "../explain/explainer.js";
import { run, type Sink } from "../explain/pipeline.js";
import type { Policy } from "../policy/policy.js";
import type { SimulatedSource } from "../sim/source.js";

/** Runs a policy in closed loop without explaining it; every control step goes to `sink`. Closes source and sink. */
export async function drive(policy: Policy, source: SimulatedSource, sink: Sink, signal?: AbortSignal): Promise<void> {
  const explainer = await Explainer.create(policy, { levels: ["skip"], worker: false });
  try {
    await run(source, explainer, [sink], signal);
  } finally {
    await explainer.close();
  }
}
