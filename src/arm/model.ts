import { InputError } from "../errors.js";
import type { JointSpeeds } from "./joint-speeds.js";
import type { Mujoco, RawModel } from "./mujoco-types.js";
import { Views } from "./views.js";

/** Kinds of objects that have names. */
export type ObjectKind = "body" | "joint" | "geom" | "site" | "camera" | "actuator";

/** mjtObj, and the array of mjModel that says where the names begin. */
const OBJECT_KINDS = {
  body: { type: "mjOBJ_BODY", names: "name_bodyadr" },
  joint: { type: "mjOBJ_JOINT", names: "name_jntadr" },
  geom: { type: "mjOBJ_GEOM", names: "name_geomadr" },
  site: { type: "mjOBJ_SITE", names: "name_siteadr" },
  camera: { type: "mjOBJ_CAMERA", names: "name_camadr" },
  actuator: { type: "mjOBJ_ACTUATOR", names: "name_actuatoradr" },
} as const;

/** Arrays of a compiled model, named and laid out as in mjModel. This build cannot read arrays of type bool. */
interface ModelArrays {
  readonly actuator_ctrlrange: Float64Array;
  readonly actuator_trnid: Int32Array;
  readonly actuator_trntype: Int32Array;
  readonly actuator_gear: Float64Array;
  readonly body_parentid: Int32Array;
  readonly body_mass: Float64Array;
  readonly body_ipos: Float64Array;
  readonly body_iquat: Float64Array;
  readonly body_inertia: Float64Array;
  readonly body_pos: Float64Array;
  readonly body_quat: Float64Array;
  readonly body_mocapid: Int32Array;
  readonly body_rootid: Int32Array;
  readonly body_weldid: Int32Array;
  readonly cam_bodyid: Int32Array;
  readonly cam_fovy: Float64Array;
  readonly cam_projection: Int32Array;
  readonly cam_sensorsize: Float32Array;
  readonly dof_bodyid: Int32Array;
  readonly dof_damping: Float64Array;
  readonly geom_bodyid: Int32Array;
  readonly geom_dataid: Int32Array;
  readonly geom_group: Int32Array;
  readonly geom_matid: Int32Array;
  readonly geom_rbound: Float64Array;
  readonly geom_rgba: Float32Array;
  readonly geom_size: Float64Array;
  readonly geom_type: Int32Array;
  readonly jnt_actfrcrange: Float64Array;
  readonly jnt_axis: Float64Array;
  readonly jnt_bodyid: Int32Array;
  readonly jnt_dofadr: Int32Array;
  readonly jnt_margin: Float64Array;
  readonly jnt_qposadr: Int32Array;
  readonly jnt_range: Float64Array;
  readonly jnt_type: Int32Array;
  readonly mat_rgba: Float32Array;
  readonly qpos0: Float64Array;
  readonly eq_data: Float64Array;
  readonly eq_obj1id: Int32Array;
  readonly eq_obj2id: Int32Array;
  readonly eq_type: Int32Array;
  readonly mesh_face: Int32Array;
  readonly mesh_faceadr: Int32Array;
  readonly mesh_facenum: Int32Array;
  readonly mesh_vert: Float32Array;
  readonly mesh_vertadr: Int32Array;
  readonly name_actuatoradr: Int32Array;
  readonly name_bodyadr: Int32Array;
  readonly name_camadr: Int32Array;
  readonly name_geomadr: Int32Array;
  readonly name_jntadr: Int32Array;
  readonly name_siteadr: Int32Array;
  /** UTF-8, a 0 after each. */
  readonly names: Int8Array;
  readonly geom_pos: Float64Array;
  readonly geom_quat: Float64Array;
  readonly site_bodyid: Int32Array;
  readonly site_pos: Float64Array;
}

/** A compiled model. Free it with `delete`. */
export class Model {
  readonly arrays: Views<ModelArrays>;
  readonly nq: number;
  readonly nv: number;
  readonly nu: number;
  readonly njnt: number;
  readonly ngeom: number;
  readonly nbody: number;
  /** Physics step, seconds. */
  readonly timestep: number;

  constructor(
    readonly mj: Mujoco,
    readonly raw: RawModel,
    readonly source: string,
    /** Why the model's dynamics are not those of the robot, one line each; its kinematics are. */
    readonly unknownInertia: readonly string[] = [],
    /** Faults of parts of the description that are left out of the model, one line each. */
    readonly problems: readonly string[] = [],
    /** How fast its joints can move, by name; empty for an MJCF, which does not say. */
    readonly speeds: JointSpeeds = new Map(),
  ) {
    this.arrays = new Views<ModelArrays>(raw);
    this.nq = raw.nq;
    this.nv = raw.nv;
    this.nu = raw.nu;
    this.njnt = raw.njnt;
    this.ngeom = raw.ngeom;
    this.nbody = raw.nbody;
    this.timestep = raw.opt.timestep;
  }

  /** Index of a named object. @throws InputError for a name that the model does not have */
  id(kind: ObjectKind, name: string): number {
    const id = this.mj.mj_name2id(this.raw, this.mj.mjtObj[OBJECT_KINDS[kind].type].value, name);
    if (id < 0) throw new InputError(`${this.source}: no ${kind} named "${name}"`);
    return id;
  }

  /** Name of an object; empty where it has none, for which this build's `mj_id2name` returns other text. */
  nameOf(kind: ObjectKind, id: number): string {
    const names = this.arrays.get("names");
    const start = this.arrays.get(OBJECT_KINDS[kind].names)[id]!;
    return new TextDecoder().decode(Uint8Array.from(names.subarray(start, names.indexOf(0, start))));
  }

  /** Name of a body, or its number where it has none. */
  bodyText(body: number): string {
    return this.nameOf("body", body) || `${body}`;
  }

  /** True where a joint has a range. */
  isLimited(joint: number): boolean {
    return flag(this.raw.jnt(joint), "limited");
  }

  /** True where an actuator's control is limited to its `actuator_ctrlrange`. */
  isControlLimited(actuator: number): boolean {
    return flag(this.raw.actuator(actuator), "ctrllimited");
  }

  /** Equalities of a type between two joints that are active from the start, with the first five of their numbers. */
  jointEqualities(
    type: number,
    numbers: number,
  ): { follower: number; leader: number | undefined; coefficients: number[] }[] {
    const [types, first, second] = [
      this.arrays.get("eq_type"),
      this.arrays.get("eq_obj1id"),
      this.arrays.get("eq_obj2id"),
    ];
    const data = this.arrays.get("eq_data");
    return Array.from({ length: this.raw.neq }, (_, i) => i)
      .filter((i) => types[i] === type && flag(this.raw.eq(i), "active0"))
      .map((i) => ({
        follower: first[i]!,
        leader: second[i]! < 0 ? undefined : second[i]!,
        coefficients: [...data.slice(numbers * i, numbers * i + 5)],
      }));
  }

  delete(): void {
    this.raw.delete();
  }
}

function flag<Name extends string>(
  accessor: { readonly [name in Name]: unknown } & { delete(): void },
  name: Name,
): boolean {
  const value = Boolean(accessor[name]);
  accessor.delete();
  return value;
}
