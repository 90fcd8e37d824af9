import type { TensorData } from "../runtime/session.js";
import { random } from "../sim/random.js";
import type { Attack } from "./attacks.js";
import type { AttackModel } from "./model.js";

/** An output that an attack has moved, or an action that it has brought about. */
export interface Success {
  /** Number of the output that moved, or of the action now taken. */
  readonly output: number;
  /** Outputs for the changed image, [J]. */
  readonly after: Float32Array;
  readonly image: Float32Array;
}

/** The smallest change that succeeds. */
export interface Smallest extends Success {
  /** Largest change of an element, in steps of `unit`; one step less does not succeed. */
  readonly level: number;
  /** How many of `NOISES` images with random signs of the same size succeed too. */
  readonly byNoise: number;
}

/** Random changes to compare with. */
export const NOISES = 20;

export interface SmallestRequest {
  readonly feeds: Readonly<Record<string, TensorData>>;
  /** The image's elements, in the tensor's units. */
  readonly image: Float32Array;
  /** One step of strength, in the tensor's units. The change is rounded to whole steps. */
  readonly unit: number;
  /** Most steps. */
  readonly most: number;
  /** Limit of each output, [J]; undefined for actions, of which the largest is taken. */
  readonly limits: readonly number[] | undefined;
  /** Part of its limit that an output is to move by. */
  readonly part: number;
  readonly seed: number;
}

/**
 * The smallest strength at which an attack makes the policy take another action, or moves an output by a part of its limit:
 * doubled until it succeeds, then halved. Outputs are tried one after another, up and down.
 * @returns undefined where even `most` does not succeed
 */
export async function smallestAttack(
  model: AttackModel,
  attack: Attack,
  request: SmallestRequest,
): Promise<Smallest | undefined> {
  const { feeds, image, most, seed } = request;
  const before = await model.outputsAt(feeds, image);
  const aims = aimsOf(model, request, before);
  const tried = new Map<number, Success | undefined>();
  const at = async (level: number): Promise<Success | undefined> => {
    if (!tried.has(level)) tried.set(level, await succeeds(level));
    return tried.get(level);
  };
  const succeeds = async (level: number): Promise<Success | undefined> => {
    let best: Judged | undefined;
    for (const weights of aims) {
      const epsilon = level * request.unit;
      const changed = await attack.run(model, { feeds, image, before, weights, epsilon, seed });
      const found = await judge(model, request, before, changed);
      if (found && found.size > (best?.size ?? 0)) best = found;
    }
    return best;
  };
  let high = 1;
  while (!(await at(high))) {
    if (high >= most) return undefined;
    high = Math.min(2 * high, most);
  }
  let low = Math.floor(high / 2);
  while (high - low > 1) {
    const middle = Math.floor((low + high) / 2);
    if (await at(middle)) high = middle;
    else low = middle;
  }
  const { output, after, image: changed } = (await at(high))!;
  return { output, after, image: changed, level: high, byNoise: await countNoises(model, request, before, high) };
}

/** Weights of the objective to try, one list each. */
function aimsOf(
  { objective, outputs }: AttackModel,
  { limits }: SmallestRequest,
  before: Float32Array,
): Float32Array[] {
  const only = (j: number, weight: number) => Float32Array.from({ length: outputs }, (_, k) => (k === j ? weight : 0));
  if (objective === "choice") return [only(before.indexOf(Math.max(...before)), 1)];
  if (objective === "distance") return [Float32Array.from({ length: outputs }, (_, j) => 1 / (limits?.[j] ?? 1))];
  return (limits ?? []).flatMap((limit, j) => [only(j, 1 / limit), only(j, -1 / limit)]);
}

interface Judged extends Success {
  /** Of a torque, how far it moved in parts of its limit; of an action 1. */
  readonly size: number;
}

/** The success of a changed image, rounded to whole steps and within the range. */
async function judge(
  model: AttackModel,
  { feeds, image, unit, limits, part }: SmallestRequest,
  before: Float32Array,
  changed: Float32Array,
): Promise<Judged | undefined> {
  const rounded = changed.map((x, i) => image[i]! + Math.round((x - image[i]!) / unit) * unit);
  const after = await model.outputsAt(feeds, rounded);
  if (!limits) {
    const [was, is] = [before, after].map((y) => y.indexOf(Math.max(...y)));
    return is === was ? undefined : { output: is!, after, image: rounded, size: 1 };
  }
  const moves = Array.from(after, (y, j) => Math.abs(y - before[j]!) / limits[j]!);
  const largest = Math.max(...moves);
  return largest >= part ? { output: moves.indexOf(largest), after, image: rounded, size: largest } : undefined;
}

async function countNoises(model: AttackModel, request: SmallestRequest, before: Float32Array, level: number) {
  const [low, high] = model.image.range;
  const { uniform } = random(request.seed, 11);
  let count = 0;
  for (let n = 0; n < NOISES; n++) {
    const noisy = request.image.map((x) =>
      Math.min(Math.max(x + (uniform() < 0.5 ? -level : level) * request.unit, low), high),
    );
    if (await judge(model, request, before, noisy)) count++;
  }
  return count;
}
