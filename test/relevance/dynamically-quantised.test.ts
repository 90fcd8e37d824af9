import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, it } from "vitest";
import { readModel } from "#src/graph/onnx-read.js";
import { writeModel } from "#src/graph/onnx-write.js";
import { topologicalOrder } from "#src/graph/value.js";
import { compile } from "#src/relevance/compile.js";
import type { Subject } from "#src/relevance/contract/subject.js";
import { float32 } from "#src/runtime/session.js";
import { relativeError } from "../evaluate.js";
import { plainSession } from "../plain-session.js";
import { modalityOf, subjectOf } from "./subjects.js";

/** Policies of onnxruntime's quantisers, and what they command there (test/reference/quantised.py). */
const FOLDER = "test/data/reference/quantised";

interface Golden {
  readonly operators: readonly string[];
  readonly float: string;
  readonly cases: readonly {
    readonly inputs: Readonly<
      Record<string, { readonly shape: readonly number[]; readonly values: readonly number[] }>
    >;
    readonly torque: readonly number[];
  }[];
}

const NAMES = readdirSync(FOLDER).flatMap((file) => (file.endsWith(".json") ? [file.slice(0, -5)] : []));
const golden = (name: string) => JSON.parse(readFileSync(join(FOLDER, `${name}.json`), "utf8")) as Golden;
const graphOf = (file: string) => readModel(readFileSync(join(FOLDER, file)), file);

const feedsOf = ({ inputs }: Golden["cases"][number]) =>
  Object.fromEntries(Object.entries(inputs).map(([name, { values, shape }]) => [name, float32(values, shape)]));

function policyOf(file: string): Subject {
  const graph = graphOf(file);
  const inputs = [...graph.inputs.values()];
  return subjectOf(inputs, graph.outputs.get("torque")!, inputs.map(modalityOf));
}

async function explained(subject: Subject, method: string, one: Golden["cases"][number]) {
  const session = await plainSession(compile(subject, { method, depth: "full" }).bytes);
  const importance = float32(
    one.torque.map(() => 1),
    [one.torque.length],
  );
  const outputs = await session.run({ ...feedsOf(one), "torquelens.importance": importance });
  await session.release();
  return (name: string) => Array.from(outputs[name]!.data as Float32Array);
}

const dot = (a: ArrayLike<number>, b: ArrayLike<number>) => Array.from(a).reduce((sum, x, i) => sum + x * b[i]!, 0);
const cosine = (a: ArrayLike<number>, b: ArrayLike<number>) => dot(a, b) / Math.sqrt(dot(a, a) * dot(b, b));

it("has every form in which the quantiser and the optimiser write them", () => {
  const operators = new Set(NAMES.flatMap((name) => golden(name).operators));
  const own = ["DynamicQuantizeMatMul", "DynamicQuantizeLSTM", "MatMulNBits"].map((op) => `com.microsoft.${op}`);
  for (const op of ["DynamicQuantizeLinear", "MatMulInteger", "ConvInteger", ...own]) expect(operators).toContain(op);
});

describe.each(NAMES)("%s", (name) => {
  const { cases, float } = golden(name);
  const subject = policyOf(`${name}.onnx`);

  it("commands what onnxruntime computes of the file", async () => {
    const session = await plainSession(writeModel(subject.graph));
    for (const one of cases) {
      const found = await session.run(feedsOf(one));
      expect(relativeError(found.torque!.data as Float32Array, one.torque)).toBeLessThan(1e-6);
    }
    await session.release();
  });

  it("is explained much as the dequantised network, whose values are not rounded", async () => {
    const twin = policyOf(float);
    for (const method of ["dtd", "gradient", "lrp-epsilon", "guided-backprop"])
      for (const one of cases) {
        const [mine, plain] = [await explained(subject, method, one), await explained(twin, method, one)];
        for (const input of subject.graph.inputs.keys()) {
          const [found, near] = [mine, plain].map((outputs) => outputs(`torquelens.relevance.${input}`));
          if (method === "dtd") expect(relativeError(found!, near!)).toBeLessThan(0.05);
          else expect(cosine(found!, near!), `${method} ${input}`).toBeGreaterThan(0.95);
        }
        if (method === "dtd") expect(mine("torquelens.residual")[0]).toBeLessThan(1e-5);
      }
  });

  it("has the rules of the dequantised network's layers", () => {
    const rulesOf = (of: Subject) =>
      compile(of, { method: "dtd" }).rules.flatMap(({ rule }) => (/^(eq|z|w²)/.test(rule) ? [rule] : []));
    expect(rulesOf(subject)).toEqual(rulesOf(policyOf(float)));
  });
});

