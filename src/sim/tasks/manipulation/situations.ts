import type { Point } from "../../expert/state-cost.js";
import type { Random } from "../../random.js";
import { NO_WRENCH, type Targets } from "../task.js";
import type { Situation } from "./arm-scene.js";
import type { ManipulationSpec, Place } from "./spec.js";

/** Random goals are moved on the bench by up to this, metres along each axis. */
const GOAL_SHIFT = 0.05;
/** Another goal is at least this far from the one it is another than, metres. */
const APART = 0.05;

/** The situations that episodes of a task begin in. */
export class Situations {
  readonly #stands: readonly Place[];
  readonly #goal: Point;

  constructor({ stands, goal }: Pick<ManipulationSpec, "stands" | "goal">) {
    this.#stands = Object.values(stands);
    this.#goal = goal.place;
  }

  /** The base where a condition has it, counted on beyond the last. */
  condition(state: Float64Array, condition: number): Situation {
    return this.#standing(state, this.#stands[condition % this.#stands.length]!, [0, 0]);
  }

  /** The base anywhere between where the conditions have it, the goal at its place on the bench. */
  between(state: Float64Array, numbers: Random): Situation {
    return this.#standing(state, this.#stand(numbers), [0, 0]);
  }

  /** Base and goal anywhere between where the conditions have them. */
  anywhere(state: Float64Array, numbers: Random): Situation {
    const shift = (): number => numbers.between(-GOAL_SHIFT, GOAL_SHIFT);
    return this.#standing(state, this.#stand(numbers), [shift(), shift()]);
  }

  /** The same arm with another goal of the same kind. */
  other({ state, goal, wrench }: Situation, targets: Targets, numbers: Random): Situation {
    for (;;) {
      const other =
        targets === "four"
          ? this.condition(state, numbers.integer(this.#stands.length))
          : this.anywhere(state, numbers);
      if (Math.hypot(other.goal[0] - goal[0], other.goal[1] - goal[1]) >= APART) return { ...other, wrench };
    }
  }

  #stand(numbers: Random): Place {
    const along = (axis: 0 | 1): number => {
      const values = this.#stands.map((stand) => stand[axis]);
      return numbers.between(Math.min(...values), Math.max(...values));
    };
    return [along(0), along(1)];
  }

  /** The base at a place of the bench, the goal moved on the bench: seen from the base, the bench moves. */
  #standing(state: Float64Array, [x, y]: Place, [right, away]: Place): Situation {
    const [goalX, goalY, goalZ] = this.#goal;
    return { state, bench: [-x, -y, 0], goal: [goalX - x + right, goalY - y + away, goalZ], wrench: NO_WRENCH };
  }
}
