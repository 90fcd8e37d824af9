import { own } from "../own.js";
import { LAG_TICKS, lagOf } from "./lag.js";
import type { Look } from "./look.js";
import type { Moment } from "./moment.js";
import type { Reference } from "./reference.js";
import { angle, comparable, type Shown, shownBy } from "./samples.js";

/** The joint whose position fits the picture least: 1 for more than in good runs. */
export interface PoseMisfit {
  readonly joint: string;
  readonly score: number;
  /** By the picture and by the joint states, rad. */
  readonly seen: number;
  readonly told: number;
  /** True where both pose and picture are like those of good runs. */
  readonly isKnown: boolean;
}

/** How the joints fit the picture; undefined where good runs do not tell, or of another camera. */
export function poseMisfit({ reference, ticks }: Moment, look: Look, camera: string): PoseMisfit | undefined {
  const { pose, names = [] } = reference ?? {};
  const { joints, position } = ticks.at(-1)!;
  if (!pose || camera !== pose.camera || joints.length !== names.length) return undefined;
  const { samples, misfits } = own(reference!.cameras, camera)!;
  const { pose: seen, misfit } = shownIn(reference!, look);
  const scores = pose.error.map((error, j) => Math.abs(angle(seen[j]!, position[j]!)) / (1.2 * error + 0.03));
  const j = scores.indexOf(Math.max(...scores));
  const isKnown =
    Number.isFinite(comparable(samples, misfits, position).distance) &&
    misfit <= 1.2 * (misfits.at(-1)?.misfit ?? 0) + 1;
  return { joint: names[j]!, score: scores[j]!, seen: seen[j]!, told: position[j]!, isKnown };
}

/** What pictures show: several detectors ask for it. */
const shown = new WeakMap<Look, Shown>();

function shownIn({ cameras, pose }: Reference, look: Look): Shown {
  const known = shown.get(look) ?? shownBy(own(cameras, pose!.camera)!.samples, look.cells);
  shown.set(look, known);
  return known;
}

/** Score of a lag from which on nothing else is told from poses. */
export const MAY_LAG = 0.5;

/** How far the pictures are behind the joints: 1 for more than in good runs. Undefined where good runs do not tell. */
export function lagNow({ reference, ticks }: Moment): { readonly ticks: number; readonly score: number } | undefined {
  const { pose, names = [] } = reference ?? {};
  if (!pose || ticks.length < LAG_TICKS || ticks.at(-1)!.joints.length !== names.length) return undefined;
  const looks = ticks.slice(-LAG_TICKS).map((tick) => own(tick.looks, pose.camera));
  if (looks.includes(undefined)) return undefined;
  const lag = lagOf(
    looks.map((look) => shownIn(reference!, look!).pose),
    ticks.map(({ position }) => position),
    pose.usual,
  );
  return { ticks: lag.ticks, score: lag.gain / (1.3 * pose.gain + 0.35) };
}
