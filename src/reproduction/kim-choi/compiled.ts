import { feedsOf } from "../../explain/feeds.js";
import type { Observation } from "../../explain/observation.js";
import { weightFeeds, weightsIn } from "../../explain/weight-feeds.js";
import type { Policy } from "../../policy/policy.js";
import { compile } from "../../relevance/compile.js";
import type { Depth } from "../../relevance/contract/depth.js";
import type { Subject } from "../../relevance/contract/subject.js";
import { Session, type TensorData } from "../../runtime/session.js";

/** Runs one compiled model on single observations, for outputs that `Explainer` does not return. */
export class Compiled {
  private constructor(
    private readonly policy: Policy,
    private readonly session: Session,
  ) {}

  /** @param subject the policy's, possibly with other parameters */
  static async create(policy: Policy, subject: Subject, method: string, depth: Depth): Promise<Compiled> {
    const { bytes } = compile(subject, { method, depth });
    return new Compiled(policy, await Session.create(bytes, { threads: 1, spinning: false }));
  }

  async run(observation: Observation): Promise<Record<string, TensorData>> {
    const { importance } = observation;
    const feeds = feedsOf(this.policy, observation);
    return this.session.run({
      ...feeds,
      ...weightFeeds(this.policy, weightsIn(importance, this.policy.outputs)),
    });
  }

  async close(): Promise<void> {
    await this.session.release();
  }
}
