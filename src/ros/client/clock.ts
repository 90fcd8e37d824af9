import { QOS } from "../../messages/qos.js";
import type { Time } from "../../messages/types.js";
import { stampOf } from "../../sensing/stamp.js";
import type { RosNode, Subscription } from "./ros.js";

/**
 * The node's time: the machine's, or with `use_sim_time` that of `/clock`. The client library's own clock subscribes
 * reliably, and so would silently stand still with the best-effort `/clock` of `ros2 bag play`.
 */
export class RosClock {
  #subscription: Subscription | undefined;
  #simulated: bigint | undefined;

  constructor(private readonly ros: RosNode) {}

  get isSimulated(): boolean {
    return this.#subscription !== undefined;
  }

  /** Nanoseconds; with simulated time, 0 until the first message on `/clock`. */
  now(): bigint {
    return this.isSimulated ? (this.#simulated ?? 0n) : this.ros.systemTime();
  }

  /** Time that passes by the clock, seconds: simulated time, else the machine's, which does not jump here. */
  get seconds(): number {
    return this.isSimulated ? Number(this.now()) / 1e9 : performance.now() / 1000;
  }

  /** Follows `/clock`, or the machine's clock. */
  simulate(on: boolean): void {
    if (on === this.isSimulated) return;
    this.#subscription?.close();
    this.#subscription = undefined;
    this.#simulated = undefined;
    if (!on) return;
    this.#subscription = this.ros.subscribe("rosgraph_msgs/msg/Clock", "/clock", QOS.clock, ({ clock }) => {
      this.#simulated = stampOf(clock as Time);
    });
  }
}
