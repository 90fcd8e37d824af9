import type { Point } from "../../expert/state-cost.js";
import type { Random } from "../../random.js";
import { type GoalPlace, goalPlace } from "../goal-place.js";
import { NO_WRENCH, type Targets } from "../task.js";
import type { Situation } from "./arm-scene.js";
import type { ManipulationSpec, Place } from "./spec.js";

/** Largest shift of random goals on the bench, metres along each axis. */
const GOAL_SHIFT = 0.05;
/** Least distance of another goal from the current one, metres. */
const APART = 0.05;

/** Situations at the start of episodes. */
export class Situations {
  readonly #bases: readonly Place[];
  readonly #goal: Point;

  constructor({ bases, goal }: Pick<ManipulationSpec, "bases" | "goal">) {
    this.#bases = Object.values(bases);
    this.#goal = goal.place;
  }

  /** The base at the position of a condition; indices beyond the last wrap around. */
  condition(state: Float64Array, condition: number): Situation {
    return this.#withBase(state, this.#bases[condition % this.#bases.length]!, [0, 0]);
  }

  /** The base anywhere between the conditions' positions, the goal at its place on the bench. */
  between(state: Float64Array, numbers: Random): Situation {
    return this.#withBase(state, this.#randomBase(numbers), [0, 0]);
  }

  /** The base anywhere between the conditions' positions, the goal shifted on the bench. */
  anywhere(state: Float64Array, numbers: Random): Situation {
    const shift = (): number => numbers.between(-GOAL_SHIFT, GOAL_SHIFT);
    return this.#withBase(state, this.#randomBase(numbers), [shift(), shift()]);
  }

  /** The goal at a place: on the bench as ever with the base where the condition has it, or both anywhere. */
  at(state: Float64Array, place: GoalPlace): Situation {
    return "numbers" in place ? this.anywhere(state, place.numbers) : this.condition(state, place.condition);
  }

  /** The situation with another goal of the same kind. */
  other({ state, goal, wrench }: Situation, targets: Targets, numbers: Random): Situation {
    for (;;) {
      const other = this.at(
        state,
        goalPlace(targets, numbers, (count) => numbers.integer(count)),
      );
      if (Math.hypot(other.goal[0] - goal[0], other.goal[1] - goal[1]) >= APART) return { ...other, wrench };
    }
  }

  #randomBase(numbers: Random): Place {
    const along = (axis: 0 | 1): number => {
      const values = this.#bases.map((base) => base[axis]);
      return numbers.between(Math.min(...values), Math.max(...values));
    };
    return [along(0), along(1)];
  }

  /** The base at a place of the bench, the goal shifted on the bench. In the base frame the bench moves. */
  #withBase(state: Float64Array, [x, y]: Place, [right, away]: Place): Situation {
    const [goalX, goalY, goalZ] = this.#goal;
    return { state, bench: [-x, -y, 0], goal: [goalX - x + right, goalY - y + away, goalZ], wrench: NO_WRENCH };
  }
}
