import type { Data } from "./data.js";
import type { Model } from "./model.js";

/** Positions (rad or m) and velocities of joints by name, as far as they are known. */
export type OtherStates = ReadonlyMap<string, { readonly position: number; readonly velocity: number }>;

const SLIDE = 2;
const HINGE = 3;

/** The joints of a model that nobody commands and that follow nothing: a lift below the arm, a finger at its end. */
export class OtherJoints {
  /** Of those that have a name. */
  readonly names: readonly string[];
  /** Those whose position the tip's depends on; one without a name by its body, in parentheses. */
  readonly carrying: readonly string[];
  readonly #positions: readonly number[];
  readonly #dofs: readonly number[];

  /**
   * @param commanded numbers of the joints that are commanded
   * @param leaders joints that others follow, by the follower
   * @param tip number of the tip's body
   */
  constructor(
    model: Model,
    commanded: ReadonlySet<number>,
    leaders: ReadonlyMap<number, number | undefined>,
    tip: number,
  ) {
    const { arrays } = model;
    const [types, bodies] = [arrays.get("jnt_type"), arrays.get("jnt_bodyid")];
    const nameOf = (id: number) => model.nameOf("joint", id);
    const all = Array.from({ length: model.njnt }, (_, id) => id).filter((id) => {
      const isScalar = types[id] === SLIDE || types[id] === HINGE;
      return isScalar && !commanded.has(id) && !leaders.has(id);
    });
    const ids = all.filter((id) => nameOf(id) !== "");
    this.names = ids.map(nameOf);
    this.#positions = ids.map((id) => arrays.get("jnt_qposadr")[id]!);
    this.#dofs = ids.map((id) => arrays.get("jnt_dofadr")[id]!);
    const above = bodiesAbove(model, tip);
    const carriers = new Set<number>();
    for (let id = 0; id < model.njnt; id++) {
      if (!above.has(bodies[id]!)) continue;
      let leader: number | undefined = id;
      while (leader !== undefined && leaders.has(leader)) leader = leaders.get(leader);
      if (leader !== undefined) carriers.add(leader);
    }
    const textOf = (id: number) => nameOf(id) || `(of body ${model.bodyText(bodies[id]!)})`;
    this.carrying = [...new Set(all.filter((id) => carriers.has(id)).map(textOf))];
  }

  /** Puts those that are known into a state. */
  place(data: Data, states: OtherStates): void {
    const [qpos, qvel] = [data.arrays.get("qpos"), data.arrays.get("qvel")];
    for (const [k, name] of this.names.entries()) {
      const state = states.get(name);
      if (!state) continue;
      qpos[this.#positions[k]!] = state.position;
      qvel[this.#dofs[k]!] = state.velocity;
    }
  }
}

/** A body and all that carry it. */
function bodiesAbove(model: Model, body: number): Set<number> {
  const parents = model.arrays.get("body_parentid");
  const above = new Set<number>();
  for (let one = body; one > 0; one = parents[one]!) above.add(one);
  return above;
}
