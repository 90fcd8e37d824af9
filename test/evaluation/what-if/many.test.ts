import { afterAll, describe, expect, it } from "vitest";
import { parseReplacement, replaced, type Sources, tiles } from "#src/evaluation/what-if/counterfactuals.js";
import { type Given, ManyObservations } from "#src/evaluation/what-if/many.js";
import { blankObservation } from "#src/explain/blank-observation.js";
import { Explainer } from "#src/explain/explainer.js";
import type { Observation } from "#src/explain/observation.js";
import { shippedPolicy } from "#src/package-files.js";
import { loadPolicy } from "#src/policy/policy.js";

const policy = await loadPolicy(shippedPolicy("reacher"));
const many = await ManyObservations.create(policy);
afterAll(() => many.release());

/** Observations that are unlike each other. */
const given = (i: number): Observation => {
  const blank = blankObservation(policy);
  const image = blank.images.image!;
  return {
    ...blank,
    first: true,
    images: { image: { ...image, data: image.data.map((_, k) => (k * 31 + i * 17) % 251) } },
    values: Object.fromEntries(
      Object.entries(blank.values).map(([name, value]) => [name, value.map((_, k) => Math.sin(i + k + name.length))]),
    ),
  };
};
const run = Array.from({ length: 5 }, (_, i) => given(i));
const sources: Sources = {
  now: run[2]!,
  run,
  at: (seconds) => run[seconds]!,
  other: (name) => run[Number(name.slice(3))]!,
};

describe("commands of many observations", () => {
  it("are those of one after another, in batches that are full and that are not", async () => {
    const explainer = await Explainer.create(policy, { levels: ["skip"], worker: false });
    const all = Array.from({ length: 19 }, (_, i) => given(i));
    const found = await many.commands(all);
    for (const [i, observation] of all.entries()) {
      const { torque } = await explainer.explain(observation);
      for (const [j, value] of torque.entries()) expect(found[i]![j]).toBeCloseTo(value, 5);
    }
    await explainer.close();
  });
});

describe("a counterfactual", () => {
  const numbers = (of: Given, modality: string) => Array.from(of.values[modality] ?? of.images[modality]!.data);
  const change = (modality: string, by: string) => replaced({ modality, by }, sources);

  it("replaces one modality and nothing else", () => {
    const changed = change("joint_velocity", "zero");
    expect(numbers(changed, "joint_velocity")).toEqual([0, 0]);
    for (const name of ["image", "joint_position"]) expect(numbers(changed, name)).toEqual(numbers(run[2]!, name));
  });

  it("takes its value from the run's mean, another time, or another run", () => {
    const mean = [0, 1].map((k) => run.reduce((sum, one) => sum + one.values.joint_position![k]! / 5, 0));
    numbers(change("joint_position", "mean"), "joint_position").forEach(
      (value, k) => void expect(value).toBeCloseTo(mean[k]!, 9),
    );
    expect(numbers(change("image", "at:4"), "image")).toEqual(numbers(run[4]!, "image"));
    expect(numbers(change("image", "run0"), "image")).toEqual(numbers(run[0]!, "image"));
  });

  it("replaces a region of an image alone", () => {
    const changed = replaced({ modality: "image", by: "zero", region: [3, 5, 4, 2] }, sources).images.image!;
    changed.data.forEach((value, k) => {
      const [x, y] = [Math.floor(k / 3) % changed.width, Math.floor(k / 3 / changed.width)];
      const isInside = x >= 3 && x < 7 && y >= 5 && y < 7;
      if (value !== (isInside ? 0 : run[2]!.images.image!.data[k])) expect.fail(`pixel ${x},${y} is ${value}`);
    });
  });

  it("blurs an image by means of squares", () => {
    const { width, data } = run[2]!.images.image!;
    const reach = Math.round(width / 16);
    const [x, y] = [40, 40];
    let sum = 0;
    for (let dy = -reach; dy <= reach; dy++)
      for (let dx = -reach; dx <= reach; dx++) sum += data[3 * ((y + dy) * width + x + dx)]!;
    const found = change("image", "blurred").images.image!.data[3 * (y * width + x)]!;
    expect(Math.abs(found - sum / (2 * reach + 1) ** 2)).toBeLessThanOrEqual(0.51);
  });

  it("has regions that cover an image once", () => {
    const count = new Uint8Array(25 * 17);
    for (const [x, y, width, height] of tiles({ width: 25, height: 17 }, 6))
      for (let row = y; row < y + height; row++)
        for (let column = x; column < x + width; column++) count[row * 25 + column]!++;
    expect(new Set(count)).toEqual(new Set([1]));
  });

  it.each([
    ["image", "expected MODALITY=WHAT"],
    ["sound=mean", 'no modality "sound"; expected image, joint_position'],
  ])("is refused in one line: %s", (text, message) => {
    expect(() =>
      parseReplacement(
        text,
        policy.modalities.map(({ name }) => name),
      ),
    ).toThrow(message);
  });

  it.each([
    ["joint_velocity", "blurred", "joint_velocity=blurred: expected an image"],
    ["image", "at:soon", "expected seconds from the run's start"],
  ])("is refused in one line: %s=%s", (modality, by, message) => {
    expect(() => change(modality, by)).toThrow(message);
  });
});
