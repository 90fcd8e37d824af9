import { type Random, random } from "../random.js";
import type { Sensed, Simulated } from "../simulated.js";
import { type Disturbed, type Fault, type FaultRow, KEPT } from "./fault.js";
import { faultNamed } from "./faults.js";

type Faulty = Pick<Simulated, "width" | "height" | "encoding" | "joints" | "renderOtherGoal" | "renderOtherCamera">;

/** Stream of random numbers of faults. */
const STREAM = 3;

/** The faults of an episode. */
export class FaultRun {
  #past: Sensed[] = [];
  #active: ReturnType<FaultRow["begin"]>[] = [];
  #random: Random = random(0);

  constructor(private readonly task: Faulty) {}

  /** Starts an episode without faults. */
  reset(seed: number, episode: number): void {
    this.#past = [];
    this.#active = [];
    this.#random = random(seed, episode, STREAM);
  }

  /** Starts a fault at this tick, beside those that last; null ends all. */
  begin(fault: Fault | null): void {
    if (fault === null) {
      this.#active = [];
      return;
    }
    const row = faultNamed(fault.name)!;
    const { width, height, joints = [] } = this.task;
    const joint =
      fault.joint === undefined ? this.#random.integer(Math.max(1, joints.length)) : joints.indexOf(fault.joint);
    const past = this.#past;
    const place = {
      ...{ width, height, joint, past },
      bytes: this.task.encoding === "mono8" ? 1 : 3,
      amount: fault.amount ?? row.amount?.default ?? 0,
      random: this.#random,
      otherView: () => this.task.renderOtherCamera?.() ?? this.task.renderOtherGoal(),
    };
    this.#active.push(row.begin(place));
  }

  /** The measurements that the policy gets in place of the true ones. */
  apply(sensed: Sensed): Disturbed {
    let clockJump = 0;
    let now = sensed;
    for (const change of this.#active) {
      const changed = change({ ...now, image: now.image.slice() }, this.#past);
      now = changed.sensed;
      clockJump += changed.clockJump ?? 0;
    }
    this.#past = [...this.#past.slice(1 - KEPT), sensed];
    return { sensed: now, clockJump };
  }
}
