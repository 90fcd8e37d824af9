import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { TorqueCommand, torqueLimits } from "#src/explain/torque-command.js";
import { parseCard, serialiseCard } from "#src/policy/card.js";
import { reacherCard } from "../policy/cards.js";

const JOINTS = ["shoulder", "elbow"];
const PERIOD = 0.05;

function commander(limits = [0.3, 0.2]) {
  const clock = { ms: 1000 };
  const options = { joints: JOINTS, limits: Float64Array.from(limits), controlPeriod: PERIOD, now: () => clock.ms };
  return { clock, commander: new TorqueCommand(options) };
}

describe("TorqueCommand", () => {
  it("passes torques within the limits and clips the others, naming their joints", () => {
    const { commander: command } = commander();
    expect(command.command([0.3, -0.2])).toEqual({ torque: Float64Array.of(0.3, -0.2), clipped: [] });
    expect(command.command([-0.31, 0.1])).toEqual({ torque: Float64Array.of(-0.3, 0.1), clipped: ["shoulder"] });
    expect(command.command([9, -9])).toEqual({ torque: Float64Array.of(0.3, -0.2), clipped: JOINTS });
  });

  it("never sends a torque beyond its limit", () => {
    fc.assert(
      fc.property(fc.array(fc.double(), { maxLength: 4 }), (torque) => {
        const { commander: command } = commander();
        const sent = command.command(torque);
        expect(sent.torque).toHaveLength(2);
        expect(Math.abs(sent.torque[0]!)).toBeLessThanOrEqual(0.3);
        expect(Math.abs(sent.torque[1]!)).toBeLessThanOrEqual(0.2);
        const sound = torque.length === 2 && torque.every(Number.isFinite);
        expect(sent.problem === undefined).toBe(sound);
        if (!sound) expect([...sent.torque]).toEqual([0, 0]);
      }),
    );
  });

  it("sends zeros, with a reason, where a torque is not a number or missing", () => {
    const { commander: command } = commander();
    expect(command.command([0.1, Number.NaN]).problem).toBe("the torque of elbow is NaN, expected a number");
    expect(command.command([0.1]).problem).toBe("found 1 torques, expected 2");
  });

  it("gives zeros while the policy is silent for more than two control periods", () => {
    const { clock, commander: command } = commander();
    expect(command.watch()).toBeUndefined();
    clock.ms = 1e6;
    expect(command.watch()).toBeUndefined();
    command.command([0.1, 0.1]);
    clock.ms += 100;
    expect(command.watch()).toBeUndefined();
    clock.ms += 1;
    expect(command.watch()).toEqual({ torque: Float64Array.of(0, 0), forMs: 101, isNew: true });
    clock.ms += 25;
    expect(command.watch()).toEqual({ torque: Float64Array.of(0, 0), forMs: 126, isNew: false });
    command.command([0.1, 0.1]);
    expect(command.watch()).toBeUndefined();
    clock.ms += 101;
    expect(command.watch()?.isNew).toBe(true);
  });

  it("keeps watching when the clock jumps back", () => {
    const { clock, commander: command } = commander();
    command.command([0.1, 0.1]);
    clock.ms = 0;
    expect(command.watch()).toBeUndefined();
    clock.ms = 100;
    expect(command.watch()).toBeUndefined();
    clock.ms = 101;
    expect(command.watch()?.forMs).toBe(101);
  });

  it("returns zeros at the end where it commanded torques, then stops watching", () => {
    const { clock, commander: command } = commander();
    expect(command.stop()).toBeUndefined();
    command.command([0.1, 0.1]);
    expect(command.stop()).toEqual(Float64Array.of(0, 0));
    clock.ms += 1000;
    expect(command.watch()).toBeUndefined();
    expect(command.stop()).toBeUndefined();
  });
});

describe("torqueLimits", () => {
  const card = (limits?: number | number[]) => {
    const given = reacherCard();
    return parseCard(
      serialiseCard({ ...given, idle_threshold: 1e-3, torque: { ...given.torque, limits } }),
      "card.yaml",
    );
  };

  it("takes the smaller of the card's and the robot's", () => {
    expect(torqueLimits(card([0.3, 0.2]), new Map([["elbow", 0.1]]))).toEqual(Float64Array.of(0.3, 0.1));
    expect(torqueLimits(card(0.3), new Map([["elbow", 7]]))).toEqual(Float64Array.of(0.3, 0.3));
  });

  it("is infinite where neither gives a limit", () => {
    const infinite = Number.POSITIVE_INFINITY;
    expect(torqueLimits(card(), new Map([["elbow", 7]]))).toEqual(Float64Array.of(infinite, 7));
  });
});
