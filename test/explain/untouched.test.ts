import { createHash } from "node:crypto";
import { afterEach, describe, expect, it } from "vitest";
import { InputError } from "#src/errors.js";
import { Explainer } from "#src/explain/explainer.js";
import { REHEARSALS, rehearsalFeeds } from "#src/explain/rehearsal.js";
import { subjectOf } from "#src/explain/subject.js";
import { checkTorque } from "#src/explain/untouched.js";
import { readModel } from "#src/graph/onnx-read.js";
import { parseCard } from "#src/policy/card.js";
import { type Policy, policyOf } from "#src/policy/policy.js";
import { compile } from "#src/relevance/compile.js";
import { randoms } from "../evaluate.js";
import { initializer, type ModelText, modelBytes, type NodeText, valueInfo } from "../graph/onnx-model.js";
import { reacherPolicy } from "./policies.js";

const WIDTH = 4;
const open: Explainer[] = [];
afterEach(async () => {
  for (const explainer of open.splice(0)) await explainer.close();
});

/** A policy of one joint that sees four numbers as `x`, [1, 4]; its torque is `torque`, [1, 1]. */
function policy(nodes: readonly NodeText[], text: ModelText = {}, card: object = {}): Policy {
  const bytes = modelBytes({
    nodes,
    inputs: [valueInfo("x", "float32", [1, WIDTH])],
    outputs: [valueInfo("torque", "float32", [1, 1])],
    ...text,
  });
  const sha256 = createHash("sha256").update(bytes).digest("hex");
  const model = { path: "test.onnx", bytes, sha256, graph: readModel(bytes, "test.onnx") };
  const whole = {
    torquelens_card: 1,
    name: "test",
    control_period: 0.05,
    joints: ["hinge"],
    torque: { output: "torque", limits: 1 },
    inputs: { x: [{ modality: "goal", start: 0, size: WIDTH }] },
    ...card,
  };
  return policyOf(model, { card: parseCard(JSON.stringify(whole), "card"), source: "card", folder: "." });
}

const node = (op: string, inputs: string[], output: string, attributes: NodeText["attributes"] = {}): NodeText => ({
  op,
  name: `the ${output}`,
  inputs,
  outputs: [output],
  attributes,
});

const weights = (name: string, shape: readonly number[], scale = 1) =>
  initializer(
    name,
    "float32",
    shape,
    randoms(
      shape.reduce((n, d) => n * d, 1),
      name.length + 7,
    ).map((x) => scale * x),
  );

/** Two layers; `scale` changes the weights of the second. */
const layers = (scale = 1) =>
  policy(
    [
      node("Gemm", ["x", "w1"], "hidden"),
      node("Tanh", ["hidden"], "active"),
      node("Gemm", ["active", "w2"], "second"),
      node("Relu", ["second"], "positive"),
      node("Gemm", ["positive", "w3"], "torque"),
    ],
    { initializers: [weights("w1", [WIDTH, 8]), weights("w2", [8, 8], scale), weights("w3", [8, 1])] },
  );

const explained = async (of: Policy, worker = false): Promise<readonly string[]> => {
  const explainer = await Explainer.create(of, { method: "gradient", worker, threads: 1 });
  open.push(explainer);
  return explainer.warnings;
};

