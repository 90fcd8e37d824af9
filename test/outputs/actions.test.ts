import { afterEach, describe, expect, test } from "vitest";
import { InputError } from "#src/errors.js";
import { Explainer, type ExplainerOptions } from "#src/explain/explainer.js";
import type { Explanation } from "#src/explain/explanation.js";
import { feedsOf } from "#src/explain/feeds.js";
import type { Policy } from "#src/policy/policy.js";
import { Session } from "#src/runtime/session.js";
import { policy } from "../explain/policies.js";
import { CHOICES, type ChooserOutput, chooser, observed } from "./heads.js";

/** A policy that chooses among actions: what its card may say, what is explained, and how it is weighed. */

const open: { close(): Promise<void> }[] = [];
afterEach(async () => {
  for (const one of open.splice(0)) await one.close();
});

const choosing = (output: ChooserOutput = "logits", change: object = {}): Policy => {
  const { bytes, card } = chooser(output, change);
  return policy(bytes, card);
};

async function explained(of: Policy, options: ExplainerOptions = {}, seed = 5): Promise<Explanation> {
  const explainer = await Explainer.create(of, { worker: false, threads: 1, ...options });
  open.push(explainer);
  return explainer.explain({ ...observed(of, seed), importance: new Float64Array(0) });
}

const softmax = (logits: ArrayLike<number>): number[] => {
  const all = Array.from(logits);
  const powers = all.map((z) => Math.exp(z - Math.max(...all)));
  return powers.map((power) => power / powers.reduce((x, y) => x + y));
};

const sum = (values: ArrayLike<number>): number => Array.from(values).reduce((x, y) => x + y, 0);
/** Σ R over everything that was explained. */
const total = ({ relevance, heatmaps }: Explanation): number =>
  [...Object.values(relevance), ...Object.values(heatmaps).map(({ data }) => data)].reduce(
    (all, of) => all + sum(of),
    0,
  );

const FORMS: readonly ChooserOutput[] = ["logits", "log-softmax", "softmax", "several heads"];

/** Observations for which the chosen action's logit is above zero, and below. */
const SEEDS = [5, 6, 7, 8, 9, 10] as const;

describe("what is explained", () => {
  test.each(FORMS)("%s: the logits", async (form) => {
    const of = choosing(form);
    expect(of.outputs).toEqual(
      CHOICES.map((name) => ({ name, kind: "action_logit", unit: "1", limit: undefined, reference: "zero" })),
    );
    const plain = await explained(choosing());
    const { torque, choice, importance } = await explained(of);
    torque.forEach((logit, a) => void expect(logit).toBeCloseTo(plain.torque[a]!, 5));
    softmax(torque).forEach((p, a) => void expect(choice!.probabilities[a]).toBeCloseTo(p, 6));
    const taken = torque.indexOf(Math.max(...torque));
    expect(choice!.chosen).toBe(CHOICES[taken]);
    expect([...importance]).toEqual(CHOICES.map((_, a) => Number(a === taken)));
  });

  test("probabilities that no softmax makes: themselves", async () => {
    const of = choosing("mixture");
    expect(of.outputs.map(({ kind }) => kind)).toEqual(CHOICES.map(() => "action_probability"));
    const { torque, choice } = await explained(of, { method: "gradient" });
    expect([...choice!.probabilities]).toEqual([...torque]);
    expect(sum(torque)).toBeCloseTo(1, 6);
  });

  test("the file's own outputs stay as they are", async () => {
    const of = choosing("softmax");
    const file = await Session.create(of.bytes);
    const found = await file.run(feedsOf(of, observed(of)));
    await file.release();
    const { choice } = await explained(of);
    [...(found.policy!.data as Float32Array)].forEach(
      (p, a) => void expect(choice!.probabilities[a]).toBeCloseTo(p, 6),
    );
  });
});

