import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { isData } from "#src/graph/kinds.js";
import { OPERATORS } from "#src/graph/operators/index.js";
import { READABLE } from "#src/graph/readable.js";
import { TRAITS, type Traits } from "#src/graph/traits.js";
import { RENAMED } from "#src/graph/upgrade.js";
import { NODE_CASES } from "./cases/all.js";
import type { NodeCase, Operand } from "./cases/operands.js";
import { oracle } from "./run-case.js";

const OPS = Object.keys(OPERATORS);
const having = (fact: (traits: Traits) => boolean) => OPS.filter((op) => fact(TRAITS[op]!));

/** Cases of an operator whose data are floats, the same at every run. */
function casesOf(op: string, fits: (node: NodeCase) => boolean = () => true, count = 6): NodeCase[] {
  return fc
    .sample(NODE_CASES[op]!, { numRuns: 60, seed: 7 })
    .filter((node) => dataOf(op, node).every(({ dtype }) => dtype === "float32") && fits(node))
    .slice(0, count);
}

const dataOf = (op: string, { inputs }: NodeCase) =>
  inputs.filter((operand, i): operand is Operand => operand !== undefined && isData(op, i));

/** The node with the data changed, one call a data input. */
const withData = (op: string, node: NodeCase, change: (values: readonly number[], input: number) => number[]) => ({
  ...node,
  inputs: node.inputs.map((operand, i) =>
    operand && isData(op, i) ? { ...operand, values: change(operand.values, i) } : operand,
  ),
});

/** Values of the outputs that hold no indices. */
async function run(op: string, node: NodeCase): Promise<number[][]> {
  const results = await oracle(op, node);
  return results.flatMap(({ data }, i) => (i === TRAITS[op]!.index ? [] : [Array.from(data as Float32Array, Number)]));
}

/** Element types below zero: float32, int32, int64, float64. */
const SIGNED = new Set([1, 6, 7, 11]);

const sorted = (values: readonly number[]) => [...values].sort((a, b) => a - b);

it("has a row for every operator that can be read, and for no other", () => {
  const renamed = new Map(Object.entries(RENAMED));
  expect(Object.keys(TRAITS).sort()).toEqual([...new Set([...READABLE].map((op) => renamed.get(op) ?? op))].sort());
});

it("says of every operator of the graph what it computes", () => {
  for (const op of OPS) expect(["lowered", "source"], op).not.toContain(TRAITS[op]!.form);
});

describe("elements only change their place", () => {
  it.each(having(({ moves }) => moves !== undefined))("%s", async (op) => {
    const { moves } = TRAITS[op]!;
    const nodes = casesOf(op);
    expect(nodes.length).toBeGreaterThan(0);
    for (const node of nodes) {
      const given = dataOf(op, node).flatMap(({ values }) => Array.from(Float32Array.from(values)));
      const found = (await run(op, node)).flat();
      if (op === "Cast") continue;
      if (moves === "stay" || moves === "reshape") expect(found).toEqual(given);
      else if (moves === "permute" || moves === "join") expect(sorted(found)).toEqual(sorted(given));
      else if (moves === "repeat") expect(sorted([...new Set(found)])).toEqual(sorted([...new Set(given)]));
      else for (const x of found) if (moves === "pick" || x !== 0) expect(given).toContain(x);
    }
  });
});

describe("an output element depends on its own place alone", () => {
  it.each(having((t) => t.elementwise === true && t.form !== "integer" && !t.statistics))("%s", async (op) => {
    const nodes = casesOf(op, (node) => {
      const [first, ...others] = dataOf(op, node);
      return first!.values.length > 1 && others.every(({ shape }) => `${shape}` === `${first!.shape}`);
    });
    for (const node of nodes) {
      const place = Math.floor(dataOf(op, node)[0]!.values.length / 2);
      const change = withData(op, node, (values) => values.map((x, i) => (i === place ? x + 0.37 : x)));
      const [before, after] = [(await run(op, node))[0]!, (await run(op, change))[0]!];
      if (before.length !== dataOf(op, node)[0]!.values.length) continue;
      before.forEach((y, i) => {
        if (i !== place) expect(after[i]).toBe(y);
      });
    }
  });
});

describe("scaled back by its statistics, an output element is near the one at its place", () => {
  it.each(having(({ statistics }) => statistics !== undefined))("%s", async (op) => {
    const nodes = casesOf(op);
    expect(nodes.length).toBeGreaterThan(0);
    for (const node of nodes) {
      const [bytes, scale, zero] = await run(op, node);
      dataOf(op, node)[0]!.values.forEach((x, i) => {
        expect(Math.abs((bytes![i]! - zero![0]!) * scale![0]! - x)).toBeLessThanOrEqual(scale![0]! * 1.001);
      });
    }
  });
});