/** A row of numbers after rounding to 256 steps of its own range, zero among them. */
function rounded(x: readonly number[]): number[] {
  const [low, high] = [Math.min(0, ...x), Math.max(0, ...x)].map(Math.fround) as [number, number];
  const step = Math.fround(Math.fround(high - low) / 255);
  const zero = Math.round(-low / step);
  return x.map((v) => (Math.min(255, Math.max(0, Math.round(v / step) + zero)) - zero) * step);
}

describe.each(["layers-uint8", "layers-channels", "layers-channels-fused"])("%s in plain numbers", (name) => {
  const { cases, float } = golden(name);
  const literals = topologicalOrder(graphOf(float).outputs.values()).flatMap(({ literal }) => literal ?? []);
  const [weights, biases] = [2, 1].map((rank) => literals.filter(({ shape }) => shape.length === rank));
  const SIZES = [6, 16, 12, 3];
  const layers = SIZES.slice(1).map((m, i) => {
    const [w, b] = [weights, biases].map((all) => all!.find(({ shape }) => shape.at(-1) === m)!.numbers());
    return { n: SIZES[i]!, m, w: (row: number, column: number) => w![row * m + column]!, b: b! };
  });
  const ACTIVATIONS = [(x: number) => Math.max(0, x), Math.tanh, (x: number) => x];
  const SLOPES = [(x: number) => Number(x > 0), (x: number) => 1 - Math.tanh(x) ** 2, () => 1];
  const range = (n: number) => Array.from({ length: n }, (_, i) => i);
  const sum = (values: readonly number[]) => values.reduce((a, b) => a + b, 0);

  /** Each layer's rounded input and its outputs before the activation. */
  function forward(state: readonly number[]) {
    let x = state;
    return layers.map(({ n, m, w, b }, i) => {
      const seen = rounded(x);
      const z = range(m).map((j) => sum(range(n).map((k) => seen[k]! * w(k, j))) + b[j]!);
      x = z.map(ACTIVATIONS[i]!);
      return { seen, z };
    });
  }

  it.each(range(cases.length))("case %i: gradient straight through, relevance by z⁺", async (i) => {
    const passes = forward(cases[i]!.inputs.state!.values);
    const torque = passes.at(-1)!.z;
    expect(relativeError(torque, cases[i]!.torque)).toBeLessThan(1e-5);
    let slopes = torque.map((t) => Math.sign(t));
    let amounts = torque.map(Math.abs);
    for (const [l, { n, m, w }] of [...layers.entries()].reverse()) {
      const { seen, z } = passes[l]!;
      const through = slopes.map((s, j) => s * SLOPES[l]!(z[j]!));
      slopes = range(n).map((k) => sum(range(m).map((j) => w(k, j) * through[j]!)));
      // Only the torques' layer selects contributions by a sign; elsewhere those that raise a unit count.
      const sign = (j: number) => (l === layers.length - 1 && torque[j]! < 0 ? -1 : 1);
      // Where all inputs that would raise a unit are zero, they share by their weights.
      const SILENT = 1e-10;
      const part = (k: number, j: number) => {
        const weight = sign(j) * w(k, j);
        return Math.max(0, seen[k]! * weight) + SILENT * Math.max(0, weight);
      };
      const totals = range(m).map((j) => sum(range(n).map((k) => part(k, j))));
      amounts = range(n).map((k) => sum(range(m).map((j) => (part(k, j) / totals[j]!) * amounts[j]!)));
    }
    const subject = policyOf(`${name}.onnx`);
    const found = async (method: string) => (await explained(subject, method, cases[i]!))("torquelens.relevance.state");
    expect(relativeError(await found("gradient"), slopes)).toBeLessThan(1e-4);
    expect(relativeError(await found("dtd"), amounts)).toBeLessThan(1e-4);
  });
});
