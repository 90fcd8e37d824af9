import { afterAll, describe, expect, it } from "vitest";
import { ATTACKS, attackNamed } from "#src/attack/attacks.js";
import { AttackModel } from "#src/attack/model.js";
import { ATTACK_NAMES } from "#src/attack/names.js";
import type { Objective } from "#src/attack/objectives.js";
import { smallestAttack } from "#src/attack/smallest.js";
import * as b from "#src/graph/build.js";
import type { Subject } from "#src/relevance/contract/subject.js";
import { float32 } from "#src/runtime/session.js";
import { randoms, relativeError } from "../evaluate.js";
import { slowSoftmax } from "../relevance/slow-perturbation.js";
import { configuration, dense, image, subjectOf } from "../relevance/subjects.js";

const PIXELS = 12;
const x = image("image", [1, 1, 3, 4]);
const q = configuration(2);
const MATRIX = randoms(PIXELS * 3, 21);
const column = (j: number) => Array.from({ length: PIXELS }, (_, i) => MATRIX[3 * i + j]!);
const linear = b.add(dense(b.reshape(x, [1, PIXELS]), 3, Array.from(MATRIX)), dense(q, 3, 4));
const torques = subjectOf([x, q], linear);
const actions: Subject = { ...torques, distribution: "logits" };

const start = randoms(PIXELS, 5, 0.3, 0.7);
const feeds = { image: float32(start, x.shape), configuration: float32([0.4, -0.2], [1, 2]) };
const one = (j: number, weight = 1) => Float32Array.from({ length: 3 }, (_, k) => (k === j ? weight : 0));
const norm = (numbers: readonly number[]) => numbers.reduce((sum, w) => sum + Math.abs(w), 0);

const open: AttackModel[] = [];
async function modelOf(subject: Subject, objective: Objective) {
  const model = await AttackModel.create(subject, objective);
  open.push(model);
  return model;
}
afterAll(() => Promise.all(open.map((model) => model.release())));

describe("on a linear policy", () => {
  const epsilon = 0.1;

  it.each(["fgsm", "pgd", "mi-fgsm"] as const)(
    "%s moves a torque by ε times the sum of its weights' sizes",
    async (name) => {
      const model = await modelOf(torques, "output");
      const before = await model.outputsAt(feeds, start);
      for (const [j, weight] of [
        [0, 1],
        [1, -2],
        [2, 0.5],
      ] as const) {
        const changed = await ATTACKS[name].run(model, {
          feeds,
          image: start,
          before,
          weights: one(j, weight),
          epsilon,
        });
        const expected = start.map((value, i) => value + epsilon * Math.sign(weight * column(j)[i]!));
        expect(relativeError(changed, expected)).toBeLessThan(1e-5);
        const after = await model.outputsAt(feeds, changed);
        expect(after[j]! - before[j]!).toBeCloseTo(Math.sign(weight) * epsilon * norm(column(j)), 4);
      }
    },
  );

  it("mad goes as far from a single torque's value as ε allows, in either direction", async () => {
    const single = subjectOf([x, q], b.slice(linear, 1, 1, 2));
    const model = await modelOf(single, "distance");
    const before = await model.outputsAt(feeds, start);
    const request = { feeds, image: start, before, weights: Float32Array.of(4), epsilon };
    const after = await model.outputsAt(feeds, await ATTACKS.mad.run(model, request));
    expect(Math.abs(after[0]! - before[0]!)).toBeCloseTo(epsilon * norm(column(1)), 4);
    const { value } = await model.slope(
      feeds,
      start.map((p) => p + 0.01),
      request,
    );
    const shift = 0.01 * column(1).reduce((sum, w) => sum + w, 0);
    expect(value).toBeCloseTo(0.5 * (4 * shift) ** 2, 5);
  });

  it("an action's cross-entropy and the divergence have the slopes of their formulas", async () => {
    const entropy = await modelOf(actions, "choice");
    const distance = await modelOf(actions, "distance");
    const before = await entropy.outputsAt(feeds, start);
    const p = slowSoftmax(before);
    const moved = start.map((value, i) => value + 0.05 * Math.sin(i));
    const now = slowSoftmax(await entropy.outputsAt(feeds, moved));
    const slopeOf = (toLogits: readonly number[]) =>
      Array.from({ length: PIXELS }, (_, i) => toLogits.reduce((sum, g, j) => sum + g * MATRIX[3 * i + j]!, 0));
    const choice = await entropy.slope(feeds, moved, { before, weights: one(1) });
    expect(choice.value).toBeCloseTo(-Math.log(now[1]!), 5);
    expect(relativeError(choice.gradient, slopeOf(now.map((value, j) => value - Number(j === 1))))).toBeLessThan(1e-4);
    const away = await distance.slope(feeds, moved, { before, weights: one(0) });
    expect(away.value).toBeCloseTo(
      p.reduce((sum, value, j) => sum + value * Math.log(value / now[j]!), 0),
      5,
    );
    expect(relativeError(away.gradient, slopeOf(now.map((value, j) => value - p[j]!)))).toBeLessThan(1e-3);
  });

  it("probabilities are attacked as their logits", async () => {
    const probabilities: Subject = { ...subjectOf([x, q], b.softmax(linear)), distribution: "probabilities" };
    for (const objective of ["choice", "distance"] as const) {
      const [one1, two] = [await modelOf(actions, objective), await modelOf(probabilities, objective)];
      const moved = start.map((value, i) => value + 0.05 * Math.cos(i));
      const slopes = [];
      for (const model of [one1, two]) {
        const before = await model.outputsAt(feeds, start);
        slopes.push((await model.slope(feeds, moved, { before, weights: one(2) })).gradient);
      }
      expect(relativeError(slopes[1]!, slopes[0]!)).toBeLessThan(1e-3);
    }
  });

  it("nothing leaves the image's range", async () => {
    const model = await modelOf(torques, "output");
    const before = await model.outputsAt(feeds, start);
    for (const name of ["fgsm", "pgd", "mi-fgsm"] as const) {
      const changed = await ATTACKS[name].run(model, { feeds, image: start, before, weights: one(0), epsilon: 0.8 });
      expect(Array.from(changed)).toEqual(column(0).map((w) => (w > 0 ? 1 : 0)));
    }
  });

  it("a random start decides the direction, and follows the seed alone", async () => {
    const model = await modelOf(subjectOf([x, q], b.slice(linear, 1, 1, 2)), "distance");
    const before = await model.outputsAt(feeds, start);
    const run = async (seed: number) => {
      const request = { feeds, image: start, before, weights: Float32Array.of(1), epsilon, seed };
      return Array.from(await ATTACKS.mad.run(model, request));
    };
    const ways = [];
    for (let seed = 0; seed < 12; seed++) ways.push((await run(seed))[0]! > start[0]!);
    expect(new Set(ways).size).toBe(2);
    expect(await run(3)).toEqual(await run(3));
  });
});

