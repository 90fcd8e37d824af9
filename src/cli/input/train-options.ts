import type { Device } from "../../runtime/device.js";
import type { Targets } from "../../sim/tasks/task.js";

/** Options of `train`. */
export interface TrainOptions {
  readonly task: string;
  readonly algorithm?: string;
  readonly recipe?: string;
  readonly targets?: Targets;
  readonly camera?: readonly [width: number, height: number];
  readonly seed: number;
  readonly output: string;
  readonly run?: string;
  readonly control: boolean;
  /** True to train the control alone, as the policy. */
  readonly randomConvolutions?: boolean;
  /** Episodes of each closed-loop figure. */
  readonly figures: number;
  readonly device?: Device;
  readonly json?: boolean;
}