describe("a row depends on its own row alone", () => {
  it.each(having((t) => t.rowwise === true && t.form !== "integer"))("%s", async (op) => {
    for (const node of casesOf(op)) {
      const [x] = dataOf(op, node);
      const width = x!.shape.at(-1) ?? 1;
      const rows = x!.values.length / width;
      const before = (await run(op, node))[0]!;
      // Of a reduction or a softmax only over the last axis; of a product with as many rows as its first factor.
      const axis = node.attributes.axis ?? -1;
      const isLast = axis === -1 || axis === x!.shape.length - 1;
      const axes = node.inputs[1]?.dtype === "int64" ? node.inputs[1].values : undefined;
      const isLastOnly = axes?.length === 1 && (axes[0] === -1 || axes[0] === x!.shape.length - 1);
      if (op.startsWith("Reduce") ? !isLastOnly : !isLast || before.length % rows !== 0 || x!.shape.length < 2)
        continue;
      if (node.attributes.transA) continue;
      const change = withData(op, node, (values, i) => values.map((v, k) => (i === 0 && k === 0 ? v + 0.37 : v)));
      const after = (await run(op, change))[0]!;
      const each = before.length / rows;
      before.forEach((y, i) => {
        if (i >= each) expect(after[i]).toBeCloseTo(y, 5);
      });
    }
  });
});

describe("values lie in the range", () => {
  it.each(having(({ range }) => range !== undefined))("%s", async (op) => {
    for (const node of casesOf(op))
      for (const y of (await run(op, node)).flat()) {
        expect(y).toBeGreaterThanOrEqual(0);
        if (TRAITS[op]!.range === "unit") expect(y).toBeLessThanOrEqual(1 + 1e-6);
      }
  });
});

describe("the sign is kept, turned, or a product's", () => {
  const signed = (values: readonly number[], sign: number) => values.map((x) => sign * (Math.abs(x) + 0.01));
  it.each(having(({ sign }) => sign !== undefined))("%s", async (op) => {
    const { sign } = TRAITS[op]!;
    const isSigned = ({ attributes }: NodeCase) => op !== "Cast" || SIGNED.has(attributes.to as number);
    const plain = (node: NodeCase) =>
      isSigned(node) && (sign !== "product" || node.inputs.length < 3 || node.inputs[2] === undefined);
    const nodes = casesOf(op, plain);
    expect(nodes.length).toBeGreaterThan(0);
    for (const node of nodes)
      for (const first of [1, -1])
        for (const second of sign === "product" ? [1, -1] : [first]) {
          const change = withData(op, node, (values, i) => signed(values, i === 0 ? first : second));
          const expected = sign === "turned" ? -first : sign === "product" ? first * second : first;
          for (const y of (await run(op, change)).flat()) expect(expected * y).toBeGreaterThanOrEqual(0);
        }
  });
});

/** Largest distance of f(½(a + b)) from ½(f(a) + f(b)), where b is a with these data inputs changed. */
async function bend(op: string, node: NodeCase, inputs: readonly number[]): Promise<number> {
  const moved = (part: number) =>
    withData(op, node, (values, i) =>
      values.map((x, k) => (inputs.includes(i) ? x + part * Math.sin(3 * k + 1) * 0.8 : x)),
    );
  const [a, middle, b] = await Promise.all([0, 0.5, 1].map(async (part) => (await run(op, moved(part))).flat()));
  return Math.max(0, ...middle!.map((y, i) => Math.abs(y - 0.5 * (a![i]! + b![i]!)) / (1 + Math.abs(y))));
}

describe("affine in all data together", () => {
  it.each(having(({ form }) => form === "affine"))("%s", async (op) => {
    for (const node of casesOf(op)) {
      if (op === "Cast") continue;
      const all = node.inputs.flatMap((_, i) => (isData(op, i) ? [i] : []));
      expect(await bend(op, node, all)).toBeLessThan(1e-5);
    }
  });
});

describe("linear in one operand while the other is fixed", () => {
  it.each(having(({ form }) => form === "bilinear" || form === "quotient"))("%s", async (op) => {
    for (const node of casesOf(op))
      for (const i of TRAITS[op]!.form === "quotient" ? [0] : [0, 1])
        expect(await bend(op, node, [i])).toBeLessThan(1e-5);
  });
});

describe("curved: not affine", () => {
  it.each(having(({ form }) => form === "curved"))("%s", async (op) => {
    const bends = [];
    for (const node of casesOf(op, undefined, 12)) bends.push(await bend(op, node, [0]));
    expect(Math.max(...bends.filter(Number.isFinite))).toBeGreaterThan(1e-4);
  });
});

describe("chosen from the data, or near it", () => {
  it.each(having(({ form }) => form === "choice"))("%s", async (op) => {
    for (const node of casesOf(op)) {
      const given = dataOf(op, node).flatMap(({ values }) => Array.from(Float32Array.from(values)));
      for (const y of (await run(op, node)).flat()) expect(given).toContain(y);
    }
  });
  it.each(having(({ form }) => form === "rounded"))("%s", async (op) => {
    for (const node of casesOf(op)) {
      const { values } = dataOf(op, node)[0]!;
      const found = (await run(op, node)).flat();
      found.forEach((y, i) => {
        expect(Math.abs(y - values[i]!)).toBeLessThan(1 + 1e-6);
      });
    }
  });
});

describe("an index holds places", () => {
  it.each(having(({ index }) => index !== undefined))("%s", async (op) => {
    for (const node of casesOf(op))
      expect(["int64", undefined]).toContain((await oracle(op, node))[TRAITS[op]!.index!]?.type);
  });
});
