import type { Data } from "../../arm/data.js";
import type { Model } from "../../arm/model.js";
import type { Sites } from "./plan-expert.js";
import type { Expansion, Point, ReachWeights, StateCost } from "./reach-cost.js";

/** A vector that shall become zero, and what it costs while it is not. */
export interface Want extends ReachWeights {
  readonly error: readonly number[];
}

/** What a task wants, at every control step the same. */
export interface Pursuit {
  /** Of a posture: where sites are, where the goal is, and the positions of all joints of the model. */
  wants(site: Sites, goal: Point, positions: Float64Array): readonly Want[];
  /** Weights of ½ v² of the joints and ½ τ². */
  readonly velocityWeight: number;
  readonly controlWeight: number;
}

/** Keeps the linear term smooth near zero. */
const SMOOTHING = 1e-4;
/** How far joints are moved to see how the errors answer, rad or m. */
const STEP = 1e-6;

/**
 * Σ ½ w |e|² + l √(|e|² + 10⁻⁴) over what is wanted (Levine et al. 2016), and ½ v² on joint velocities: a cost that
 * knows no clock. The errors may be any smooth function of the posture; they are differentiated by central differences.
 * The Hessian is Gauss–Newton's: positive semi-definite.
 */
export class PursuitCost implements StateCost {
  readonly #model: Model;
  readonly #pursuit: Pursuit;
  readonly #goal: Point;

  constructor(model: Model, pursuit: Pursuit, goal: Point) {
    this.#model = model;
    this.#pursuit = pursuit;
    this.#goal = goal;
  }

  at(data: Data, _tick: number, expansion?: Expansion): number {
    const { nv } = this.#model;
    const { velocityWeight } = this.#pursuit;
    const wants = this.#at(data);
    expansion?.gradient.fill(0);
    expansion?.hessian.fill(0);
    let cost = 0;
    const slopes = wants.map(({ error, squared, linear }) => {
      const distance2 = error.reduce((sum, value) => sum + value * value, 0);
      const smooth = Math.sqrt(distance2 + SMOOTHING);
      cost += 0.5 * squared * distance2 + linear * smooth;
      return squared + linear / smooth;
    });
    if (expansion !== undefined) this.#expand(data, wants, slopes, expansion);
    const velocity = data.arrays.get("qvel");
    for (let i = 0; i < nv; i++) {
      cost += 0.5 * velocityWeight * velocity[i]! ** 2;
      if (expansion === undefined) continue;
      expansion.gradient[nv + i]! += velocityWeight * velocity[i]!;
      expansion.hessian[(nv + i) * 2 * nv + nv + i]! += velocityWeight;
    }
    return cost;
  }

  delete(): void {}

  #at(data: Data): readonly Want[] {
    const places = data.arrays.get("site_xpos");
    const site = (name: string): Point => {
      const at = 3 * this.#model.id("site", name);
      return [places[at]!, places[at + 1]!, places[at + 2]!];
    };
    return this.#pursuit.wants(site, this.#goal, data.arrays.get("qpos"));
  }

  /** Leaves the data as it was. */
  #expand(data: Data, wants: readonly Want[], slopes: readonly number[], { gradient, hessian }: Expansion): void {
    const { nv } = this.#model;
    const positions = data.arrays.get("qpos");
    const moved = (i: number, by: number): readonly Want[] => {
      const before = positions[i]!;
      positions[i] = before + by;
      data.kinematics();
      const found = this.#at(data);
      positions[i] = before;
      return found;
    };
    // How each error changes with each joint, [nv] of [wants] of [elements].
    const jacobians = Array.from({ length: nv }, (_, i) => {
      const [more, less] = [moved(i, STEP), moved(i, -STEP)];
      return more.map(({ error }, k) => error.map((value, e) => (value - less[k]!.error[e]!) / (2 * STEP)));
    });
    data.kinematics();
    wants.forEach(({ error }, k) => {
      const slope = slopes[k]!;
      error.forEach((value, e) => {
        for (let i = 0; i < nv; i++) {
          const along = slope * jacobians[i]![k]![e]!;
          gradient[i]! += along * value;
          for (let j = 0; j < nv; j++) hessian[i * 2 * nv + j]! += along * jacobians[j]![k]![e]!;
        }
      });
    });
  }
}
