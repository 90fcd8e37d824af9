import type { JointSpeeds } from "../arm/joint-speeds.js";
import { InputError } from "../errors.js";
import type { JointStateMessage, TfMessage } from "../messages/types.js";
import type { Policy } from "../policy/policy.js";
import type { Tally } from "./counters.js";
import type { Given, GivenValues } from "./given-values.js";
import { JointBuffer, type JointReading, type OtherJointNames } from "./joint-buffer.js";
import { nanoseconds } from "./stamp.js";
import { HORIZON, type Refusal, type StampGate } from "./stamp-gate.js";
import type { Reading, SyncPolicy } from "./timeline.js";
import { INSTRUCTION, JOINT_STATES, valuesTopic } from "./topics.js";
import { TransformBuffer } from "./transform-buffer.js";
import { hasQuantity, jointsOf, type TipState } from "./values.js";

/** The robot's state at a stamp. */
export interface RobotState {
  readonly joints: JointReading;
  /** State of the end effector where it comes from tf. */
  readonly tip: TipState | undefined;
  /** Values that no sensor gives. */
  readonly given: Given;
  /** What the robot is told to do. */
  readonly instruction: string | undefined;
}

/** The robot's state at any recent stamp: joints and, where the card uses tf, frames. */
export class StateBuffer {
  readonly #joints: JointBuffer;
  readonly #transforms = new TransformBuffer(HORIZON);
  readonly #tip: { readonly link: string; readonly base: string; readonly period: bigint } | undefined;
  readonly #needsArm: boolean;
  readonly #listens: boolean;

  /** @throws InputError where the policy needs a velocity, which tf does not have, and the card forbids differentiating */
  constructor(
    policy: Policy,
    private readonly given: GivenValues,
    tally: Tally,
  ) {
    const { arm, missing_velocity, control_period } = policy.card;
    const wantsTip = hasQuantity(policy, "end_effector_position", "end_effector_velocity");
    const wantsTipVelocity = hasQuantity(policy, "end_effector_velocity");
    if (arm?.tf !== undefined && wantsTip) {
      if (wantsTipVelocity && missing_velocity === "refuse") {
        const expected = 'expected "missing_velocity: differentiate", or no tf: it has no velocities';
        throw new InputError(`${policy.cardSource}: arm.tf: found ${JSON.stringify(arm.tf)}, ${expected}`);
      }
      this.#tip = { link: arm.link!, base: arm.tf, period: nanoseconds(control_period) };
    }
    this.#listens = policy.language !== undefined;
    this.#needsArm = arm !== undefined && arm.tf === undefined;
    this.#joints = new JointBuffer(jointsOf(policy), {
      missingVelocity: missing_velocity,
      needsVelocity: hasQuantity(policy, "joint_velocity") || (wantsTipVelocity && arm?.tf === undefined),
      controlPeriod: nanoseconds(control_period),
      horizon: HORIZON,
      mixed: (reason) => tally.mixed(JOINT_STATES, reason),
    });
  }

  /** Takes what is known of the arm: how fast joints can move, and which it has that nobody commands. */
  know(speeds: JointSpeeds, others: OtherJointNames): void {
    this.#joints.speeds = speeds;
    this.#joints.follow(others);
  }

  addJoints(message: JointStateMessage, stamp: bigint, publisher?: string): readonly Refusal[] {
    return this.#joints.add(message, stamp, publisher);
  }

  addTransforms(message: TfMessage, isStatic: boolean, gate: StampGate): readonly Refusal[] {
    if (!this.#tip) return [];
    return this.#transforms.add(message, isStatic, (stamp) => gate.refusal(stamp, "state"));
  }

  at(stamp: bigint, policy: SyncPolicy, slop: bigint, hasArm: boolean): Reading<RobotState> {
    if (this.#needsArm && !hasArm) return { kind: "wait", reason: "no robot_description yet" };
    const { missing, current, instruction } = this.given;
    if (this.#listens && instruction === undefined) return { kind: "wait", reason: `no ${INSTRUCTION} yet` };
    if (missing !== undefined) return { kind: "wait", reason: `no ${valuesTopic(missing)} yet` };
    const joints = this.#joints.at(stamp, policy, slop);
    if (joints.kind === "miss") return joints;
    const tip = this.#tip && this.#tipAt(stamp, policy, slop);
    if (tip && tip.kind !== "found") return tip;
    if (joints.kind === "wait") return joints;
    return { kind: "found", value: { joints: joints.value, tip: tip?.value, given: current, instruction } };
  }

  clear(): void {
    this.#joints.clear();
    this.#transforms.clear();
  }

  /** Pose by tf, and the mean velocity over the last control period. */
  #tipAt(stamp: bigint, policy: SyncPolicy, slop: bigint): Reading<TipState> {
    const { link, base, period } = this.#tip!;
    const now = this.#transforms.at(link, base, stamp, policy, slop);
    if (now.kind !== "found") return now;
    const earlier = this.#transforms.at(link, base, stamp - period, policy === "exact" ? "interpolate" : policy, slop);
    if (earlier.kind !== "found") return { kind: "miss", reason: `${earlier.reason}, one control period earlier` };
    const { translation: position } = now.value;
    const velocity = position.map((x, i) => (x - earlier.value.translation[i]!) / (Number(period) / 1e9));
    return { kind: "found", value: { position, velocity } };
  }
}
