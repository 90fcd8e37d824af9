import { InputError } from "../errors.js";
import { LIMITS } from "../limits.js";
import { kindNamed, type OutputKind } from "../outputs/kinds.js";
import type { Arm } from "./arm.js";
import { Data } from "./data.js";
import { cholesky, choleskySolve, multiply, transpose } from "./matrix.js";
import type { DoubleBuffer } from "./mujoco-types.js";
import type { OtherStates } from "./other-joints.js";

export type ImportanceFlag = "in_contact" | "at_limit" | "importance_unknown";

/** Importance factor α of each torque, or output of another kind, [J], Σα = J, and how it was found; empty for actions. */
export interface Importance {
  readonly importance: Float64Array;
  readonly flags: readonly ImportanceFlag[];
}

/**
 * How α is computed: analytically where the arm moves freely and by rollouts in contact or at a limit (`auto`), or always
 * in one of these ways.
 */
export type ImportanceForm = "auto" | "analytic" | "rollout";

/** α where the dynamics are not known: 1 for every joint (Kim & Choi §III-A). */
export function unknownImportance(joints: number): Importance {
  return { importance: new Float64Array(joints).fill(1), flags: ["importance_unknown"] };
}

/** What one output moves, as far as α depends on it: `name` is a joint's, unless `effect` is `one` or `chosen`. */
export interface Moving {
  readonly name: string;
  readonly effect: OutputKind["importance"];
}

/** What outputs of these kinds move. */
export const movingOf = (outputs: readonly { readonly name: string; readonly kind: string }[]): Moving[] =>
  outputs.map(({ name, kind }) => ({ name, effect: kindNamed(kind).importance }));

const movesJoint = ({ effect }: Moving): boolean => effect !== "one" && effect !== "chosen";

/** α of outputs whose arm is not known: 1 for each, flagged where one of them moves a joint; empty for actions. */
export function importanceWithoutArm(outputs: readonly Moving[]): Importance {
  // The policy itself says which one counts.
  if (outputs.some(({ effect }) => effect === "chosen")) return { importance: new Float64Array(0), flags: [] };
  const unknown = unknownImportance(outputs.length);
  return outputs.some(movesJoint) ? unknown : { ...unknown, flags: [] };
}

/** Distance, rad or m, within which a joint counts as at its limit. */
const LIMIT_MARGIN = 1e-3;
/** Probe torque of a rollout as a part of the joint's effort limit; 1 N·m without a limit. */
const PROBE = 0.1;
/** Degrees of freedom, whose inertia matrix is solved at every tick. */
const MOST_FREEDOMS = 1000;

/**
 * The importance factor α of Kim & Choi §III-A: how far one unit of each torque moves the tip in one control step; of a
 * commanded joint position ‖J_v e_j‖, of a joint velocity over a control period h ‖J_v e_j‖ (methods.md §0.11). Outputs
 * that move joints share Σα = their number among themselves; every other output has α = 1.
 *
 * Without constraints: the damped analytic form ‖J_v q_j‖, where q_j is the displacement that a unit torque on joint j
 * causes, integrated by (M + hD) v' = M v + h e_j, q' = q + h v' over the physics steps of one control step. In contact or
 * at a limit: the distance between the tips after a rollout with a probe torque on joint j and after one without torque,
 * divided by the probe torque. The paper's literal Δp/τ is not used: it divides the drift that all joints share by small
 * torques.
 */
export class ImportanceFactor {
  readonly #arm: Arm;
  readonly #steps: number;
  // The state in question, and a copy for rollouts.
  readonly #data: Data;
  readonly #trial: Data;
  readonly #inertia: DoubleBuffer;
  readonly #outputs: readonly Moving[];
  /** Index of each output's joint in the arm's; −1 where it moves none. */
  readonly #joints: readonly number[];
  readonly #seesTorque: boolean;

