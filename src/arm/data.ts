import { InputError } from "../errors.js";
import type { Model } from "./model.js";
import type { RawData } from "./mujoco-types.js";
import { Views } from "./views.js";

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
  readonly xfrc_applied: Float64Array;
  readonly xpos: Float64Array;
  readonly xquat: Float64Array;
}

const UNSTABLE = [
  ["mjWARN_BADQPOS", "position"],
  ["mjWARN_BADQVEL", "velocity"],
  ["mjWARN_BADQACC", "acceleration"],
  ["mjWARN_BADCTRL", "control"],
] as const;

/** The simulation has no finite state any more, as after a push that is too hard. */
export class UnstableError extends InputError {}

/** A simulation state of one model. Free it with `delete`. */
export class Data {
  readonly arrays: Views<DataArrays>;
  readonly raw: RawData;
  // Part of `raw` and freed with it.
  readonly #warnings: RawData["warning"];

  constructor(readonly model: Model) {
    this.raw = new model.mj.MjData(model.raw);
    this.arrays = new Views<DataArrays>(this.raw);
    this.#warnings = this.raw.warning;
  }

  /**
   * Advances the physics by `steps` time steps.
   * @throws UnstableError where the simulation becomes unstable, which MuJoCo only counts as a warning before it resets
   */
  step(steps = 1): void {
    const { mj, raw } = this.model;
    for (let step = 0; step < steps; step++) mj.mj_step(raw, this.raw);
    this.check();
  }

  /** @throws UnstableError where MuJoCo has found a NaN or a huge value since the last reset; the state is reset then */
  check(): void {
    for (const [name, what] of UNSTABLE) {
      const warning = this.#warnings.get(this.model.mj.mjtWarning[name].value);
      const count = warning?.number ?? 0;
      const index = warning?.lastinfo ?? 0;
      warning?.delete();
      if (count > 0) {
        this.reset();
        throw new UnstableError(
          `${this.model.source}: the simulation became unstable: NaN or huge ${what} (index ${index}); expected finite states and torques`,
        );
      }
    }
  }

  /** Resets to the model's initial state. */
  reset(): void {
    this.model.mj.mj_resetData(this.model.raw, this.raw);
  }

  /** Copies everything that another state's future depends on, bit for bit. */
  copyFrom(other: Data): void {
    const { mj, raw } = this.model;
    mj.mj_copyState(raw, other.raw, this.raw, mj.mjtState.mjSTATE_INTEGRATION.value);
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
