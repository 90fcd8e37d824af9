import { QOS } from "../../messages/qos.js";
import type { ActionSpace } from "../../sim/worlds/world.js";
import type { Fields, RosNode, Subscription } from "../client/ros.js";

/** Topic and type of each kind of actions. */
const TOPICS = {
  discrete: ["action", "std_msgs/msg/String"],
  continuous: ["command", "std_msgs/msg/Float64MultiArray"],
} as const;

/** Actions of a world from a topic: the name of one, or its numbers in the world's order. */
export class ActionListener {
  readonly #subscription: Subscription;
  #take: ((values: Float64Array) => void) | undefined;

  constructor(
    private readonly ros: RosNode,
    private readonly actions: ActionSpace,
  ) {
    const [topic, type] = TOPICS[actions.kind];
    this.#subscription = ros.subscribe(type, topic, QOS.reliable, (message) => this.#hear(message));
  }

  /** Values of the actions for the next step; the world waits for them until `signal` aborts. */
  next(signal: AbortSignal): Promise<Float64Array> {
    return new Promise((resolve) => {
      const done = (values: Float64Array) => {
        signal.removeEventListener("abort", stop);
        this.#take = undefined;
        resolve(values);
      };
      const stop = () => done(new Float64Array(this.actions.names.length));
      signal.addEventListener("abort", stop);
      this.#take = done;
      if (signal.aborted) stop();
    });
  }

  close(): void {
    this.#subscription.close();
  }

  #hear({ data }: Fields): void {
    const { kind, names } = this.actions;
    const values = kind === "discrete" ? oneHot(names, data as string) : numbers(names, data as ArrayLike<number>);
    if (values) {
      this.#take?.(values);
      return;
    }
    const found = kind === "discrete" ? JSON.stringify(data) : `[${Array.from(data as ArrayLike<number>).join(", ")}]`;
    const expected = kind === "discrete" ? `one of ${names.join(", ")}` : `a number for each of ${names.join(", ")}`;
    this.ros.log("warn", `${this.#subscription.topic}: found ${found}, expected ${expected}`);
  }
}

const oneHot = (names: readonly string[], name: string): Float64Array | undefined =>
  names.includes(name) ? Float64Array.from(names, (each) => Number(each === name)) : undefined;

const numbers = ({ length }: readonly string[], data: ArrayLike<number>): Float64Array | undefined => {
  const values = Float64Array.from(data);
  return values.length === length && values.every(Number.isFinite) ? values : undefined;
};
