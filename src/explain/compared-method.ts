import type { Policy } from "../policy/policy.js";
import type { Method } from "../relevance/contract/method.js";
import { largestDifference, largestSize } from "./differences.js";
import type { Explainer } from "./explainer.js";
import type { Explanation } from "./explanation.js";
import { canContrast } from "./heatmap-subject.js";
import { hasMemory } from "./memory.js";
import { roundingOn } from "./untouched.js";

/** A second method that explains the ticks of a policy again; none until one is set. */
export class ComparedMethod {
  #explainer: Explainer | undefined;
  /** True until an episode begins: a policy with memory must see all of it. */
  #isWaiting = false;
  #isClosed = false;

  /** @param create compiles and loads the policy with a method */
  constructor(
    private readonly policy: Policy,
    private readonly create: (method: Method) => Promise<Explainer>,
  ) {}

  /** Undefined where there is none. */
  get method(): Method | undefined {
    return this.#explainer?.method;
  }

  /**
   * Changes the method, or ends the comparison (undefined). The old method explains until the new one is ready, and stays
   * if that fails.
   * @throws InputError for a method that cannot explain this policy
   */
  async set(method: Method | undefined): Promise<void> {
    if (method && this.#explainer) return this.#explainer.setMethod(method);
    if (!method) return this.#end();
    const explainer = await this.create(method);
    if (this.#isClosed) return explainer.close();
    this.#explainer = explainer;
    this.#isWaiting = hasMemory(this.policy);
  }

  /**
   * Explains an explained tick with the second method, at the same level and for the same joint; undefined where there is
   * none. Flags torques that differ by more than rounding.
   * @throws as `Explainer.explain`
   */
  async explain({
    observation,
    level,
    heatmapOf,
    contrast,
    against,
    torque,
  }: Explanation): Promise<Explanation | undefined> {
    const explainer = this.#explainer;
    if (!explainer) return undefined;
    if (observation.first) this.#isWaiting = false;
    if (this.#isWaiting) return undefined;
    // A method that cannot contrast shows the torque alone.
    const subject = canContrast(this.policy, explainer.method)
      ? { heatmapOf, contrast, against }
      : { heatmapOf: heatmapOf ?? contrast };
    const second = await explainer.explain(observation, { level, ...subject });
    const limit = roundingOn(explainer.device) * Math.max(largestSize(torque), largestSize(second.torque));
    if (largestDifference(torque, second.torque) <= limit) return second;
    return { ...second, flags: [...second.flags, "torque_differs"] };
  }

  /** Waits for the explanation in progress and frees the models. Safe to call twice. */
  async close(): Promise<void> {
    this.#isClosed = true;
    await this.#end();
  }

  async #end(): Promise<void> {
    const explainer = this.#explainer;
    this.#explainer = undefined;
    await explainer?.close();
  }
}
