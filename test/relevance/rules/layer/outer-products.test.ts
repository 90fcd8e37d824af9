import { describe, expect, it } from "vitest";
import * as b from "#src/graph/build.js";
import { sizeOf } from "#src/graph/shape.js";
import { topologicalOrder, type Value } from "#src/graph/value.js";
import { compile } from "#src/relevance/compile.js";
import type { LayerRule } from "#src/relevance/contract/rules.js";
import { eq2 } from "#src/relevance/rules/layer/linear-rules.js";
import { outerProducts } from "#src/relevance/rules/layer/outer-products.js";
import { influential } from "#src/relevance/rules/layer/rap-rules.js";
import { alphaBetaRule, epsilonRule, gammaRule, zPlusRule } from "#src/relevance/rules/layer/signed-rules.js";
import { float32 } from "#src/runtime/session.js";
import { evaluate, randoms, relativeError } from "../../../evaluate.js";
import * as oracle from "../../dense-oracle.js";
import { LAYERS } from "../../layers.js";
import { anyValues, compare, networkOf, SEEDS, zeros } from "../../matrices.js";
import { dense, explain, image, observation, subjectOf, weights } from "../../subjects.js";

const ROWS = 7;
const HOW = { epsilon: 0.1, bias: "absorb" } as const;

interface RuleCase {
  readonly rule: LayerRule;
  readonly expected: (given: oracle.DenseCase) => Float64Array;
  /** False for relevance of positive rules, which is never below zero. */
  readonly signed: boolean;
  readonly tolerance?: number;
}

const RULES: Readonly<Record<string, RuleCase>> = {
  rap: { rule: influential, expected: oracle.rap, signed: true },
  eq2: { rule: eq2, expected: oracle.eq2, signed: false },
  epsilon: {
    rule: epsilonRule(HOW),
    expected: (given) => oracle.epsilonRule(given, HOW),
    signed: true,
    tolerance: 3e-4,
  },
  gamma: {
    rule: gammaRule(0.25, HOW),
    expected: (given) => oracle.gammaRule(given, 0.25, HOW),
    signed: true,
    tolerance: 3e-4,
  },
  "z+": { rule: zPlusRule(HOW), expected: (given) => oracle.alphaBetaRule(given, 1, HOW), signed: true },
  α2β1: {
    rule: alphaBetaRule(2, HOW),
    expected: (given) => oracle.alphaBetaRule(given, 2, HOW),
    signed: true,
    tolerance: 3e-4,
  },
};

const convolutions = Object.entries(LAYERS).filter(([name]) => name.startsWith("Conv"));

describe.each(convolutions)("%s, relevance of the same maps in all rows, against explicit matrices", (name, layer) => {
  const { shape } = layer;
  const size = sizeOf(shape);

  it.each(Object.entries(RULES))("%s", async (_, { rule, expected, signed, tolerance }) => {
    for (const seed of SEEDS) {
      const values = randoms(size, 50 + seed);
      const common = { input: anyValues(zeros(shape)), values, signed, expected, outer: true, rows: ROWS };
      await compare(rule, layer, seed, { ...common, ...(tolerance && { tolerance }) });
      const seen = values.map((v) => Math.max(v, 0));
      await compare(rule, layer, seed, { ...common, before: b.relu, seen, ...(tolerance && { tolerance }) });
    }
  });

  it("the adjoints of the channels are computed once for all rows, those of grouped convolutions for each", () => {
    const { y, layer: found, context } = networkOf(layer, 1, anyValues(zeros(shape)), b.relu);
    const channels = y.shape[1]!;
    const factor = b.input("factor", "float32", [ROWS, 1, channels, ...y.shape.slice(2).map(() => 1)]);
    const map = b.softmax(b.input("logits", "float32", y.shape), -1);
    const relevance = influential(found, b.mul(factor, map), context);
    const perRow = topologicalOrder([relevance]).filter(
      ({ op, inputs }) => op.startsWith("Conv") && inputs[0]!.shape[0] === ROWS,
    );
    expect(perRow.length > 0).toBe(name.includes("grouped"));
  });
});