  /**
   * @param controlPeriod time that a torque is held, seconds
   * @param outputs by default a torque for each joint of the arm
   * @throws InputError for more steps of the physics in it, or degrees of freedom, than the limit
   */
  constructor(
    arm: Arm,
    private readonly controlPeriod: number,
    outputs: readonly Moving[] = arm.joints.map((name) => ({ name, effect: "torque" })),
  ) {
    const { model } = arm;
    this.#arm = arm;
    this.#outputs = outputs;
    this.#joints = outputs.map(({ name, effect }) => (movesJoint({ name, effect }) ? arm.joints.indexOf(name) : -1));
    this.#seesTorque = outputs.some(({ effect }) => effect === "torque");
    if (model.nv > MOST_FREEDOMS)
      throw new InputError(`${model.source}: ${model.nv} degrees of freedom; the limit is ${MOST_FREEDOMS}`);
    this.#steps = Math.max(1, Math.round(controlPeriod / model.timestep));
    if (!(this.#steps <= LIMITS.steps)) {
      const steps = `a control period of ${controlPeriod} s is ${this.#steps} steps of ${model.timestep} s`;
      throw new InputError(`${model.source}: ${steps}; the limit is ${LIMITS.steps}`);
    }
    this.#data = new Data(model);
    this.#trial = new Data(model);
    this.#inertia = new model.mj.DoubleBuffer(model.nv * model.nv);
  }

  /** α of an arm whose joint positions (rad or m) and velocities are known. See `of`, and `Arm.place` for `others`. */
  at(
    position: ArrayLike<number>,
    velocity: ArrayLike<number>,
    torque?: ArrayLike<number>,
    others?: OtherStates,
  ): Importance {
    return this.of(this.#arm.place(position, velocity, others), torque);
  }

  /**
   * α in a simulated state, which is not changed. In a rollout `torque` (the one commanded now or last, N·m) gives the
   * direction in which each joint is probed; without it α is the mean over both directions.
   */
  of(data: Data, torque?: ArrayLike<number>, form: ImportanceForm = "auto"): Importance {
    const { model } = this.#arm;
    const outputs = this.#outputs;
    if (!outputs.some(movesJoint)) return importanceWithoutArm(outputs);
    if (this.#seesTorque && model.unknownInertia.length > 0) return importanceWithoutArm(outputs);
    this.#data.copyFrom(data);
    if (!this.#seesTorque) {
      this.#data.kinematics();
      return this.#shared(this.#kinematic(), []);
    }
    this.#data.forward();
    const flags: ImportanceFlag[] = [];
    if (this.#arm.inContact(this.#data)) flags.push("in_contact");
    if (this.#atLimit()) flags.push("at_limit");
    const isAnalytic = form === "auto" ? flags.length === 0 : form === "analytic";
    const torques = this.#ofJoints(torque);
    const byTorque = isAnalytic ? this.#analytic() : this.#rollout(torques);
    const others = this.#kinematic();
    return this.#shared(
      others.map((moved, i) => (outputs[i]!.effect === "torque" ? byTorque[this.#joints[i]!]! : moved)),
      flags,
    );
  }

  /** Displacements of the tip by outputs, m a unit, as α. */
  #shared(effects: Float64Array, flags: readonly ImportanceFlag[]): Importance {
    const moving = this.#outputs.map(movesJoint);
    const count = moving.filter(Boolean).length;
    const sum = effects.reduce((total, value, i) => (moving[i] ? total + value : total), 0);
    if (!(sum > 0)) return { ...importanceWithoutArm(this.#outputs), flags: [...flags, "importance_unknown"] };
    return { importance: effects.map((value, i) => (moving[i] ? (value * count) / sum : 1)), flags };
  }

  /** The torques of the arm's joints, 0 where an output commands no torque, from those of the outputs. */
  #ofJoints(torque: ArrayLike<number> | undefined): ArrayLike<number> | undefined {
    if (torque === undefined) return undefined;
    const torques = new Float64Array(this.#arm.joints.length);
    this.#outputs.forEach(({ effect }, i) => {
      if (effect === "torque") torques[this.#joints[i]!] = torque[i] ?? 0;
    });
    return torques;
  }

  /** Tip displacement by one unit of each output that commands a position or velocity, m, in the state that was copied. */
  #kinematic(): Float64Array {
    const { couplings, dofs, model } = this.#arm;
    const all = this.#arm.tipJacobian(this.#data);
    // The joints that follow one move with it.
    const jacobian = couplings.isEmpty ? all : multiply(all, couplings.velocities(this.#data), 3, model.nv, model.nv);
    return Float64Array.from(this.#outputs, ({ effect }, i) => {
      if (effect !== "position" && effect !== "velocity") return 0;
      const dof = dofs[this.#joints[i]!]!;
      const moved = Math.hypot(...[0, 1, 2].map((row) => jacobian[row * model.nv + dof]!));
      return effect === "velocity" ? moved * this.controlPeriod : moved;
    });
  }

  /** Tip displacement by torque, m/(N·m), [J], by the analytic form, which ignores contacts and limits. */
  analytic(data: Data): Float64Array {
    this.#data.copyFrom(data);
    this.#data.forward();
    return this.#analytic();
  }

  /** Tip displacement by torque, m/(N·m), [J], by rollouts with and without a probe torque. */
  rollout(data: Data, torque?: ArrayLike<number>): Float64Array {
    this.#data.copyFrom(data);
    return this.#rollout(torque);
  }

  delete(): void {
    this.#inertia.delete();
    this.#trial.delete();
    this.#data.delete();
  }

  #atLimit(): boolean {
    const [qpos, qvel] = [this.#data.arrays.get("qpos"), this.#data.arrays.get("qvel")];
    const ahead = this.#steps * this.#arm.model.timestep;
    return this.#arm.limits.some(({ lower, upper }, j) => {
      const now = qpos[this.#arm.positions[j]!]!;
      // Also where the joint reaches its limit within the control step.
      const then = now + qvel[this.#arm.dofs[j]!]! * ahead;
      return Math.min(now, then) < lower + LIMIT_MARGIN || Math.max(now, then) > upper - LIMIT_MARGIN;
    });
  }

  #analytic(): Float64Array {
    const { model, dofs } = this.#arm;
    const { mj, raw, nv, timestep } = model;
    mj.mj_fullM(raw, this.#data.raw, this.#inertia);
    const damping = model.arrays.get("dof_damping");
    const full = this.#inertia.GetView().slice();
    const fullDamped = full.slice();
    for (let i = 0; i < nv; i++) fullDamped[i * nv + i]! += timestep * damping[i]!;
    // Without the joints that follow others, whose inertia and damping their leaders move.
    const { couplings } = this.#arm;
    const free = couplings.isEmpty ? undefined : couplings.velocities(this.#data);
    const [inertia, damped] = free ? [reduced(full, free, nv), reduced(fullDamped, free, nv)] : [full, fullDamped];
    const factor = cholesky(damped, nv);
    if (factor === undefined)
      throw new InputError(`${model.source}: the inertia matrix is not positive definite; expected masses above 0`);
    const all = this.#arm.tipJacobian(this.#data);
    const jacobian = free ? multiply(all, free, 3, nv, nv) : all;
    return Float64Array.from(dofs, (dof) => {
      let velocity = new Float64Array(nv) as Float64Array;
      const moved = new Float64Array(nv);
      for (let step = 0; step < this.#steps; step++) {
        const impulse = new Float64Array(nv);
        for (let i = 0; i < nv; i++) {
          for (let k = 0; k < nv; k++) impulse[i]! += inertia[i * nv + k]! * velocity[k]!;
        }
        impulse[dof]! += timestep;
        velocity = choleskySolve(factor, impulse, nv, 1);
        for (let i = 0; i < nv; i++) moved[i]! += timestep * velocity[i]!;
      }
      const tip = [0, 1, 2].map((row) => {
        let sum = 0;
        for (let k = 0; k < nv; k++) sum += jacobian[row * nv + k]! * moved[k]!;
        return sum;
      });
      return Math.hypot(...tip);
    });
  }

  #rollout(torque?: ArrayLike<number>): Float64Array {
    const still = this.#tipAfter(-1, 0);
    return Float64Array.from(this.#arm.dofs, (dof, j) => {
      const { effort } = this.#arm.limits[j]!;
      const probe = Number.isFinite(effort) && effort > 0 ? PROBE * effort : 1;
      const known = Math.sign(torque?.[j] ?? 0);
      const directions = known === 0 ? [1, -1] : [known];
      const distances = directions.map((sign) => {
        const tip = this.#tipAfter(dof, sign * probe);
        return Math.hypot(tip[0]! - still[0]!, tip[1]! - still[1]!, tip[2]! - still[2]!);
      });
      return distances.reduce((sum, value) => sum + value, 0) / (distances.length * probe);
    });
  }

  /** Position of the tip one control step later under this torque alone, without actuators. */
  #tipAfter(dof: number, torque: number): Float64Array {
    const trial = this.#trial;
    trial.copyFrom(this.#data);
    trial.arrays.get("ctrl").fill(0);
    if (dof >= 0) trial.arrays.get("qfrc_applied")[dof]! += torque;
    trial.step(this.#steps);
    trial.kinematics();
    return this.#arm.tipPosition(trial);
  }
}

/** Pᵀ A P for A[n, n] and P[n, n]; 1 on the diagonal where P has a column of zeros. */
function reduced(a: Float64Array, p: Float64Array, n: number): Float64Array {
  const inner = multiply(transpose(p, n, n), multiply(a, p, n, n, n), n, n, n);
  for (let i = 0; i < n; i++) if (p[i * n + i] === 0) inner[i * n + i] = 1;
  return inner;
}
