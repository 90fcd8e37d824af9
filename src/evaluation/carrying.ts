import { DTYPES } from "../graph/dtype.js";
import { sizeOf } from "../graph/shape.js";
import { own, put } from "../own.js";
import type { Policy } from "../policy/policy.js";
import type { TensorData } from "../runtime/session.js";

type Feeds = Record<string, TensorData>;

/** What a policy of a world gets beside the picture: its last action and reward, and the state that it carries. */
export class Carrying {
  #feeds: Feeds = {};

  constructor(private readonly policy: Pick<Policy, "graph" | "card" | "modalities">) {
    this.begin();
  }

  /** True where the policy's action depends on the picture alone. */
  get isEmpty(): boolean {
    return Object.keys(this.#feeds).length === 0;
  }

  /** Feeds of the next step, by input tensor. */
  get feeds(): Readonly<Feeds> {
    return this.#feeds;
  }

  /** Starts an episode: zeros. */
  begin(): void {
    this.#feeds = {};
    for (const modality of this.policy.modalities) {
      const { dtype, shape } = this.policy.graph.inputs.get(modality.input)!;
      if (modality.kind !== "values") continue;
      put(this.#feeds, modality.input, {
        dtype,
        shape,
        data: new DTYPES[dtype].array(sizeOf(shape)) as TensorData["data"],
      });
    }
  }

  /** Takes what a step gave: the policy's outputs, its action as numbers, one a name, and the reward. */
  after(outputs: Readonly<Record<string, TensorData>>, action: ArrayLike<number>, reward: number): void {
    const told: Readonly<Record<string, ArrayLike<number>>> = { previous_action: action, previous_reward: [reward] };
    for (const modality of this.policy.modalities) {
      if (modality.kind !== "values" || modality.isCarried) continue;
      const given = own(told, modality.name);
      if (given !== undefined) (own(this.#feeds, modality.input)!.data as Float32Array).set(given, modality.start);
    }
    for (const [input, output] of Object.entries(this.policy.card.state))
      put(this.#feeds, input, own(outputs, output)!);
  }
}
