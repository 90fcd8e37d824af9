import { Arm } from "../arm/arm.js";
import { type Importance, ImportanceFactor, importanceWithoutArm, type Moving, movingOf } from "../arm/importance.js";
import { type JointSpeeds, speedsIn } from "../arm/joint-speeds.js";
import type { Model } from "../arm/model.js";
import { modelFromFile, modelFromXml } from "../arm/mujoco.js";
import type { OtherStates } from "../arm/other-joints.js";
import { InputError } from "../errors.js";
import type { Policy } from "../policy/policy.js";
import type { TipState } from "./values.js";

/** A policy's arm, from its card's file or from a robot description: importance factor α and kinematics. */
export class ArmModel {
  readonly #arm: Arm;
  readonly #factor: ImportanceFactor;
  readonly #outputs: readonly Moving[];

  private constructor(
    private readonly model: Model,
    policy: Policy,
  ) {
    const { site, link } = policy.card.arm ?? {};
    const tip = site !== undefined ? { site } : link !== undefined ? { body: link } : undefined;
    if (tip === undefined) throw new InputError(`${policy.cardSource}: arm: found neither site nor link`);
    this.#arm = new Arm(model, policy.card.joints, tip);
    this.#outputs = movingOf(policy.outputs);
    this.#factor = new ImportanceFactor(this.#arm, policy.card.control_period, this.#outputs);
  }

  /** @throws InputError for a file that cannot be read or compiled, or lacks a joint or the end effector */
  static async fromFile(policy: Policy, path: string): Promise<ArmModel> {
    return ArmModel.#of(await modelFromFile(path), policy);
  }

  /** @throws InputError for a description that cannot be compiled, or lacks a joint or the end effector */
  static async fromDescription(policy: Policy, urdf: string): Promise<ArmModel> {
    return ArmModel.#of(await modelFromXml(urdf, "robot_description"), policy);
  }

  static #of(model: Model, policy: Policy): ArmModel {
    try {
      return new ArmModel(model, policy);
    } catch (error) {
      model.delete();
      throw error;
    }
  }

  get speeds(): JointSpeeds {
    return this.model.speeds;
  }

  /** Joints that the policy does not command and that follow none: all, and those that carry the end effector. */
  get others(): { readonly names: readonly string[]; readonly carrying: readonly string[] } {
    return this.#arm.others;
  }

  /** Parts of the description that are left out, and why α is unknown: one line each. */
  get remarks(): readonly string[] {
    const { problems, unknownInertia } = this.model;
    return [...problems, ...unknownInertia.map((why) => `${why}; importance is unknown`)];
  }

  /** The end effector by forward kinematics, in the model's world; joints in the card's order. */
  tip(position: ArrayLike<number>, velocity: ArrayLike<number>, others?: OtherStates): TipState {
    const data = this.#arm.place(position, velocity, others);
    return { position: this.#arm.tipPosition(data), velocity: this.#arm.tipVelocity(data) };
  }

  /**
   * α of each output; 1 and flagged unknown in a pose that the model cannot simulate.
   * @param torque the outputs commanded last, see `ImportanceFactor.of`
   */
  importance(
    position: ArrayLike<number>,
    velocity: ArrayLike<number>,
    torque?: ArrayLike<number>,
    others?: OtherStates,
  ): Importance {
    try {
      const found = this.#factor.at(position, velocity, torque, others);
      if (found.importance.every(Number.isFinite)) return found;
    } catch (error) {
      if (!(error instanceof InputError)) throw error;
    }
    return importanceWithoutArm(this.#outputs);
  }

  delete(): void {
    this.#factor.delete();
    this.#arm.delete();
    this.model.delete();
  }
}

/** The arm's model: loaded at once where the card names a file, else from the robot description when it arrives. */
export class KnownArm {
  #model: ArmModel | undefined;
  #speeds: JointSpeeds = new Map();
  #latest = 0;

  constructor(private readonly policy: Policy) {}

  get model(): ArmModel | undefined {
    return this.#model;
  }

  /** How fast joints can move, by name, as far as a description says. */
  get speeds(): JointSpeeds {
    return this.#speeds;
  }

  /** Reads the card's file, where it names one. Returns its `remarks`. @throws InputError as `ArmModel.fromFile` */
  async load(): Promise<readonly string[]> {
    const { armFile } = this.policy;
    if (armFile !== undefined) this.#model = await ArmModel.fromFile(this.policy, armFile);
    this.#speeds = this.#model?.speeds ?? this.#speeds;
    return this.#model?.remarks ?? [];
  }

  /**
   * Loads the arm from a URDF where the card names no file. Returns its `remarks`, or the fault of one that cannot be used;
   * the arm before it stays then.
   */
  async describe(urdf: string): Promise<{ readonly fault?: string; readonly remarks: readonly string[] }> {
    const { card, armFile } = this.policy;
    this.#speeds = speedsIn(urdf) ?? this.#speeds;
    if (card.arm === undefined || armFile !== undefined) return { remarks: [] };
    const order = ++this.#latest;
    try {
      const model = await ArmModel.fromDescription(this.policy, urdf);
      if (order < this.#latest) model.delete();
      else this.#replace(model);
      return { remarks: model.remarks };
    } catch (error) {
      if (error instanceof InputError) return { fault: error.message, remarks: [] };
      throw error;
    }
  }

  /** Frees the arm, and one that is still loading. Safe to call twice. */
  delete(): void {
    this.#latest++;
    this.#replace(undefined);
  }

  #replace(model: ArmModel | undefined): void {
    this.#model?.delete();
    this.#model = model;
  }
}