describe("a graph that commands another torque than the file", () => {
  const wrong = (): Policy => ({ ...layers(), graph: layers(1.01).graph });
  const message = 'test.onnx: node "the second" (Gemm): its compiled form differs by up to ';

  it.each([true, false])("is an error that names the first node of another value (worker %s)", async (worker) => {
    const refused = explained(wrong(), worker);
    await expect(refused).rejects.toBeInstanceOf(InputError);
    await expect(refused).rejects.toThrow(message);
    await expect(refused).rejects.toThrow('and so the output "torque" differs by up to ');
  });

  it("is refused by compile too", async () => {
    const of = wrong();
    await expect(checkTorque(of, compile(subjectOf(of)))).rejects.toThrow(message);
  });

  it("is found where only the compiled model differs", async () => {
    const other = compile(subjectOf(layers(1.01)));
    await expect(checkTorque(layers(), other)).rejects.toThrow(message);
    expect(await checkTorque(layers(), compile(subjectOf(layers())))).toEqual([]);
  });

  it("is found where the torque is normalised outside the model", async () => {
    const card = { torque: { output: "torque", limits: 9, mean: [1], std: [3] } };
    const build = (scale: number) =>
      policy([node("Gemm", ["x", "w"], "torque")], { initializers: [weights("w", [WIDTH, 1], scale)] }, card);
    await expect(explained({ ...build(1), graph: build(1.01).graph })).rejects.toThrow('node "the torque" (Gemm)');
    const another = { ...build(1), graph: { ...build(1).graph } };
    const { graph } = policy(
      [node("Gemm", ["x", "w"], "torque")],
      { initializers: [weights("w", [WIDTH, 1])] },
      { torque: { ...card.torque, mean: [1.1] } },
    );
    await expect(explained({ ...another, graph })).rejects.toThrow("Add of its normalisation");
  });

  it("is found in a carried state", async () => {
    const build = (scale: number) =>
      policy(
        [node("Gemm", ["both", "w"], "after"), node("Concat", ["x", "memory"], "both", { axis: 1 })]
          .reverse()
          .concat([node("Gemm", ["x", "v"], "torque")]),
        {
          inputs: [valueInfo("x", "float32", [1, WIDTH]), valueInfo("memory", "float32", [1, 2])],
          outputs: [valueInfo("torque", "float32", [1, 1]), valueInfo("after", "float32", [1, 2])],
          initializers: [weights("w", [WIDTH + 2, 2], scale), weights("v", [WIDTH, 1])],
        },
        {
          inputs: {
            x: [{ modality: "goal", start: 0, size: WIDTH }],
            memory: [{ modality: "memory", start: 0, size: 2 }],
          },
          state: { memory: "after" },
        },
      );
    expect(await explained(build(1))).toEqual([]);
    await expect(explained({ ...build(1), graph: build(1.01).graph })).rejects.toThrow('node "the after" (Gemm)');
  });
});

describe("rounding is no difference", () => {
  /** A recurrent layer is unrolled when it is read, which rounds otherwise. */
  const layer: NodeText[] = [
    node("Reshape", ["x", "shape"], "sequence"),
    { op: "RNN", name: "layer", inputs: ["sequence", "w", "r"], outputs: ["", "h"], attributes: { hidden_size: 8 } },
    node("Reshape", ["h", "flat"], "state"),
    node("ReduceMean", ["state"], "mean", { axes: [1] }),
  ];
  const constants = [
    initializer("shape", "int64", [3], [WIDTH / 2, 1, 2]),
    initializer("flat", "int64", [2], [1, 8]),
    weights("w", [1, 8, 2]),
    weights("r", [1, 8, 8]),
    ...[4, 1, 1e7].map((value, i) => initializer(`c${i}`, "float32", [], [value])),
  ];
  /** x′ = 4x(1 − x), which doubles an error at every step. */
  const chaotic = (last: number) => {
    const steps = Array.from({ length: 60 }, (_, i) => [
      node("Sub", ["c1", `x${i}`], `rest${i}`),
      node("Mul", [`x${i}`, `rest${i}`], `product${i}`),
      node("Mul", ["c0", `product${i}`], `x${i + 1}`),
    ]).flat();
    const nodes = [...layer, node("Abs", ["mean"], "x0"), ...steps, node("Mul", ["x60", "last"], "torque")];
    return policy(nodes, { opset: 14, initializers: [...constants, initializer("last", "float32", [], [last])] });
  };

  it("in a network that is chaotic: a warning", async () => {
    expect(await explained(chaotic(1))).toEqual([
      expect.stringMatching(
        /^test\.onnx: the output "torque" differs by up to .* on rehearsal input \d of 7, where each node gives the same: it magnifies rounding$/,
      ),
    ]);
  });

  it("in a network with steps", async () => {
    const steps = policy(
      [
        ...layer,
        node("Mul", ["mean", "c2"], "large"),
        node("Floor", ["large"], "steps"),
        node("Div", ["steps", "c2"], "torque"),
      ],
      { opset: 14, initializers: constants },
    );
    for (const line of await explained(steps)) expect(line).toContain("magnifies rounding");
  });

  it("but a wrong node in a chaotic network is one", async () => {
    await expect(explained({ ...chaotic(1), graph: chaotic(1.001).graph })).rejects.toThrow('node "the torque" (Mul)');
  });

  it("NaN equals NaN", async () => {
    const nan = policy([node("Div", ["x", "x"], "ones"), node("ReduceMean", ["ones"], "torque", { keepdims: 1 })]);
    // The blank input gives 0 / 0.
    expect(await explained(nan)).toEqual([]);
  });
});

