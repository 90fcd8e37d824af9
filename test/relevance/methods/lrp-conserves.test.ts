import { describe, expect, it } from "vitest";
import * as b from "#src/graph/build.js";
import { relativeError } from "../../evaluate.js";
import { netA, netB } from "../../golden.js";
import { configuration, dense, explain, observation, subjectOf, weights } from "../subjects.js";

const METHODS = ["lrp-epsilon", "lrp-gamma", "lrp-alpha-beta", "epsilon-plus", "epsilon-gamma-box"];
const feedsOf = (subject: ReturnType<typeof netA>) => observation([...subject.graph.inputs.values()]);
const residual = async (subject: ReturnType<typeof netA>, method: string) =>
  (await explain(subject, feedsOf(subject), { method }))[0]!["torquelens.residual"]![0]!;

describe.each(METHODS)("%s", (name) => {
  it("conserves without biases, by mass and by winner", async () => {
    for (const rule of ["mass", "winner"])
      expect(await residual(netB(), `${name}:soft-argmax=${rule}`)).toBeLessThan(1e-3);
  });

  it("conserves where biases are ignored, and loses their part where they are not", async () => {
    const ignored = await residual(netA(), `${name}:bias=ignore`);
    expect(ignored).toBeLessThan(1e-3);
    expect(await residual(netA(), name)).toBeGreaterThan(10 * ignored);
  });

  it("equals a seed of τ with its sign flipped where τ is negative: the negated network gives the same", async () => {
    const plain = netB();
    const graph = { ...plain.graph, outputs: new Map([["torque", b.neg(plain.graph.outputs.get("torque")!)]]) };
    const [first] = await explain(plain, feedsOf(plain), { method: name });
    const [second] = await explain({ ...plain, graph }, feedsOf(plain), { method: name });
    for (const key of ["torquelens.relevance.image", "torquelens.torque_relevance.configuration"])
      expect(relativeError(second![key]!, first![key]!)).toBeLessThan(1e-5);
  });
});

it("a larger ε takes more", async () => {
  const x = configuration();
  const subject = subjectOf([x], dense(b.relu(b.add(dense(x, 6, 1), weights([6], 2))), 2, 3));
  const losses = [];
  for (const epsilon of [1e-6, 0.1, 10])
    losses.push(await residual(subject, `lrp-epsilon:epsilon=${epsilon},bias=ignore`));
  expect(losses[0]).toBeLessThan(1e-4);
  expect(losses[1]).toBeGreaterThan(losses[0]!);
  expect(losses[2]).toBeGreaterThan(losses[1]!);
});
