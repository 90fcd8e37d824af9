import { describe, expect, it } from "vitest";
import { ATTACKS } from "#src/attack/attacks.js";
import { AttackModel } from "#src/attack/model.js";
import { smallestAttack } from "#src/attack/smallest.js";
import { Explainer } from "#src/explain/explainer.js";
import { feedsOf } from "#src/explain/feeds.js";
import { subjectOf } from "#src/explain/subject.js";
import { Session } from "#src/runtime/session.js";
import { relativeError } from "../evaluate.js";
import { policy } from "../explain/policies.js";
import { explain } from "../relevance/subjects.js";
import { CHOICES, type ChooserOutput, chooser, observed } from "./heads.js";

/** Policies that choose, explained by changing their image, and attacked. */

const choosing = (output: ChooserOutput) => {
  const { bytes, card } = chooser(output);
  return policy(bytes, card);
};
const FORMS: readonly ChooserOutput[] = ["logits", "softmax", "mixture"];
const NONE = new Float64Array(0);
/** Differences of nearly equal outputs, with and without onnxruntime's optimisation of the graph. */
const TOLERANCE = 1e-3;

describe.each(FORMS)("a policy of %s", (form) => {
  it("is explained by perturbation and SARFA: the chosen action, or one that is named", async () => {
    const of = choosing(form);
    expect(subjectOf(of).distribution).toBe(form === "mixture" ? "probabilities" : "logits");
    for (const method of [
      "perturbation:radius=2,stride=4",
      "sarfa:radius=2,stride=4",
      "occlusion",
      "vanilla-gradient",
    ]) {
      const observation = { ...observed(of), importance: NONE };
      const [raw] = await explain(subjectOf(of), feedsOf(of, observation), { method, depth: "per-torque" });
      const each = raw!["torquelens.torque_heatmap.image"];
      const explainer = await Explainer.create(of, { method, worker: false, threads: 1 });
      const { torque, heatmaps, shares } = await explainer.explain(observation);
      await explainer.close();
      expect(shares[0]! + shares[1]!).toBeCloseTo(1, 5);
      const heatmap = heatmaps.image!.data;
      const chosen = torque.indexOf(Math.max(...torque));
      // The vanilla gradient is that of the policy as a whole.
      const expected = each
        ? each.slice(chosen * heatmap.length, (chosen + 1) * heatmap.length)
        : raw!["torquelens.heatmap.image"]!;
      expect(relativeError(heatmap, expected)).toBeLessThan(TOLERANCE);
      expect(heatmap.some((value) => value !== 0)).toBe(true);
      if (!each) continue;
      const other = CHOICES[(chosen + 1) % CHOICES.length]!;
      const named = await Explainer.create(of, { method, heatmapOf: other, worker: false, threads: 1 });
      const second = (await named.explain(observation)).heatmaps.image!.data;
      await named.close();
      const at = CHOICES.indexOf(other) * heatmap.length;
      expect(relativeError(second, each.slice(at, at + heatmap.length))).toBeLessThan(TOLERANCE);
    }
  });

  it("takes another action for the image that the smallest attack finds, in the untouched file too", async () => {
    const of = choosing(form);
    const feeds = feedsOf(of, observed(of));
    const image = Float32Array.from(feeds.image!.data as Uint8Array);
    const file = await Session.create(of.bytes);
    const taken = async (pixels: ArrayLike<number>) => {
      const found = await file.run({ ...feeds, image: { ...feeds.image!, data: Uint8Array.from(pixels) } }, ["policy"]);
      const values = found.policy!.data as Float32Array;
      return values.indexOf(Math.max(...values));
    };
    for (const objective of ["choice", "distance"] as const) {
      const model = await AttackModel.create(subjectOf(of), objective);
      const attack = objective === "choice" ? ATTACKS.pgd : ATTACKS.mad;
      const request = { feeds, image, unit: 1, most: 255, limits: undefined, part: 0.1, seed: 0 };
      const found = await smallestAttack(model, attack, request);
      await model.release();
      expect(found).toBeDefined();
      expect(await taken(image)).not.toBe(await taken(found!.image));
      expect(await taken(found!.image)).toBe(found!.output);
      const largest = found!.image.reduce((most, value, i) => Math.max(most, Math.abs(value - image[i]!)), 0);
      expect(largest).toBeLessThanOrEqual(found!.level);
    }
    await file.release();
  });
});