describe("relevance of the chosen action", () => {
  test.each(["dtd", "excitation-backprop", "rap"])("%s adds up to its logit", async (method) => {
    for (const seed of SEEDS) {
      const of = choosing();
      const explanation = await explained(of, { method }, seed);
      const { torque, choice, conservationResidual } = explanation;
      const logit = torque[CHOICES.indexOf(choice!.chosen as (typeof CHOICES)[number])]!;
      expect(total(explanation)).toBeCloseTo(logit, 4);
      expect(conservationResidual).toBeLessThan(1e-4);
    }
  });

  test("an action by name: that one's, adding up to its logit with its sign", async () => {
    const signs = new Set<number>();
    for (const name of CHOICES)
      for (const seed of SEEDS) {
        const explanation = await explained(choosing("softmax"), { heatmapOf: name }, seed);
        const logit = explanation.torque[CHOICES.indexOf(name)]!;
        signs.add(Math.sign(logit));
        expect(total(explanation)).toBeCloseTo(logit, 4);
        expect(explanation.heatmapOf).toBe(name);
      }
    expect([...signs].sort()).toEqual([-1, 1]);
  });
});

/** `why this rather than that` by a method that is linear in each logit and hands out all of it. */
const LINEAR = "lrp-epsilon:bias=ignore";

describe("why this rather than that", () => {
  const map = ({ heatmaps }: Explanation) => [...heatmaps.image!.data];
  const alone = (name: string) => explained(choosing(), { heatmapOf: name, method: LINEAR });

  test("is the difference of two logits", async () => {
    const [left, right] = [await alone("left"), await alone("right")];
    const found = await explained(choosing(), { contrast: "left", against: "right", method: LINEAR });
    expect([found.contrast, found.against]).toEqual(["left", "right"]);
    const largest = Math.max(...map(left).map(Math.abs));
    map(found).forEach((r, i) => void expect((r - map(left)[i]! + map(right)[i]!) / largest).toBeCloseTo(0, 4));
    expect(total(found)).toBeCloseTo(found.torque[0]! - found.torque[1]!, 3);
  });

  test("of the chosen one, where only the other is named", async () => {
    const { choice } = await explained(choosing());
    const other = CHOICES.find((name) => name !== choice!.chosen)!;
    const asked = await explained(choosing(), { contrast: choice!.chosen, against: other });
    const found = await explained(choosing(), { against: other });
    expect([found.contrast, found.against]).toEqual([choice!.chosen, other]);
    expect(map(found)).toEqual(map(asked));
    expect(found.importance).toEqual(asked.importance);
  });

  test("rather than all others is the mean of the differences", async () => {
    const each = await Promise.all(CHOICES.map((name) => alone(name)));
    for (const contrast of ["chosen", each[0]!.choice!.chosen]) {
      const found = await explained(choosing(), { contrast, method: LINEAR });
      const k = CHOICES.indexOf(found.contrast as (typeof CHOICES)[number]);
      const others = each.filter((_, a) => a !== k);
      const largest = Math.max(...map(each[k]!).map(Math.abs));
      map(found).forEach((r, i) => {
        const expected = map(each[k]!)[i]! - sum(others.map((other) => map(other)[i]!)) / 3;
        expect((r - expected) / largest).toBeCloseTo(0, 4);
      });
    }
  });

  test("the action that is asked about counts in shares too, at every level", async () => {
    const explainer = await Explainer.create(choosing(), { worker: false, levels: ["full", "shares"] });
    open.push(explainer);
    const seen = { ...observed(choosing()), importance: new Float64Array(0) };
    const byName = await explainer.explain(seen, { heatmapOf: "pickup", level: "shares" });
    expect([...byName.importance]).toEqual([0, 0, 0, 1]);
    expect(byName.heatmapOf).toBe("pickup");
    const row = [...byName.torqueShares].slice(6, 8);
    [...byName.shares].forEach((share, m) => void expect(share).toBeCloseTo(row[m]!, 6));
    const before = await explainer.explain(seen, { level: "shares" });
    expect(before.heatmapOf).toBeUndefined();
    expect([...before.shares]).not.toEqual([...byName.shares]);
  });

  test.each<[ExplainerOptions, string]>([
    [{ heatmapOf: "jump" }, "heatmap of action jump: expected one of left, right, forward, pickup, chosen"],
    [{ contrast: "jump" }, "contrast of action jump: expected one of left, right, forward, pickup, chosen"],
    [{ against: "jump" }, "contrast against action jump: expected one of left, right, forward, pickup, chosen"],
    [{ contrast: "left", against: "left" }, "contrast of action left against itself: expected another action"],
    [
      { heatmapOf: "left", against: "right" },
      "heatmap of action left and contrast of action chosen: expected one of the two",
    ],
  ])("%j", async (options, line) => {
    await expect(Explainer.create(choosing(), options)).rejects.toThrow(new InputError(line));
  });
});

