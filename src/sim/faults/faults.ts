import { own } from "../../own.js";
import type { Simulated } from "../simulated.js";
import type { Fault, FaultRow } from "./fault.js";
import { IMAGE_FAULTS } from "./image-faults.js";
import { JOINT_FAULTS } from "./joint-faults.js";
import { TOLD_FAULTS } from "./told-faults.js";

const CLOCK_FAULTS = {
  clock: {
    of: "clock",
    text: "the clock of the stamps jumps ahead",
    amount: { unit: "s", default: 0.5, range: [0.01, 0.9] },
    begin: ({ amount }) => {
      let isFirst = true;
      return (sensed) => {
        const clockJump = isFirst ? amount : 0;
        isFirst = false;
        return { sensed, clockJump };
      };
    },
  },
} as const satisfies Readonly<Record<string, FaultRow>>;

/** All faults of what a policy is given, by name. A new one is an entry of the table of its kind. */
export const FAULTS = { ...IMAGE_FAULTS, ...JOINT_FAULTS, ...CLOCK_FAULTS, ...TOLD_FAULTS } as const;

export type FaultName = keyof typeof FAULTS;
export const faultNames = Object.keys(FAULTS) as readonly FaultName[];

/** Why a fault does not fit what is simulated; undefined where it does. */
export function faultProblem(
  { name, amount, joint }: Fault,
  { joints = [], isTelling = false, actions = [] }: Pick<Simulated, "joints" | "isTelling" | "actions">,
): string | undefined {
  const row = faultNamed(name)!;
  const [low, high] = row.amount?.range ?? [0, 0];
  if (row.of === "joints" && joints.length === 0) return `${name}: only arms have joints`;
  if (row.of === "words" && !isTelling) return `${name}: only worlds that tell in words what to do have them`;
  if (row.of === "action" && actions.length === 0) return `${name}: only worlds have actions`;
  if (amount !== undefined && !row.amount) return `${name}: amount: this fault has none`;
  if (amount !== undefined && !(amount >= low && amount <= high))
    return `${name}: amount: ${amount}: expected ${low} to ${high} (${row.amount!.unit})`;
  if (joint !== undefined && !row.isOfJoint) return `${name}: joint: this fault is of no single joint`;
  if (joint !== undefined && !joints.includes(joint)) return `${name}: joint: ${joint}: expected ${joints.join(", ")}`;
  return undefined;
}

/** The fault of a name; undefined for an unknown one. */
export const faultNamed = (name: string): FaultRow | undefined => own<FaultRow>(FAULTS, name);
