// Pairs of method and network in test/data/reference/methods, and the error of the compiled relevance on each.
import { readdirSync, readFileSync } from "node:fs";
import { fileURLToPath } from "node:url";
import * as ort from "onnxruntime-node";
import { InputError } from "#src/errors.js";
import { subjectOf } from "#src/explain/subject.js";
import { parseCard } from "#src/policy/card.js";
import { loadModel, policyOf } from "#src/policy/policy.js";
import { compile } from "#src/relevance/compile.js";
import { METHODS, methodNamed } from "#src/relevance/methods.js";

const FOLDER = new URL("../test/data/reference/", import.meta.url);
const read = (path) => JSON.parse(readFileSync(new URL(path, FOLDER), "utf8"));

/** Every (network, method) with a reference; `exists` is true where the method is in the table. */
export function pairs() {
  return readdirSync(new URL("methods/", FOLDER))
    .filter((file) => file.endsWith(".json"))
    .sort()
    .flatMap((file) => {
      const { name, methods } = reference(file.slice(0, -".json".length));
      return Object.entries(methods).map(([spec, { source }]) => ({
        network: name,
        spec,
        source,
        exists: exists(spec),
      }));
    });
}

/** The reference of a network: its policy, an observation, relevance by method. DTD's relevance is part of the observation. */
const reference = once((network) => {
  const { name, policy, case: index, importance, methods } = read(`methods/${network}.json`);
  const { card, cases } = read(`${policy}.json`);
  const observed = cases[index];
  const dtd = observed.source && { dtd: { ...observed, source: SOURCES[observed.source] } };
  return { name, policy, card, inputs: observed.inputs, importance, methods: { ...dtd, ...methods } };
});

/** What is explained of a network. */
const subject = once(async (network) => {
  const { policy: path, card } = reference(network);
  const model = await loadModel(fileURLToPath(new URL(`${path}.onnx`, FOLDER)));
  return subjectOf(policyOf(model, { card: parseCard(JSON.stringify(card), network), source: network, folder: "." }));
});

/** Makes the result for a key once: the newest key's, since references are large and pairs stand by network. */
function once(make) {
  let last;
  return (key) => {
    if (last?.key !== key) last = { key, made: make(key) };
    return last.made;
  };
}

const SOURCES = { zennit: "zennit 0.5.1, dense float64", dense: "dense float64" };

function exists(spec) {
  if (!METHODS.some(({ name }) => name === spec.split(":")[0])) return false;
  try {
    methodNamed(spec);
    return true;
  } catch (error) {
    if (error instanceof InputError) return false;
    throw error;
  }
}

/**
 * Runs a method on a network. `error`: the largest difference from the reference divided by the largest value of the
 * tensor, over all tensors; `at`: the tensor with that error; `residual`: |ΣR − Σα|τ|| / Σα|τ|.
 */
export async function measure(network, spec) {
  const { card, inputs, importance, methods } = reference(network);
  const { bytes } = compile(await subject(network), { method: spec, depth: "full" });
  const options = { intraOpNumThreads: 1, interOpNumThreads: 1, logSeverityLevel: 3 };
  const session = await ort.InferenceSession.create(bytes, options);
  const feeds = Object.fromEntries(
    Object.entries(inputs).map(([name, array]) => [name, physical(tensor(array), card.inputs[name])]),
  );
  feeds["torquelens.importance"] = tensor({ dtype: "float32", shape: [importance.length], values: importance });
  const found = await session.run(feeds);
  await session.release();
  let worst = { error: 0, at: "" };
  for (const kind of ["relevance", "heatmap", "torque_relevance"])
    for (const [input, array] of Object.entries(methods[spec][kind] ?? {})) {
      const at = `torquelens.${kind}.${input}`;
      const error = distance(found[at]?.data ?? [], decode(array));
      if (!(error <= worst.error)) worst = { error, at };
    }
  return { ...worst, residual: found["torquelens.residual"].data[0] };
}

/** Undoes the normalisation of an image [1, C, H, W], because the compiled model normalises it. */
function physical(image, { mean, std }) {
  if (!mean) return image;
  const cells = image.data.length / mean.length;
  const data = image.data.map((x, i) => x * std[Math.floor(i / cells)] + mean[Math.floor(i / cells)]);
  return new ort.Tensor(image.type, data, image.dims);
}

function distance(found, golden) {
  if (found.length !== golden.length) return Number.NaN;
  let difference = 0;
  let scale = 0;
  for (let i = 0; i < golden.length; i++) {
    difference = Math.max(difference, Math.abs(found[i] - golden[i]));
    scale = Math.max(scale, Math.abs(golden[i]));
  }
  return Number.isFinite(difference) ? difference / Math.max(scale, 1e-30) : Number.NaN;
}

const ARRAYS = { float32: Float32Array, float64: Float64Array, uint8: Uint8Array, int64: BigInt64Array };

function decode({ dtype, values, base64 }) {
  if (values) return ARRAYS[dtype].from(values, dtype === "int64" ? BigInt : Number);
  const bytes = Buffer.from(base64, "base64");
  return new ARRAYS[dtype](bytes.buffer.slice(bytes.byteOffset, bytes.byteOffset + bytes.byteLength));
}

const tensor = (array) => new ort.Tensor(array.dtype, decode(array), array.shape);
