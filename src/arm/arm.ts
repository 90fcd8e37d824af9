import { InputError } from "../errors.js";
import { Couplings } from "./couplings.js";
import { Data } from "./data.js";
import type { Model } from "./model.js";
import type { DoubleBuffer } from "./mujoco-types.js";
import { OtherJoints, type OtherStates } from "./other-joints.js";

/** Range of a joint (rad or m; ±∞ where it has none) and largest torque or force (N·m or N; ∞ where not given). */
export interface JointLimit {
  readonly lower: number;
  readonly upper: number;
  readonly effort: number;
}

/** The point that the arm moves: a site, or the frame of a body (a link of a URDF). */
export type Tip = { readonly site: string } | { readonly body: string };

/** mjtJoint of joints with one degree of freedom. */
const SLIDE = 2;
const HINGE = 3;
/** mjtTrn: an actuator that drives a joint. */
const ON_JOINT = 0;

/**
 * The joints of a model that a policy commands, in the policy's order, and the tip that they move.
 * The model may hold other joints and objects too.
 */
export class Arm {
  readonly limits: readonly JointLimit[];
  /** Index of each joint in qpos. */
  readonly positions: readonly number[];
  /** Index of each joint in qvel, [J]. */
  readonly dofs: readonly number[];
  /** Joints that follow others. */
  readonly couplings: Couplings;
  /** Joints that are neither commanded nor follow. */
  readonly others: OtherJoints;
  readonly #tip: { readonly id: number; readonly kind: "site" | "body" };
  readonly #jacobian: DoubleBuffer;
  readonly #data: Data;
  readonly #moved: ReadonlySet<number>;

