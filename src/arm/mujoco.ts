import { readFile } from "node:fs/promises";
import load, { type MainModule, type MjData, type MjModel } from "@mujoco/mujoco";
import { InputError } from "../errors.js";
import { Views } from "./views.js";

let loading: Promise<MainModule> | undefined;

/** The MuJoCo WASM module, loaded once a process. */
export function loadMujoco(): Promise<MainModule> {
  loading ??= load();
  return loading;
}

/** Object kinds that are looked up by name. */
export type ObjectKind = "body" | "joint" | "geom" | "site" | "camera" | "actuator";

const OBJECT_KINDS = {
  body: "mjOBJ_BODY",
  joint: "mjOBJ_JOINT",
  geom: "mjOBJ_GEOM",
  site: "mjOBJ_SITE",
  camera: "mjOBJ_CAMERA",
  actuator: "mjOBJ_ACTUATOR",
} as const;

/** Arrays of a compiled model, named and laid out as in mjModel. */
interface ModelArrays {
  readonly actuator_ctrlrange: Float64Array;
  readonly actuator_ctrllimited: Uint8Array;
  readonly actuator_trnid: Int32Array;
  readonly actuator_trntype: Int32Array;
  readonly actuator_gear: Float64Array;
  readonly body_parentid: Int32Array;
  readonly body_mass: Float64Array;
  readonly body_ipos: Float64Array;
  readonly body_inertia: Float64Array;
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
  readonly jnt_bodyid: Int32Array;
  readonly jnt_dofadr: Int32Array;
  readonly jnt_limited: Uint8Array;
  readonly jnt_margin: Float64Array;
  readonly jnt_qposadr: Int32Array;
  readonly jnt_range: Float64Array;
  readonly jnt_type: Int32Array;
  readonly mat_rgba: Float32Array;
  readonly mesh_face: Int32Array;
  readonly mesh_faceadr: Int32Array;
  readonly mesh_facenum: Int32Array;
  readonly mesh_vert: Float32Array;
  readonly mesh_vertadr: Int32Array;
  readonly site_bodyid: Int32Array;
}

/** Arrays of a simulation state, named and laid out as in mjData. */
interface DataArrays {
  readonly cam_xmat: Float64Array;
  readonly cam_xpos: Float64Array;
  readonly ctrl: Float64Array;
  readonly geom_xmat: Float64Array;
  readonly geom_xpos: Float64Array;
  readonly mocap_pos: Float64Array;
  readonly mocap_quat: Float64Array;
  readonly qacc_warmstart: Float64Array;
  readonly qfrc_applied: Float64Array;
  readonly qpos: Float64Array;
  readonly qvel: Float64Array;
  readonly site_xmat: Float64Array;
  readonly site_xpos: Float64Array;
  readonly xpos: Float64Array;
  readonly xquat: Float64Array;
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
    readonly mj: MainModule,
    readonly raw: MjModel,
    readonly source: string,
  ) {
    this.arrays = new Views<ModelArrays>(raw);
    this.nq = raw.nq;
    this.nv = raw.nv;
    this.nu = raw.nu;
    this.njnt = raw.njnt;
    this.ngeom = raw.ngeom;
    this.nbody = raw.nbody;
    const option = raw.opt;
    this.timestep = option.timestep;
    option.delete();
  }

  /** Index of a named object. Throws InputError where the model has none of that name. */
  id(kind: ObjectKind, name: string): number {
    const id = this.mj.mj_name2id(this.raw, this.mj.mjtObj[OBJECT_KINDS[kind]].value, name);
    if (id < 0) throw new InputError(`${this.source}: no ${kind} named "${name}"`);
    return id;
  }

  /** Name of an object; empty where it has none. */
  nameOf(kind: ObjectKind, id: number): string {
    return this.mj.mj_id2name(this.raw, this.mj.mjtObj[OBJECT_KINDS[kind]].value, id) ?? "";
  }

  delete(): void {
    this.raw.delete();
  }
}

/** A simulation state of one model. Free it with `delete`. */
export class Data {
  readonly arrays: Views<DataArrays>;
  readonly raw: MjData;

  constructor(readonly model: Model) {
    this.raw = new model.mj.MjData(model.raw);
    this.arrays = new Views<DataArrays>(this.raw);
  }

  /** Advances the physics by `steps` time steps. */
  step(steps = 1): void {
    const { mj, raw } = this.model;
    for (let step = 0; step < steps; step++) mj.mj_step(raw, this.raw);
  }

  /** Updates everything that follows from positions, velocities and controls, without advancing time. */
  forward(): void {
    this.model.mj.mj_forward(this.model.raw, this.raw);
  }

  /** Updates poses (bodies, geoms, sites, cameras) from positions alone. */
  kinematics(): void {
    const { mj, raw } = this.model;
    mj.mj_kinematics(raw, this.raw);
    mj.mj_comPos(raw, this.raw);
    mj.mj_camlight(raw, this.raw);
  }

  delete(): void {
    this.raw.delete();
  }
}

/** Compiles an MJCF or URDF text. `source` names it in messages. */
export async function modelFromXml(xml: string, source: string): Promise<Model> {
  const mj = await loadMujoco();
  try {
    return new Model(mj, mj.MjModel.from_xml_string(xml), source);
  } catch (error) {
    throw new InputError(`${source}: MuJoCo cannot compile it: ${oneLine(error)}`);
  }
}

/** Reads and compiles an MJCF or URDF file that refers to no other files. */
export async function modelFromFile(path: string): Promise<Model> {
  let xml: string;
  try {
    xml = await readFile(path, "utf8");
  } catch (error) {
    throw new InputError(`${path}: cannot read the model: ${oneLine(error)}`);
  }
  return modelFromXml(xml, path);
}

function oneLine(error: unknown): string {
  const text = error instanceof Error ? error.message : String(error);
  return text.replace(/\s*\n\s*/g, " ").trim();
}