describe("amounts that are sums of outer products", () => {
  const { context } = networkOf(LAYERS["Conv, bias"]!, 1, anyValues(zeros([1, 2, 5, 4])), b.relu);
  const [rows, channels, cells] = [4, 3, 10];
  const factor = (name: string) => b.input(name, "float32", [rows, 1, channels, 1, 1]);
  const [f, g] = [factor("f"), factor("g")];
  const [p, q] = ["p", "q"].map((name) => b.softmax(b.input(name, "float32", [1, channels, 2, 5]), -1)) as [
    Value,
    Value,
  ];
  const z = b.input("z", "float32", [1, channels, 2, 5]);
  const seen = b.greater(z, 0.1);
  const feeds = {
    ...Object.fromEntries([f, g].map(({ name, shape }, i) => [name, float32(randoms(rows * channels, i), shape)])),
    ...Object.fromEntries(
      ["p", "q"].map((name, i) => [name, float32(randoms(channels * cells, 9 + i), [1, channels, 2, 5])]),
    ),
    z: float32(randoms(channels * cells, 20, 0.05, 1), z.shape),
  };
  const [pLogits, qLogits] = [p, q].map(({ node }) => node.inputs[0]!) as [Value, Value];
  const inputs = [f, g, pLogits, qLogits, z];
  const plain = b.mul(f, p);

  it.each<[string, Value, number]>([
    ["a product", plain, 1],
    ["a quotient", b.div(plain, z), 1],
    ["what a condition leaves", b.where(seen, b.div(plain, z), 0), 1],
    ["the part above zero", b.relu(plain), 1],
    ["the part below zero, of the same map", b.sub(plain, b.relu(plain)), 1],
    ["a sum over one map", b.add(plain, b.mul(p, g)), 1],
    ["a sum over two maps", b.add(plain, b.mul(g, q)), 2],
    ["a difference over two maps", b.sub(b.div(plain, z), b.mul(g, q)), 2],
  ])("%s", async (_, amount, count) => {
    const products = outerProducts(amount, context)!;
    expect(products).toHaveLength(count);
    for (const { rows: factors, map } of products)
      expect([factors.shape, map.shape]).toEqual([
        [rows, 1, channels, 1, 1],
        [1, channels, 2, 5],
      ]);
    const again = products.map(({ rows: factors, map }) => b.mul(factors, map)).reduce((x, y) => b.add(x, y));
    const found = await evaluate(inputs, { amount, again }, feeds);
    expect(relativeError(found.again!, found.amount!)).toBeLessThan(1e-6);
  });

  it.each<[string, Value]>([
    ["an input of its own rows", b.input("any", "float32", [rows, 1, channels, 2, 5])],
    ["the part above zero of a map of either sign", b.relu(b.mul(f, z))],
    ["the part above zero of a sum over two maps", b.relu(b.add(plain, b.mul(g, q)))],
    ["the size", b.abs(plain)],
    ["a condition of its own for each row", b.where(b.greater(plain, 0), plain, 0)],
    ["a factor for each row and cell", b.mul(b.input("any", "float32", [rows, 1, channels, 2, 5]), p)],
    ["a product with rows only", b.mul(b.input("one", "float32", [rows, 1, 1, 1, 1]), b.expand(z, [rows, 1, 3, 2, 5]))],
  ])("%s is none", (_, amount) => {
    expect(outerProducts(amount, context)).toBeUndefined();
  });
});

/** Ways to write expected coordinates of maps [C, cells]. */
const FORMS: Readonly<Record<string, (p: Value, grid: Value) => Value>> = {
  "a product with the grid": (p, grid) => b.matmul(p, grid),
  "products and sums": (p, grid) =>
    b.concat(
      [0, 1].map((axis) => b.sum(b.mul(p, b.transpose(b.slice(grid, 1, axis, axis + 1), [1, 0])), [1], true)),
      1,
    ),
  "one product and sum": (p, grid) => {
    const [channels, cells] = p.shape as [number, number];
    return b.sum(b.mul(b.reshape(p, [channels, 1, cells]), b.transpose(grid, [1, 0])), [2]);
  },
};

const PICTURE = { kind: "image", name: "image", input: "image" } as const;

describe.each(Object.entries(FORMS))("a policy with a soft-argmax as %s", (_, form) => {
  const picture = image("image", [1, 3, 9, 9]);
  const [torques, channels, cells] = [6, 5, 25];
  const features = b.relu(b.conv(picture, weights([4, 3, 3, 3], 1)));
  const logits = b.reshape(b.conv(features, weights([channels, 4, 3, 3], 2)), [channels, cells]);
  const points = b.reshape(form(b.softmax(logits), weights([cells, 2], 3)), [1, 2 * channels]);
  const subject = subjectOf([picture], dense(b.relu(dense(points, 8, 4)), torques, 5));
  const feeds = observation([picture]);

  it.each(["rap", "dtd", "lrp-alpha-beta", "lrp-gamma", "rap:soft-argmax=winner"])(
    "%s: each torque's heatmap is that of the torque alone, which has one row",
    async (method) => {
      const [all] = await explain(subject, feeds, { method, depth: "per-torque" });
      const maps = all!["torquelens.torque_heatmap.image"]!;
      const size = maps.length / torques;
      for (let j = 0; j < torques; j++) {
        const torque = b.slice(subject.graph.outputs.get("torque")!, 1, j, j + 1);
        const alone = { ...subject, graph: { ...subject.graph, outputs: new Map([["torque", torque]]) } };
        const [one] = await explain(alone, feeds, { method, depth: "per-torque" });
        const expected = one!["torquelens.torque_heatmap.image"]!;
        expect(relativeError(maps.subarray(j * size, (j + 1) * size), expected)).toBeLessThan(2e-5);
      }
    },
  );

  it("dtd behind the first convolution, whose pixels' bounds have one weight for all channels, too", async () => {
    const range = { ...PICTURE, layout: "NCHW", range: [0, 1] } as const;
    const first = b.reshape(b.relu(b.conv(picture, weights([channels, 3, 5, 5], 6))), [channels, cells]);
    const points = b.reshape(form(b.softmax(first), weights([cells, 2], 3)), [1, 2 * channels]);
    const torque = dense(b.relu(dense(points, 8, 4)), torques, 5);
    const all = subjectOf([picture], torque, [range]);
    const [found] = await explain(all, feeds, { method: "dtd", depth: "per-torque" });
    const maps = found!["torquelens.torque_heatmap.image"]!;
    const size = maps.length / torques;
    for (let j = 0; j < torques; j++) {
      const alone = subjectOf([picture], b.slice(torque, 1, j, j + 1), [range]);
      const [one] = await explain(alone, feeds, { method: "dtd", depth: "per-torque" });
      const expected = one!["torquelens.torque_heatmap.image"]!;
      expect(relativeError(maps.subarray(j * size, (j + 1) * size), expected)).toBeLessThan(2e-5);
    }
  });

  it("rap has a convolution for each torque only at the image", () => {
    const { graph } = compile(subject, { method: "rap", depth: "heatmap" });
    const perTorque = topologicalOrder(graph.outputs.values()).filter(
      ({ op, inputs }) => op.startsWith("Conv") && inputs[0]!.shape[0] === torques,
    );
    expect(perTorque).toHaveLength(1);
  });
});
