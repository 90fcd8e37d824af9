import { setTimeout as sleep } from "node:timers/promises";
import { QOS } from "../../messages/qos.js";
import type { RosNode, Subscription } from "../client/ros.js";

/** Control periods after which silence means zero torques, as in the node that commands. */
const PATIENCE = 2;

export interface TorqueListenerOptions {
  readonly joints: readonly string[];
  /** Longest wait for a torque, milliseconds: a control period. */
  readonly periodMs: number;
  /** A clock, milliseconds. */
  readonly now: () => number;
}

/** Torques from a topic: std_msgs/Float64MultiArray in the order of the joints, as for effort controllers. */
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
   * The torque of the next step, N·m: the next one that arrives within a control period, else the last one; zeros after
   * more than two control periods of silence.
   */
  async next(signal: AbortSignal): Promise<Float64Array> {
    const { joints, periodMs, now } = this.options;
    await this.#wait(periodMs, signal);
    const isSilent = this.#heardMs === undefined || now() - this.#heardMs > PATIENCE * periodMs;
    if (isSilent && !this.#isSilent) this.ros.log("warn", `${this.#subscription.topic}: no torques, using zeros`);
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