describe("the smallest attack", () => {
  const unit = 1 / 255;
  const limits = [1, 2, 0.5];

  it.each(["fgsm", "pgd", "mi-fgsm"] as const)("by %s has the level that the weights ask for", async (name) => {
    const model = await modelOf(torques, "output");
    const request = { feeds, image: start, unit, most: 255, limits, part: 0.1, seed: 0 };
    const found = (await smallestAttack(model, ATTACKS[name], request))!;
    const needed = limits.map((limit, j) => (0.1 * limit) / norm(column(j)));
    expect(found.level).toBe(Math.ceil(Math.min(...needed) / unit));
    expect(found.output).toBe(needed.indexOf(Math.min(...needed)));
    const before = await model.outputsAt(feeds, start);
    expect(Math.abs(found.after[found.output]! - before[found.output]!)).toBeGreaterThanOrEqual(
      0.1 * limits[found.output]!,
    );
    expect(found.byNoise).toBeLessThan(20);
    // Whole steps of the unit, none larger than the level.
    const steps = Array.from(found.image, (value, i) => (value - start[i]!) / unit);
    for (const step of steps) expect(step).toBeCloseTo(Math.round(step), 3);
    expect(Math.max(...steps.map(Math.abs))).toBeCloseTo(found.level, 3);
  });

  it("flips an action where the gap of two logits is closed", async () => {
    const model = await modelOf(actions, "choice");
    const before = await model.outputsAt(feeds, start);
    const was = before.indexOf(Math.max(...before));
    const found = (await smallestAttack(model, ATTACKS.pgd, {
      feeds,
      image: start,
      unit,
      most: 255,
      limits: undefined,
      part: 0.1,
      seed: 0,
    }))!;
    expect(found.output).not.toBe(was);
    const gaps = [0, 1, 2]
      .filter((j) => j !== was)
      .map((j) => (before[was]! - before[j]!) / norm(column(j).map((w, i) => w - column(was)[i]!)));
    // Clipping aside, no smaller change can close the smallest gap.
    expect(found.level).toBeGreaterThanOrEqual(Math.ceil(Math.min(...gaps) / unit));
  });

  it("is undefined where the range does not allow one", async () => {
    const model = await modelOf(subjectOf([x, q], b.add(b.mul(linear, 1e-4), dense(q, 3, 4))), "output");
    const request = { feeds, image: start, unit, most: 255, limits, part: 0.1, seed: 0 };
    expect(await smallestAttack(model, ATTACKS.pgd, request)).toBeUndefined();
  });
});

describe("refusals in one line", () => {
  it("of names, and of policies without one image", async () => {
    expect(() => attackNamed("deepfool")).toThrow(`attack deepfool is unknown; known are ${ATTACK_NAMES.join(", ")}`);
    const state = subjectOf([q], dense(q, 2, 3));
    await expect(AttackModel.create(state, "output")).rejects.toThrow("the policy has no image to attack");
    const other = image("wrist", x.shape);
    const two = subjectOf(
      [x, other],
      b.add(dense(b.reshape(x, [1, PIXELS]), 2, 1), dense(b.reshape(other, [1, PIXELS]), 2, 2)),
    );
    await expect(AttackModel.create(two, "output")).rejects.toThrow(
      "several images, expected the name of one of image, wrist",
    );
    await expect(AttackModel.create(two, "output", { image: "front" })).rejects.toThrow(
      'no image named "front"; expected one of image, wrist',
    );
    const named = await AttackModel.create(two, "output", { image: "wrist" });
    expect(named.image.name).toBe("wrist");
    await named.release();
  });
});
