import { Data } from "../../arm/data.js";
import { multiply } from "../../arm/matrix.js";
import type { Model } from "../../arm/model.js";
import type { DoubleBuffer } from "../../arm/mujoco-types.js";
import { InputError } from "../../errors.js";
import type { LinearDynamics } from "./lqr.js";

const STEP = 1e-5;

/**
 * The dynamics of one control step (several physics steps under the same control), on states of positions and
 * velocities [2 nv]. A step depends on the state and the control alone: equal inputs give equal bits.
 */
export class ControlStep {
  readonly data: Data;
  readonly states: number;
  readonly controls: number;
  readonly #a: DoubleBuffer;
  readonly #b: DoubleBuffer;

  /** Throws InputError for models with ball or free joints, or actuators with states. */
  constructor(
    readonly model: Model,
    readonly substeps: number,
  ) {
    const { nq, nv, nu, mj, source } = model;
    if (nq !== nv)
      throw new InputError(`${source}: ball and free joints cannot be planned for; expected hinges and slides`);
    if (model.raw.na !== 0) throw new InputError(`${source}: actuators with a state cannot be planned for`);
    this.states = 2 * nv;
    this.controls = nu;
    this.data = new Data(model);
    this.#a = new mj.DoubleBuffer(this.states ** 2);
    this.#b = new mj.DoubleBuffer(this.states * nu);
  }

  /** Sets the state; `kinematics` or the next step updates the poses. */
  set(state: Float64Array, control?: Float64Array): void {
    const { arrays } = this.data;
    const { nv } = this.model;
    arrays.get("qpos").set(state.subarray(0, nv));
    arrays.get("qvel").set(state.subarray(nv));
    arrays.get("qacc_warmstart").fill(0);
    if (control !== undefined) arrays.get("ctrl").set(control);
  }

  /** The state one control step later. */
  next(state: Float64Array, control: Float64Array): Float64Array {
    this.set(state, control);
    this.data.step(this.substeps);
    const after = new Float64Array(this.states);
    after.set(this.data.arrays.get("qpos"));
    after.set(this.data.arrays.get("qvel"), this.model.nv);
    return after;
  }

  /** ∂next/∂state and ∂next/∂control, chained over the physics steps (`mjd_transitionFD`). */
  linearise(state: Float64Array, control: Float64Array): LinearDynamics {
    const { mj, raw } = this.model;
    const n = this.states;
    const m = this.controls;
    let a: Float64Array = new Float64Array(n * n);
    for (let i = 0; i < n; i++) a[i * n + i] = 1;
    let b: Float64Array = new Float64Array(n * m);
    this.set(state, control);
    for (let step = 0; step < this.substeps; step++) {
      mj.mjd_transitionFD(raw, this.data.raw, STEP, true, this.#a, this.#b, null, null);
      const stepA = this.#a.GetView().slice();
      const stepB = this.#b.GetView().slice();
      a = multiply(stepA, a, n, n, n);
      b = multiply(stepA, b, n, n, m).map((value, i) => value + stepB[i]!);
      this.data.step();
    }
    return { a, b, states: n, controls: m };
  }

  /**
   * As `linearise`, by central differences over the given steps of each state [2 nv] and control [nu]: for contacts that
   * come and go within the steps, which the derivatives at one point do not show.
   */
  difference(
    state: Float64Array,
    control: Float64Array,
    steps: { readonly states: Float64Array; readonly controls: Float64Array },
  ): LinearDynamics {
    const [n, m] = [this.states, this.controls];
    const columns = (count: number, move: (column: number, sign: number) => Float64Array, sizes: Float64Array) => {
      const matrix = new Float64Array(n * count);
      for (let column = 0; column < count; column++) {
        const [more, less] = [move(column, 1), move(column, -1)];
        for (let row = 0; row < n; row++) {
          matrix[row * count + column] = (more[row]! - less[row]!) / (2 * sizes[column]!);
        }
      }
      return matrix;
    };
    const moved = (values: Float64Array, sizes: Float64Array, at: number, sign: number): Float64Array =>
      values.map((value, i) => (i === at ? value + sign * sizes[i]! : value));
    const a = columns(n, (i, sign) => this.next(moved(state, steps.states, i, sign), control), steps.states);
    const b = columns(m, (j, sign) => this.next(state, moved(control, steps.controls, j, sign)), steps.controls);
    return { a, b, states: n, controls: m };
  }

  delete(): void {
    this.#a.delete();
    this.#b.delete();
    this.data.delete();
  }
}
