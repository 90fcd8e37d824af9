import { InputError } from "../errors.js";
import type { JointStateMessage, TfMessage } from "../messages/types.js";
import type { Policy } from "../policy/policy.js";
import type { Given, GivenValues } from "./given-values.js";
import { JointBuffer, type JointReading } from "./joint-buffer.js";
import { nanoseconds } from "./stamp.js";
import { HORIZON, type Refusal, type StampGate } from "./stamp-gate.js";
import type { Reading, SyncPolicy } from "./timeline.js";
import { valuesTopic } from "./topics.js";
import { TransformBuffer } from "./transform-buffer.js";
import { hasQuantity, jointsOf, type TipState } from "./values.js";

/** What is known of the robot at a stamp. */
export interface RobotState {
  readonly joints: JointReading;
  /** The end effector's state where it comes from tf. */
  readonly tip: TipState | undefined;
  /** What no sensor gives. */
  readonly given: Given;
}

/** Joints and, where the card wants them, frames: the robot's state at any recent stamp. */
export class StateBuffer {
  readonly #joints: JointBuffer;
  readonly #transforms = new TransformBuffer(HORIZON);
  readonly #tip: { readonly link: string; readonly base: string; readonly period: bigint } | undefined;
  readonly #needsArm: boolean;

  /** @throws InputError where the card wants a velocity from tf, which has none, and forbids to differentiate */
  constructor(
    policy: Policy,
    private readonly given: GivenValues,
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
    this.#needsArm = arm !== undefined && arm.tf === undefined;
    this.#joints = new JointBuffer(jointsOf(policy), {
      missingVelocity: missing_velocity,
      needsVelocity: hasQuantity(policy, "joint_velocity") || (wantsTipVelocity && arm?.tf === undefined),
      horizon: HORIZON,
    });
  }

  addJoints(message: JointStateMessage, stamp: bigint): readonly Refusal[] {
    return this.#joints.add(message, stamp);
  }

  addTransforms(message: TfMessage, isStatic: boolean, gate: StampGate): readonly Refusal[] {
    if (!this.#tip) return [];
    return this.#transforms.add(message, isStatic, (stamp) => gate.refusal(stamp, "state"));
  }

  at(stamp: bigint, policy: SyncPolicy, slop: bigint, hasArm: boolean): Reading<RobotState> {
    if (this.#needsArm && !hasArm) return { kind: "wait", reason: "robot_description: none yet" };
    const { missing, current } = this.given;
    if (missing !== undefined) return { kind: "wait", reason: `${valuesTopic(missing)}: none yet` };
    const joints = this.#joints.at(stamp, policy, slop);
    if (joints.kind === "miss") return joints;
    const tip = this.#tip && this.#tipAt(stamp, policy, slop);
    if (tip && tip.kind !== "found") return tip;
    if (joints.kind === "wait") return joints;
    return { kind: "found", value: { joints: joints.value, tip: tip?.value, given: current } };
  }

  clear(): void {
    this.#joints.clear();
    this.#transforms.clear();
  }

  /** Pose by tf, and the mean velocity over the control period before. */
  #tipAt(stamp: bigint, policy: SyncPolicy, slop: bigint): Reading<TipState> {
    const { link, base, period } = this.#tip!;
    const now = this.#transforms.at(link, base, stamp, policy, slop);
    if (now.kind !== "found") return now;
    const earlier = this.#transforms.at(link, base, stamp - period, policy === "exact" ? "interpolate" : policy, slop);
    if (earlier.kind !== "found") return { kind: "miss", reason: `${earlier.reason}, one control period before` };
    const { translation: position } = now.value;
    const velocity = position.map((x, i) => (x - earlier.value.translation[i]!) / (Number(period) / 1e9));
    return { kind: "found", value: { position, velocity } };
  }
}
