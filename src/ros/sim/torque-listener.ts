import { setTimeout as sleep } from "node:timers/promises";
import { QOS } from "../../messages/qos.js";
import type { RosNode, Subscription } from "../client/ros.js";

/** Silence is an error beyond this many control periods, as for the node that commands. */
const PATIENCE = 2;

export interface TorqueListenerOptions {
  readonly joints: readonly string[];
  /** Longest wait for a torque, milliseconds: a control period. */
  readonly periodMs: number;
  /** A clock, milliseconds. */
  readonly now: () => number;
}

/** Torques commanded over a topic, std_msgs/Float64MultiArray in the order of the joints, as effort controllers take. */
export class TorqueListener {
  readonly #subscription: Subscription;
  #torque: Float64Array;
  #heardMs: number | undefined;
  #arrived: (() => void) | undefined;
  #isSilent = true;

  constructor(
    private readonly ros: RosNode,
    topic: string,
    private readonly options: TorqueListenerOptions,
  ) {
    this.#torque = new Float64Array(options.joints.length);
    this.#subscription = ros.subscribe("std_msgs/msg/Float64MultiArray", topic, QOS.reliable, ({ data }) => {
      this.#take(data as ArrayLike<number>);
    });
  }

  /**
   * The torque to hold for the next step, N·m: the next one that comes within a control period, the answer to what was
   * just published; else the last one; zeros after more than two control periods of silence.
   */
  async next(signal: AbortSignal): Promise<Float64Array> {
    const { joints, periodMs, now } = this.options;
    await this.#wait(periodMs, signal);
    const isSilent = this.#heardMs === undefined || now() - this.#heardMs > PATIENCE * periodMs;
    if (isSilent && !this.#isSilent) this.ros.log("warn", `${this.#subscription.topic}: silent, the torques are zero`);
    this.#isSilent = isSilent;
    return isSilent ? new Float64Array(joints.length) : this.#torque;
  }

  close(): void {
    this.#subscription.close();
  }

  #take(data: ArrayLike<number>): void {
    const { joints, now } = this.options;
    const torque = Float64Array.from(data);
    if (torque.length !== joints.length || !torque.every(Number.isFinite)) {
      const names = joints.join(", ");
      this.ros.log("warn", `${this.#subscription.topic}: found [${torque.join(", ")}], expected a torque of ${names}`);
      return;
    }
    this.#torque = torque;
    this.#heardMs = now();
    this.#arrived?.();
  }

  async #wait(ms: number, signal: AbortSignal): Promise<void> {
    const waiting = new AbortController();
    const done = () => waiting.abort();
    this.#arrived = done;
    signal.addEventListener("abort", done);
    await sleep(ms, undefined, { signal: waiting.signal }).catch(() => undefined);
    signal.removeEventListener("abort", done);
    this.#arrived = undefined;
  }
}
