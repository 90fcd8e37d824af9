import { imageOf } from "../../evaluation/world-play.js";
import { subjectOf } from "../../explain/subject.js";
import { weightFeeds, weightsIn } from "../../explain/weight-feeds.js";
import { own } from "../../own.js";
import type { Policy } from "../../policy/policy.js";
import { compile } from "../../relevance/compile.js";
import { Session, type TensorData } from "../../runtime/session.js";

/** A policy compiled with a method, for maps of its image alone. */
export class Mapper {
  readonly #output: string;

  private constructor(
    private readonly policy: Policy,
    private readonly session: Session,
  ) {
    this.#output = `torquelens.heatmap.${imageOf(policy).input}`;
  }

  /** @throws InputError for a method that cannot explain the policy */
  static async create(policy: Policy, method: string): Promise<Mapper> {
    const { bytes } = compile(subjectOf(policy), { method, depth: "heatmap" });
    return new Mapper(policy, await Session.create(bytes, { threads: 1, spinning: false }));
  }

  /** Relevance of each pixel for the action that is taken, [height × width]; of numbers with α = 1 of each. */
  async map(image: TensorData): Promise<Float32Array> {
    const { policy } = this;
    const feeds = { [imageOf(policy).input]: image, ...weightFeeds(policy, weightsIn([], policy.outputs)) };
    return own(await this.session.run(feeds, [this.#output]), this.#output)!.data as Float32Array;
  }

  release(): Promise<void> {
    return this.session.release();
  }
}
