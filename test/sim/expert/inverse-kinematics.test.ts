import fc from "fast-check";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { Arm } from "#src/arm/arm.js";
import type { Model } from "#src/arm/model.js";
import { modelFromFile } from "#src/arm/mujoco.js";
import { inverseKinematics } from "#src/sim/expert/inverse-kinematics.js";
import { SEVEN_JOINTS } from "#src/sim/tasks/manipulation/seven-dof.js";

const REFERENCE = [0.1, 0.1, -1.54, -1.7, 1.54, -0.2, 0];
let model: Model;
let arm: Arm;

beforeAll(async () => {
  model = await modelFromFile("models/peg.xml");
  arm = new Arm(model, SEVEN_JOINTS, { site: "ee" });
});
afterAll(() => {
  arm.delete();
  model.delete();
});

const tipOf = (posture: ArrayLike<number>): number[] => [...arm.tipPosition(arm.place(posture))];
const length = (values: readonly number[]): number => Math.hypot(...values);

describe("inverse kinematics", () => {
  it("reaches points around the reference, by a posture that no other one nearby beats", () => {
    const [x, y, z] = tipOf(REFERENCE);
    const shift = fc.double({ min: -0.1, max: 0.1, noNaN: true });
    fc.assert(
      fc.property(
        fc.tuple(shift, shift, shift),
        fc.infiniteStream(fc.double({ min: -1, max: 1, noNaN: true })),
        (by, any) => {
          const point = [x! + by[0], y! + by[1], z! + by[2]] as const;
          const posture = inverseKinematics(arm, point, REFERENCE);
          tipOf(posture).forEach((value, k) => {
            expect(value).toBeCloseTo(point[k]!, 9);
          });
          const away = (angles: ArrayLike<number>): number => length(REFERENCE.map((angle, j) => angles[j]! - angle));
          // Another posture with the tip there: from a reference that is moved a little.
          const moved = REFERENCE.map((angle) => angle + 0.2 * any.next().value!);
          expect(away(posture)).toBeLessThan(away(inverseKinematics(arm, point, moved)) + 2e-3);
        },
      ),
      { numRuns: 50 },
    );
  });

  it("is the reference itself at its own tip, and says where a point is out of reach", () => {
    const [x, y, z] = tipOf(REFERENCE);
    const posture = inverseKinematics(arm, [x!, y!, z!], REFERENCE);
    posture.forEach((angle, j) => {
      expect(angle).toBeCloseTo(REFERENCE[j]!, 12);
    });
    expect(() => inverseKinematics(arm, [3, 0, 0], REFERENCE)).toThrow("the arm does not reach (3, 0, 0)");
  });
});
