import type { Data } from "./data.js";
import type { Model } from "./model.js";

/** mjtEq of an equality between the positions of two joints. */
const JOINTS = 2;
/** Numbers of an equality in `eq_data`. */
const NUMBERS = 11;
const SLIDE = 2;
const HINGE = 3;

/** A joint whose position follows from another's, as a polynomial of the differences from the model's initial state. */
interface Coupling {
  readonly follower: number;
  /** Joint that it follows; undefined where it is held at a constant. */
  readonly leader: number | undefined;
  readonly coefficients: readonly number[];
}

/** The joints of a model that follow others by active equalities (URDF: `mimic`), leaders before their followers. */
export class Couplings {
  readonly #couplings: readonly Coupling[];

  /** @param commanded joints that follow nothing: their own state is known */
  constructor(
    private readonly model: Model,
    commanded: ReadonlySet<number>,
  ) {
    const found = model.jointEqualities(JOINTS, NUMBERS).filter(({ follower, leader }) => {
      const types = model.arrays.get("jnt_type");
      const isScalar = (joint: number) => types[joint] === SLIDE || types[joint] === HINGE;
      return !commanded.has(follower) && isScalar(follower) && (leader === undefined || isScalar(leader));
    });
    this.#couplings = inOrder(found);
  }

  /** Joint that a joint follows, by their numbers, undefined where it is held; no entry where it follows nothing. */
  get leaders(): ReadonlyMap<number, number | undefined> {
    return new Map(this.#couplings.map(({ follower, leader }) => [follower, leader]));
  }

  get isEmpty(): boolean {
    return this.#couplings.length === 0;
  }

  /** Gives the followers in a state the positions and velocities that their leaders' demand. */
  place(data: Data): void {
    const { arrays } = this.model;
    const [qpos, qvel] = [data.arrays.get("qpos"), data.arrays.get("qvel")];
    const [positions, dofs, initial] = [arrays.get("jnt_qposadr"), arrays.get("jnt_dofadr"), arrays.get("qpos0")];
    for (const { follower, leader, coefficients } of this.#couplings) {
      const [at, from] = [positions[follower]!, leader === undefined ? undefined : positions[leader]!];
      const x = from === undefined ? 0 : qpos[from]! - initial[from]!;
      qpos[at] = initial[at]! + coefficients.reduceRight((sum, c) => sum * x + c, 0);
      qvel[dofs[follower]!] = leader === undefined ? 0 : slope(coefficients, x) * qvel[dofs[leader]!]!;
    }
  }

  /**
   * Velocities of all degrees of freedom by those of the independent ones, [nv, nv] with a column of zeros for each
   * follower, in the state `data`.
   */
  velocities(data: Data): Float64Array {
    const { arrays, nv } = this.model;
    const qpos = data.arrays.get("qpos");
    const [positions, dofs, initial] = [arrays.get("jnt_qposadr"), arrays.get("jnt_dofadr"), arrays.get("qpos0")];
    const map = new Float64Array(nv * nv);
    for (let i = 0; i < nv; i++) map[i * nv + i] = 1;
    for (const { follower, leader, coefficients } of this.#couplings) {
      const row = dofs[follower]!;
      const from = leader === undefined ? undefined : positions[leader]!;
      const gain = from === undefined ? 0 : slope(coefficients, qpos[from]! - initial[from]!);
      for (let i = 0; i < nv; i++) map[row * nv + i] = leader === undefined ? 0 : gain * map[dofs[leader]! * nv + i]!;
    }
    return map;
  }
}

function slope(coefficients: readonly number[], x: number): number {
  return coefficients.reduceRight((sum, c, power) => (power === 0 ? sum : sum * x + power * c), 0);
}

/** One coupling for each follower, leaders first; a circle of followers is left out. */
function inOrder(couplings: readonly Coupling[]): Coupling[] {
  const waiting = new Map(couplings.map((coupling) => [coupling.follower, coupling]));
  const ordered: Coupling[] = [];
  for (let before = -1; before < ordered.length; ) {
    before = ordered.length;
    for (const coupling of [...waiting.values()]) {
      if (coupling.leader !== undefined && waiting.has(coupling.leader)) continue;
      ordered.push(coupling);
      waiting.delete(coupling.follower);
    }
  }
  return ordered;
}
