import { own } from "../own.js";
import type { Found } from "./detector.js";
import type { Look } from "./look.js";
import type { Moment } from "./moment.js";
import type { CameraReference, JointReference } from "./reference.js";

/** A camera's picture at the newest tick. */
export interface Camera {
  readonly name: string;
  readonly look: Look;
  readonly reference: CameraReference | undefined;
}

/** A joint, and its index in the ticks' numbers. */
export interface Joint {
  readonly name: string;
  readonly j: number;
  readonly reference: JointReference | undefined;
}

/** What is found at one camera or joint. */
export type FoundAt = Omit<Found, "subject">;

/** A detector of each of several things: the first one at which it finds something. */
const ofEach =
  <T extends { readonly name: string }>(all: (moment: Moment) => readonly T[]) =>
  (find: (moment: Moment, one: T) => FoundAt | undefined) =>
  (moment: Moment): Found | undefined => {
    for (const one of all(moment)) {
      const found = find(moment, one);
      if (found) return { ...found, subject: one.name };
    }
    return undefined;
  };

export const ofCamera = ofEach<Camera>(({ ticks, reference }) =>
  Object.entries(ticks.at(-1)!.looks).map(([name, look]) => ({
    ...{ name, look },
    reference: reference && own(reference.cameras, name),
  })),
);

export const ofJoint = ofEach<Joint>(({ ticks, reference }) =>
  ticks.at(-1)!.joints.map((name, j) => ({ ...{ name, j }, reference: reference && own(reference.joints, name) })),
);
