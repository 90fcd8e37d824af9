/** Kinds of things on the table. */
export const KINDS = ["block", "ball", "cup", "bowl", "drawer"] as const;
export const COLOURS = ["red", "green", "blue", "yellow", "purple"] as const;

export type Kind = (typeof KINDS)[number];
export type ColourName = (typeof COLOURS)[number];

/** A thing: what it is and its colour. No two things of an episode are alike. */
export interface Thing {
  readonly kind: Kind;
  readonly colour: ColourName;
}

/** What the gripper can carry. */
export const isPortable = ({ kind }: Thing): boolean => kind === "block" || kind === "ball" || kind === "cup";

/** All things: each kind in each colour. */
export const THINGS: readonly Thing[] = KINDS.flatMap((kind) => COLOURS.map((colour) => ({ kind, colour })));

/** Index of a thing in `THINGS`. */
export const thingNumber = ({ kind, colour }: Thing): number =>
  KINDS.indexOf(kind) * COLOURS.length + COLOURS.indexOf(colour);

/** Combinations that no seen episode shows: each kind and each colour is left out once. */
const HELD_OUT: readonly Thing[] = [
  { kind: "block", colour: "green" },
  { kind: "ball", colour: "yellow" },
  { kind: "cup", colour: "red" },
  { kind: "bowl", colour: "purple" },
  { kind: "drawer", colour: "blue" },
];

/** True for a combination that no seen episode shows. */
export const isHeldOut = ({ kind, colour }: Thing): boolean =>
  HELD_OUT.some((thing) => thing.kind === kind && thing.colour === colour);
