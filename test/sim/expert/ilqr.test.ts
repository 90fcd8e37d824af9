import { describe, expect, it } from "vitest";
import { modelFromXml } from "#src/arm/mujoco.js";
import { type PlanOptions, plan } from "#src/sim/expert/ilqr.js";
import { ControlStep } from "#src/sim/expert/linearise.js";
import { lqr } from "#src/sim/expert/lqr.js";
import { ReachCost, type SiteGoal } from "#src/sim/expert/reach-cost.js";
import { random } from "#src/sim/random.js";
import { FOUR_TARGETS, ReacherModel, SUBSTEPS } from "#src/sim/tasks/reacher/model.js";

const HORIZON = 50;

describe("iLQR", () => {
  it("brings the reacher to all four targets within a millimetre", async () => {
    const reacher = await ReacherModel.load(8, 8);
    const step = new ControlStep(reacher.model, SUBSTEPS);
    for (const target of FOUR_TARGETS) {
      const goals: SiteGoal[] = [{ site: "ee", point: [...target, 0] }];
      const weights = (tick: number) => (tick === HORIZON ? { squared: 200, linear: 10 } : { squared: 2, linear: 0.1 });
      const cost = new ReachCost(reacher.model, goals, weights, 1e-3);
      const start = Float64Array.of(0.05, 0.3, 0, 0);
      const options: PlanOptions = { horizon: HORIZON, start, cost, controlWeight: 0.05 };
      const { controls, states, gains } = plan(step, options);
      let state: Float64Array = start;
      for (const control of controls) {
        expect(Math.max(...control.map(Math.abs))).toBeLessThanOrEqual(0.3);
        state = reacher.step(state, control);
      }
      expect(state).toEqual(states[HORIZON]);
      expect(reacher.error(state, target)).toBeLessThan(1e-3);
      // Another start, near by: the gains bring it back to the plan.
      state = Float64Array.of(0.15, 0.2, 0, 0);
      controls.forEach((control, tick) => {
        const away = state.map((value, i) => value - states[tick]![i]!);
        const torque = control.map(
          (value, j) => value + away.reduce((sum, x, i) => sum + gains[tick]![4 * j + i]! * x, 0),
        );
        state = reacher.step(state, torque);
      });
      expect(reacher.error(state, target)).toBeLessThan(3e-3);
      cost.delete();
    }
    step.delete();
    reacher.delete();
  });

  it("finds controls that no small change improves", async () => {
    const reacher = await ReacherModel.load(8, 8);
    const step = new ControlStep(reacher.model, SUBSTEPS);
    const weights = () => ({ squared: 5, linear: 0 });
    const cost = new ReachCost(reacher.model, [{ site: "ee", point: [-0.1, 0.15, 0] }], weights, 1e-3);
    const start = Float64Array.of(0.05, 0.3, 0, 0);
    const options: PlanOptions = { horizon: 20, start, cost, controlWeight: 2 };
    const best = plan(step, options);
    const fixed = (controls: readonly Float64Array[]): number =>
      plan(step, { ...options, controls, iterations: 0 }).cost;
    expect(fixed(best.controls)).toBe(best.cost);
    expect(best.cost).toBeLessThan(fixed(best.controls.map(() => new Float64Array(2))));
    const numbers = random(1);
    for (let trial = 0; trial < 30; trial++) {
      const size = 10 ** numbers.between(-3, -1);
      const changed = best.controls.map((control) => control.map((value) => value + size * numbers.normal()));
      expect(fixed(changed)).toBeGreaterThan(best.cost - 1e-6);
    }
    cost.delete();
    step.delete();
    reacher.delete();
  });

  it("linearises a control step as finite differences do", async () => {
    const reacher = await ReacherModel.load(8, 8);
    const step = new ControlStep(reacher.model, SUBSTEPS);
    const state = Float64Array.of(0.3, 1.1, 2, -3);
    const torque = Float64Array.of(0.1, -0.2);
    const { a, b } = step.linearise(state, torque);
    const small = 1e-6;
    for (let column = 0; column < 6; column++) {
      const moved = (sign: number): Float64Array => {
        const x = state.map((value, i) => value + (i === column ? sign * small : 0));
        const u = torque.map((value, j) => value + (4 + j === column ? sign * small : 0));
        return reacher.step(x, u);
      };
      const [more, less] = [moved(1), moved(-1)];
      for (let row = 0; row < 4; row++) {
        const slope = (more[row]! - less[row]!) / (2 * small);
        const entry = column < 4 ? a[4 * row + column]! : b[2 * row + column - 4]!;
        expect(Math.abs(entry - slope)).toBeLessThan(1e-4 * Math.max(1, Math.abs(slope)));
      }
    }
    // Where nothing touches anything, differences over longer ways say the same.
    const longer = { states: Float64Array.of(1e-3, 2e-3, 1e-2, 2e-2), controls: Float64Array.of(1e-3, 2e-3) };
    const differences = step.difference(state, torque, longer);
    for (const name of ["a", "b"] as const) {
      differences[name].forEach((entry, i) => {
        expect(Math.abs(entry - { a, b }[name][i]!)).toBeLessThan(1e-3 * Math.max(1, Math.abs(entry)));
      });
    }
    step.delete();
    reacher.delete();
  });

  it("refuses models with free joints", async () => {
    const model = await modelFromXml(
      `<mujoco><worldbody><body><freejoint/><geom size="1"/></body></worldbody></mujoco>`,
      "free.xml",
    );
    expect(() => new ControlStep(model, 1)).toThrow(/free\.xml: ball and free joints cannot be planned for/);
    model.delete();
  });
});

describe("LQR", () => {
  it("gives the known gain of a double integrator, which no small change improves", () => {
    // x' = x + v, v' = v + u with Q = I, R = 1.
    const system = { a: Float64Array.of(1, 1, 0, 1), b: Float64Array.of(0, 1), states: 2, controls: 1 };
    const gain = lqr(system, [1, 1], [1]);
    expect(gain[0]).toBeCloseTo(0.4221, 3);
    expect(gain[1]).toBeCloseTo(1.2439, 3);
    const cost = (k: ArrayLike<number>): number => {
      let [x, v, sum] = [1, 0.5, 0];
      for (let t = 0; t < 400; t++) {
        const u = -(k[0]! * x + k[1]! * v);
        sum += x * x + v * v + u * u;
        [x, v] = [x + v, v + u];
      }
      return sum;
    };
    for (const [dx, dv] of [
      [0.01, 0],
      [-0.01, 0],
      [0, 0.01],
      [0, -0.01],
    ] as const) {
      expect(cost([gain[0]! + dx, gain[1]! + dv])).toBeGreaterThan(cost(gain));
    }
  });
});