  /** @throws InputError for a joint or tip that the model does not have, or a joint that is neither hinge nor slide */
  constructor(
    readonly model: Model,
    readonly joints: readonly string[],
    tip: Tip,
  ) {
    const ids = joints.map((name) => model.id("joint", name));
    ids.forEach((id, j) => {
      const type = model.arrays.get("jnt_type")[id]!;
      if (type !== HINGE && type !== SLIDE) {
        throw new InputError(`${model.source}: joint "${joints[j]}" is of type ${type}; expected a hinge or a slide`);
      }
    });
    this.positions = ids.map((id) => model.arrays.get("jnt_qposadr")[id]!);
    this.dofs = ids.map((id) => model.arrays.get("jnt_dofadr")[id]!);
    this.couplings = new Couplings(model, new Set(ids));
    this.limits = ids.map((id) => jointLimit(model, id));
    this.#tip =
      "site" in tip
        ? { id: model.id("site", tip.site), kind: "site" }
        : { id: model.id("body", tip.body), kind: "body" };
    const body = "site" in tip ? model.arrays.get("site_bodyid")[this.#tip.id]! : this.#tip.id;
    this.others = new OtherJoints(model, new Set(ids), this.couplings.leaders, body);
    this.#moved = movedBodies(model, new Set(ids.map((id) => model.arrays.get("jnt_bodyid")[id]!)));
    this.#jacobian = new model.mj.DoubleBuffer(3 * model.nv);
    this.#data = new Data(model);
  }

  /**
   * A state with the arm's joints at these positions (rad or m) and velocities, others where they are known, joints that
   * follow where they follow, everything else as in the model's initial state, poses up to date. The next call overwrites it.
   * @throws InputError for a position or velocity of the arm's joints that is not a finite number
   */
  place(position: ArrayLike<number>, velocity?: ArrayLike<number>, others?: OtherStates): Data {
    this.#data.reset();
    const [qpos, qvel] = [this.#data.arrays.get("qpos"), this.#data.arrays.get("qvel")];
    this.joints.forEach((name, j) => {
      qpos[this.positions[j]!] = finite(position[j], "position", name);
      qvel[this.dofs[j]!] = velocity === undefined ? 0 : finite(velocity[j], "velocity", name);
    });
    if (others) this.others.place(this.#data, others);
    this.couplings.place(this.#data);
    this.#data.kinematics();
    return this.#data;
  }

  /** Position of the tip in the world, metres, [3]. The poses of `data` must be up to date. */
  tipPosition(data: Data): Float64Array {
    const positions = data.arrays.get(this.#tip.kind === "site" ? "site_xpos" : "xpos");
    return positions.slice(3 * this.#tip.id, 3 * this.#tip.id + 3);
  }

  /** Velocity of the tip in the world, m/s, [3]. The poses of `data` must be up to date. */
  tipVelocity(data: Data): Float64Array {
    const jacobian = this.tipJacobian(data);
    const qvel = data.arrays.get("qvel");
    const { nv } = this.model;
    return Float64Array.from([0, 1, 2], (row) => {
      let sum = 0;
      for (let dof = 0; dof < nv; dof++) sum += jacobian[row * nv + dof]! * qvel[dof]!;
      return sum;
    });
  }

  /** J_v: tip velocity by velocity of every degree of freedom, [3, nv]. The next call overwrites it. */
  tipJacobian(data: Data): Float64Array {
    const { mj, raw } = this.model;
    if (this.#tip.kind === "site") mj.mj_jacSite(raw, data.raw, this.#jacobian, null, this.#tip.id);
    else mj.mj_jacBody(raw, data.raw, this.#jacobian, null, this.#tip.id);
    return this.#jacobian.GetView();
  }

  /** True where a body that the arm moves is in contact. `data` must be up to date (`forward`). */
  inContact(data: Data): boolean {
    if (data.raw.ncon === 0) return false;
    const bodies = this.model.arrays.get("geom_bodyid");
    const contacts = data.raw.contact;
    let touching = false;
    for (let index = 0; index < contacts.size(); index++) {
      const contact = contacts.get(index);
      if (contact === undefined) continue;
      const [first, second] = contact.geom;
      // Pairs that are near but outside their margin have no constraint.
      const active = contact.efc_address >= 0;
      touching ||= active && (this.#moved.has(bodies[first!]!) || this.#moved.has(bodies[second!]!));
      contact.delete();
    }
    contacts.delete();
    return touching;
  }

  delete(): void {
    this.#jacobian.delete();
    this.#data.delete();
  }
}

function finite(value: number | undefined, what: string, joint: string): number {
  if (Number.isFinite(value)) return value!;
  throw new InputError(`${what} of joint "${joint}" is ${value}; expected a finite number`);
}

function jointLimit(model: Model, joint: number): JointLimit {
  const { arrays } = model;
  const limited = model.isLimited(joint);
  const range = arrays.get("jnt_range");
  const lower = limited ? range[2 * joint]! : Number.NEGATIVE_INFINITY;
  const upper = limited ? range[2 * joint + 1]! : Number.POSITIVE_INFINITY;
  return { lower, upper, effort: effort(model, joint) };
}

/** The joint's own limit (URDF `effort`, MJCF `actuatorfrcrange`), or that of its actuator's control range. */
function effort(model: Model, joint: number): number {
  const { arrays } = model;
  const own = largest(arrays.get("jnt_actfrcrange"), joint);
  if (own > 0) return own;
  for (let actuator = 0; actuator < model.nu; actuator++) {
    const drives = arrays.get("actuator_trntype")[actuator] === ON_JOINT;
    if (!drives || arrays.get("actuator_trnid")[2 * actuator] !== joint) continue;
    if (!model.isControlLimited(actuator)) continue;
    return largest(arrays.get("actuator_ctrlrange"), actuator) * Math.abs(arrays.get("actuator_gear")[6 * actuator]!);
  }
  return Number.POSITIVE_INFINITY;
}

function largest(ranges: Float64Array, index: number): number {
  return Math.max(Math.abs(ranges[2 * index]!), Math.abs(ranges[2 * index + 1]!));
}

/** The bodies in `first` and all their descendants. Parents come before children in a model. */
function movedBodies(model: Model, first: ReadonlySet<number>): Set<number> {
  const moved = new Set<number>();
  const parents = model.arrays.get("body_parentid");
  for (let body = 1; body < model.nbody; body++) if (first.has(body) || moved.has(parents[body]!)) moved.add(body);
  return moved;
}
