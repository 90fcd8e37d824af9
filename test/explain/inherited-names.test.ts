import { expect, it } from "vitest";
import { explanationJson } from "#src/cli/output/explanation-json.js";
import { InputError } from "#src/errors.js";
import { Explainer } from "#src/explain/explainer.js";
import type { Observation } from "#src/explain/observation.js";
import { readModel } from "#src/graph/onnx-read.js";
import { parseCard } from "#src/policy/card.js";
import { methodNamed } from "#src/relevance/methods.js";
import { initializer, modelBytes, valueInfo } from "../graph/onnx-model.js";
import { jointObservation, policy } from "./policies.js";

/** Names that every object inherits, in place of plain ones. */
const INHERITED: Readonly<Record<string, string>> = {
  arm: "constructor",
  load: "toString",
  torque: "valueOf",
  hidden: "__proto__",
  bent: "hasOwnProperty",
  weights: "isPrototypeOf",
  position: "hasOwnProperty",
  extra: "constructor",
  shoulder: "__proto__",
  elbow: "toString",
};

/** A policy of two joints and a further value; `named` says what its parts are called. */
function policyNamed(named: (name: string) => string) {
  const [arm, load, torque, hidden, bent, weights] = ["arm", "load", "torque", "hidden", "bent", "weights"].map(named);
  const node = (op: string, inputs: string[], output: string) => ({ op, inputs, outputs: [output], name: output });
  const bytes = modelBytes({
    inputs: [valueInfo(arm!, "float32", [1, 2]), valueInfo(load!, "float32", [1, 1])],
    outputs: [valueInfo(torque!, "float32", [1, 2])],
    initializers: [
      initializer(weights!, "float32", [2, 3], [1, -2, 0.5, 0.25, 1, -1]),
      initializer("last", "float32", [3, 2], [1, 0.5, -0.75, 2, 1, 1]),
      initializer("row", "float32", [1, 2], [0.5, -0.25]),
    ],
    nodes: [
      node("MatMul", [arm!, weights!], hidden!),
      node("Relu", [hidden!], bent!),
      node("MatMul", [bent!, "last"], "product"),
      node("MatMul", [load!, "row"], "shift"),
      node("Add", ["product", "shift"], torque!),
    ],
  });
  const [position, extra, ...joints] = ["position", "extra", "shoulder", "elbow"].map(named);
  return policy(bytes, {
    torquelens_card: 1,
    name: "names",
    control_period: 0.05,
    joints,
    torque: { output: torque, limits: 1 },
    inputs: {
      [arm!]: [{ modality: position, start: 0, elements: joints, quantity: "joint_position" }],
      [load!]: [{ modality: extra, start: 0, size: 1, quantity: "other" }],
    },
  });
}

const observationNamed = (named: (name: string) => string): Observation => ({
  ...jointObservation(0, 0),
  importance: Float64Array.of(1, 1),
  values: { [named("position")]: Float64Array.of(0.7, -0.3), [named("extra")]: Float64Array.of(2) },
});

/** What an explanation says, its names left out. */
async function figures(named: (name: string) => string, method: string) {
  const explainer = await Explainer.create(policyNamed(named), {
    worker: false,
    threads: 1,
    budget: 1e6,
    method: methodNamed(method),
  });
  try {
    const found = await explainer.explain(observationNamed(named));
    const { torque, relevance, shares, flags, level } = found;
    const [own, loads] = [relevance[named("position")], relevance[named("extra")]];
    const printed = JSON.parse(JSON.stringify(explanationJson(found, 0n))) as { readonly shares: object };
    return { torque, own, loads, shares, flags, level, printed: Object.entries(printed.shares) };
  } finally {
    await explainer.close();
  }
}

it.each(["dtd", "gradient-x-input", "lrp-epsilon", "deeplift"])(
  "%s gives a policy whose parts have inherited names what it gives one with plain names",
  async (method) => {
    const named = (name: string) => INHERITED[name]!;
    const { printed, ...inherited } = await figures(named, method);
    const { printed: plainly, ...plain } = await figures((name) => name, method);
    expect(inherited).toEqual(plain);
    expect(inherited.own).toHaveLength(2);
    expect(printed).toEqual(plainly.map(([name, share]) => [named(name), share]));
  },
);

it("an input or output named __proto__ is refused", () => {
  const bytes = (input: string, output: string) =>
    modelBytes({
      inputs: [valueInfo(input, "float32", [1, 2])],
      outputs: [valueInfo(output, "float32", [1, 2])],
      nodes: [{ op: "Relu", inputs: [input], outputs: [output] }],
    });
  expect(() => readModel(bytes("__proto__", "y"), "p.onnx")).toThrow(
    new InputError("p.onnx: an input cannot be named __proto__"),
  );
  expect(() => readModel(bytes("x", "__proto__"), "p.onnx")).toThrow(
    new InputError("p.onnx: an output cannot be named __proto__"),
  );
});

it.each(["constructor", "toString", "hasOwnProperty", "__proto__"])(
  "an operator or attribute named %s is unknown",
  (name) => {
    const bytes = (op: string, attributes: Readonly<Record<string, number>>) =>
      modelBytes({
        inputs: [valueInfo("x", "float32", [1, 2])],
        outputs: [valueInfo("y", "float32", [1, 2])],
        nodes: [{ op, inputs: ["x"], outputs: ["y"], attributes }],
      });
    expect(() => readModel(bytes(name, {}), "p.onnx")).toThrow(`operator ${name} is not supported`);
    expect(() => readModel(bytes("Relu", Object.fromEntries([[name, 1]])), "p.onnx")).toThrow(
      new RegExp(`^p\\.onnx: node "y" \\(Relu\\): [^\\n]*${name}`),
    );
  },
);

it.each(["inputs", "reference", "state", "training"])("a card with __proto__ in %s is refused", (key) => {
  expect(() => parseCard(`name: a\n${key}:\n  __proto__: zero\n`, "c.yaml")).toThrow(
    new InputError("c.yaml: not YAML, line 3: a key cannot be __proto__"),
  );
});

it.each(["constructor", "toString", "__proto__"])("a method, or an option, named %s is unknown", (name) => {
  expect(() => methodNamed(name)).toThrow(new RegExp(`^method ${name} is unknown; known are dtd, `));
  expect(() => methodNamed(`dtd:${name}=1`)).toThrow(
    new InputError(`method dtd: unknown option ${name}, expected one of first, soft-argmax`),
  );
});