it("warns where onnxruntime refuses the file as it is", async () => {
  const batchFirst = policy(
    [
      node("Reshape", ["x", "shape"], "sequence"),
      {
        op: "RNN",
        name: "layer",
        inputs: ["sequence", "w", "r"],
        outputs: ["", "h"],
        attributes: { hidden_size: 1, layout: 1 },
      },
      node("Reshape", ["h", "flat"], "torque"),
    ],
    {
      opset: 14,
      initializers: [
        initializer("shape", "int64", [3], [1, WIDTH, 1]),
        initializer("flat", "int64", [2], [1, 1]),
        weights("w", [1, 1, 1]),
        weights("r", [1, 1, 1]),
      ],
    },
  );
  expect(await explained(batchFirst)).toEqual([
    expect.stringMatching(
      /^test\.onnx: its torque cannot be compared with the file's: onnxruntime refused the model: .*layout/,
    ),
  ]);
});

it("leaves out inputs that the file cannot take", async () => {
  const words = policy(
    [node("Gather", ["table", "token"], "row"), node("Reshape", ["row", "flat"], "torque")],
    {
      inputs: [valueInfo("token", "int64", [1])],
      initializers: [initializer("table", "float32", [1, 1], [2]), initializer("flat", "int64", [2], [1, 1])],
    },
    { inputs: { token: [{ modality: "token", start: 0, size: 1 }] } },
  );
  expect(await explained(words)).toEqual([]);
});

it("compares policies in physical units with their files", async () => {
  const slices = reacherPolicy().card.inputs.configuration as { elements?: string[]; size?: number }[];
  const normalised = slices.map((slice) => {
    const size = slice.elements?.length ?? slice.size ?? 0;
    return { ...slice, mean: Array<number>(size).fill(0.3), std: Array<number>(size).fill(1.7) };
  });
  const of = reacherPolicy({
    inputs: { ...reacherPolicy().card.inputs, configuration: normalised },
    torque: { output: "torque", limits: [5, 5], mean: [1, -1], std: [2, 3] },
  });
  expect(await explained(of)).toEqual([]);
});

describe("rehearsal inputs", () => {
  it("are the same every time, inside the card's ranges, and reach their ends", () => {
    const of = reacherPolicy();
    const pixels = new Set<number>();
    for (let i = 0; i < REHEARSALS; i++) {
      const feeds = rehearsalFeeds(of, i);
      expect(rehearsalFeeds(of, i)).toEqual(feeds);
      for (const pixel of feeds.image!.data as Uint8Array) pixels.add(pixel);
      expect(Array.from(feeds.configuration!.data as Float32Array).every(Number.isFinite)).toBe(true);
    }
    expect([pixels.has(0), pixels.has(255), pixels.size > 200]).toEqual([true, true, true]);
  });
});
