/**
 * Types of the part of MuJoCo's WASM module that is used, written by hand: the package's own types do not compile with
 * `skipLibCheck: false`, and these are part of ours.
 */

/** An object in the module's memory. */
export interface Held {
  delete(): void;
}

/** Numbers in the module's memory. A view is valid until the memory grows. */
export interface DoubleBuffer extends Held {
  GetView(): Float64Array;
}

/** A list of structures. A structure is undefined beyond its end. */
interface HeldList<Item> extends Held {
  size(): number;
  get(index: number): (Item & Held) | undefined;
}

/** mjModel; its arrays are read by `Views`. */
export interface RawModel extends Held {
  readonly na: number;
  readonly nbody: number;
  readonly neq: number;
  readonly ngeom: number;
  readonly njnt: number;
  readonly nq: number;
  readonly nu: number;
  readonly nv: number;
  readonly opt: { readonly timestep: number; disableflags: number };
  actuator(index: number): { readonly ctrllimited: unknown } & Held;
  eq(index: number): { readonly active0: unknown } & Held;
  jnt(index: number): { readonly limited: unknown } & Held;
}

/** mjData; its arrays are read by `Views`. */
export interface RawData extends Held {
  readonly ncon: number;
  readonly contact: HeldList<{ readonly geom: Int32Array; readonly efc_address: number }>;
  readonly warning: HeldList<{ readonly number: number; readonly lastinfo: number }>;
}

type Numbered<Name extends string> = { readonly [name in Name]: { readonly value: number } };

/** The module. Functions and numbers have MuJoCo's names. */
export interface Mujoco {
  readonly DoubleBuffer: new (length: number) => DoubleBuffer;
  readonly MjData: new (model: RawModel) => RawData;
  readonly MjModel: { from_xml_path(path: string): RawModel; from_xml_string(xml: string): RawModel };
  readonly mjtDisableBit: Numbered<"mjDSBL_CONTACT">;
  readonly mjtObj: Numbered<
    "mjOBJ_BODY" | "mjOBJ_JOINT" | "mjOBJ_GEOM" | "mjOBJ_SITE" | "mjOBJ_CAMERA" | "mjOBJ_ACTUATOR"
  >;
  readonly mjtState: Numbered<"mjSTATE_INTEGRATION">;
  readonly mjtWarning: Numbered<"mjWARN_BADQPOS" | "mjWARN_BADQVEL" | "mjWARN_BADQACC" | "mjWARN_BADCTRL">;
  mj_camlight(model: RawModel, data: RawData): void;
  mj_comPos(model: RawModel, data: RawData): void;
  mj_copyState(model: RawModel, from: RawData, to: RawData, parts: number): void;
  mj_forward(model: RawModel, data: RawData): void;
  mj_fullM(model: RawModel, data: RawData, into: DoubleBuffer): void;
  mj_jacBody(model: RawModel, data: RawData, into: DoubleBuffer, rotation: null, body: number): void;
  mj_jacSite(model: RawModel, data: RawData, into: DoubleBuffer, rotation: null, site: number): void;
  mj_kinematics(model: RawModel, data: RawData): void;
  mj_name2id(model: RawModel, kind: number, name: string): number;
  mj_resetData(model: RawModel, data: RawData): void;
  mj_setConst(model: RawModel, data: RawData): void;
  mj_step(model: RawModel, data: RawData): void;
  mjd_transitionFD(
    model: RawModel,
    data: RawData,
    step: number,
    centred: boolean,
    a: DoubleBuffer,
    b: DoubleBuffer,
    c: null,
    d: null,
  ): void;
}