describe("the card", () => {
  const refused = (actions: object, line: string, output: ChooserOutput = "logits", more: object = {}) =>
    expect(() => {
      const { card } = chooser(output) as unknown as { card: { actions: object } };
      choosing(output, { actions: { ...card.actions, ...actions }, ...more });
    }).toThrow(new InputError(line));

  test.each([
    [
      { names: ["a", "b", "c"] },
      "card: actions.names: found 3 names, expected 4, one per logit, or start, the first element of these actions: the output is float32 [1, 4]",
    ],
    [
      { names: ["a", "b", "a", "d"] },
      'card: actions.names[2]: found "a" again (first at 0), expected each action once',
    ],
    [{ names: ["a"] }, "card: actions.names: found one action, expected two or more to choose among"],
    [
      { names: ["a", "chosen", "c", "d"] },
      'card: actions.names[1]: found "chosen", expected another name: it stands for any action that is taken',
    ],
    [{ output: "probs" }, 'card: actions.output: the model has no output "probs", expected one of policy, value'],
    [
      { output: "value" },
      "card: actions.names: found 4 names, expected 1, one per logit, or start, the first element of these actions: the output is float32 [1, 1]",
    ],
    [{ start: 2 }, "card: actions.start: found 2, expected at most 0 for 4 names: the output is float32 [1, 4]"],
    [{ step: 1 }, "card: actions.step: found 1, expected none: it holds a single step: the output is float32 [1, 4]"],
    [{ values: "scores" }, 'card: actions.values: found "scores", expected logits or probabilities'],
  ])("%j", (actions, line) => refused(actions, line));

  test("logits that a softmax makes", () =>
    refused(
      { values: "logits" },
      'card: actions.values: found logits, expected probabilities: the output "policy" is that of a softmax',
      "softmax",
    ));

  test("beside torques", () =>
    refused({}, "card: actions: found beside torque, expected one of them", "logits", {
      torque: { output: "policy", limits: 1 },
      joints: ["a"],
    }));
});

describe("probabilities", () => {
  test("that are below zero are refused when the policy is loaded to be explained", async () => {
    const { card } = chooser() as unknown as { card: { actions: object } };
    const of = choosing("logits", { actions: { ...card.actions, values: "probabilities" } });
    await expect(explained(of)).rejects.toThrow(
      /^test\.onnx: rehearsal input 1 of 7: the probability of \w+ is -[\d.]+, expected 0 to 1$/,
    );
  });

  test("are looked at at every tick", async () => {
    const of = choosing("drifting");
    const explainer = await Explainer.create(of, { worker: false, method: "gradient" });
    open.push(explainer);
    const seen = { ...observed(of), importance: new Float64Array(0) };
    await explainer.explain(seen);
    const fast = { ...seen, tick: 7, values: { speed: Float64Array.of(100.5, 0) } };
    await expect(explainer.explain(fast)).rejects.toThrow(
      new InputError("test.onnx: tick 7: the probabilities of left, right, forward, pickup add up to 3, expected 1"),
    );
  });

  test("that do not add up to 1 are refused too", async () => {
    const { card } = chooser() as unknown as { card: { actions: object } };
    const names = CHOICES.slice(0, 3);
    const of = choosing("mixture", { actions: { ...card.actions, values: "probabilities", start: 0, names } });
    await expect(explained(of)).rejects.toThrow(
      /^test\.onnx: rehearsal input 1 of 7: the probabilities of left, right, forward add up to 0\.\d+, expected 1$/,
    );
  });
});
