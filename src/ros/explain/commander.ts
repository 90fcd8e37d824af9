import { type Command, TorqueCommand, torqueLimits } from "../../explain/torque-command.js";
import { encoderOf } from "../../messages/cdr.js";
import { QOS } from "../../messages/qos.js";
import { toTorqueCommand } from "../../messages/torque-command.js";
import type { Card } from "../../policy/card-schema.js";
import { guarded } from "../client/guard.js";
import type { Publisher, RosNode } from "../client/ros.js";
import type { QosOverrides } from "../parameters/qos-overrides.js";

const TYPE = "std_msgs/msg/Float64MultiArray";
const NAME = "~/torque_command";

export interface CommanderOptions {
  readonly card: Card;
  readonly qos: QosOverrides;
  /** The node's clock, nanoseconds; simulated time stands still while the simulation does. */
  readonly now: () => bigint;
  /** Called for a torque that is not finite or exceeds its limit. */
  readonly problem: (topic: string, reason: string) => void;
}

/** Publishes the policy's torques within their limits, and zeros while the policy is silent. */
export class Commander {
  readonly #publisher: Publisher;
  readonly #encode = encoderOf(TYPE);
  readonly #timer: NodeJS.Timeout;
  #command: TorqueCommand;

  constructor(
    private readonly ros: RosNode,
    private readonly options: CommanderOptions,
  ) {
    const { card, qos } = options;
    this.#command = this.#within(new Map());
    this.#publisher = ros.publisher(TYPE, NAME, qos.of(ros.resolveTopic(NAME), "publisher", QOS.reliable));
    const watch = guarded(
      NAME,
      () => this.#watch(),
      (where, error) => ros.log("error", `${where}: ${error.message}`),
    );
    this.#timer = setInterval(watch, 1000 * card.control_period);
  }

  /** Publishes the policy's torques, clipped to the limits. */
  send(torque: ArrayLike<number>): Command {
    const command = this.#command.command(torque);
    this.#publish(command.torque);
    const { topic } = this.#publisher;
    if (command.problem !== undefined) this.options.problem(topic, `${command.problem}; sent zeros`);
    if (command.clipped.length > 0)
      this.options.problem(topic, `clipped to the limits of ${command.clipped.join(", ")}`);
    return command;
  }

  /** Applies the robot's effort limits in addition to the card's, N·m by joint. */
  limit(efforts: ReadonlyMap<string, number>): void {
    const before = this.#command;
    this.#command = this.#within(efforts);
    // The new command keeps watching for silence.
    const zeros = before.stop();
    if (zeros) this.#command.command(zeros);
  }

  /** Publishes zeros and closes the topic. */
  close(): void {
    clearInterval(this.#timer);
    const zeros = this.#command.stop();
    if (zeros) this.#publish(zeros);
    this.#publisher.close();
  }

  #within(efforts: ReadonlyMap<string, number>): TorqueCommand {
    const { card, now } = this.options;
    return new TorqueCommand({
      joints: card.joints,
      limits: torqueLimits(card, efforts),
      controlPeriod: card.control_period,
      now: () => Number(now() / 1000n) / 1000,
    });
  }

  #watch(): void {
    const silence = this.#command.watch();
    if (!silence) return;
    this.#publish(silence.torque);
    if (!silence.isNew) return;
    const { topic } = this.#publisher;
    this.ros.log("error", `${topic}: the policy has been silent for ${silence.forMs.toFixed(0)} ms, sending zeros`);
  }

  #publish(torque: Float64Array): void {
    this.#publisher.publish(this.#encode(toTorqueCommand(this.options.card.joints, torque)));
  }
}
