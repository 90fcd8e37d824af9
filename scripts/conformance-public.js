// Compares trained policies of public packages with PyTorch and onnxruntime, and writes their table in docs/conformance.md:
//   python test/reference/public_policies.py OUT && npm run conformance:public -- OUT
import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import * as ort from "onnxruntime-node";
import { InputError } from "#src/errors.js";
import { loadModel } from "#src/policy/policy.js";
import { compile } from "#src/relevance/compile.js";
import { largest, rounded, TOLERANCE, table, writeSections } from "./conformance-table.js";

/** With references of PyTorch. */
const COMPARED = ["gradient", "gradient-x-input", "integrated-gradients", "dtd"];
/** Their residual is rounding only. */
const CONSERVING = ["dtd", "excitation-backprop"];
const SESSION = { intraOpNumThreads: 1, interOpNumThreads: 1, logSeverityLevel: 3 };

const [folder] = process.argv.slice(2);
if (!folder)
  throw new Error("usage: npm run conformance:public -- FOLDER, written by test/reference/public_policies.py");

/** Largest errors and residuals of one policy over its observations, and the squashes that it ends in. */
async function measure(path, { torque, inputs, cases }) {
  const model = await loadModel(path);
  const modalities = Object.entries(inputs).map(([input, { shape }]) => {
    const size = shape.reduce((a, b) => a * b);
    return {
      kind: "values",
      name: input,
      input,
      start: 0,
      size,
      reference: { kind: "zero", values: new Float32Array(size) },
    };
  });
  const subject = { graph: model.graph, sha256: model.sha256, torque, modalities, featurePoints: "policy" };
  const untouched = await ort.InferenceSession.create(path, SESSION);
  const errors = { torque: [] };
  const residuals = {};
  let squashes = [];
  for (const method of new Set([...COMPARED, ...CONSERVING])) {
    const { bytes, rules } = compile(subject, { method, depth: "full" });
    squashes = rules.flatMap(({ op, activation, squash }) => (squash ? [activation ?? op] : []));
    const session = await ort.InferenceSession.create(bytes, SESSION);
    for (const observed of cases) {
      const feeds = feedsOf(observed.inputs, inputs);
      const commanded = (await untouched.run(feeds, [torque]))[torque].data;
      const importance = new ort.Tensor("float32", new Float32Array(commanded.length).fill(1), [commanded.length]);
      const results = await session.run({ ...feeds, "torquelens.importance": importance });
      errors.torque.push(distance(results[torque].data, commanded));
      if (observed.torque) errors.torque.push(distance(commanded, observed.torque));
      for (const [input, rows] of Object.entries(observed.methods?.[method] ?? {})) {
        const left = method === "dtd" ? observed.without_dtd : [];
        const compared = (values) => rowsWithout(left, values, commanded.length);
        const error = distance(compared(results[`torquelens.torque_relevance.${input}`].data), compared(rows));
        errors[method] = [...(errors[method] ?? []), error];
      }
      if (CONSERVING.includes(method))
        residuals[method] = [...(residuals[method] ?? []), results["torquelens.residual"].data[0]];
    }
    await session.release();
  }
  await untouched.release();
  return { errors, residuals, squashes };
}

const feedsOf = (values, inputs) =>
  Object.fromEntries(
    Object.entries(inputs).map(([name, { shape }]) => [
      name,
      new ort.Tensor("float32", Float32Array.from(values[name]), shape),
    ]),
  );

/** Rows [J, n] without those of some torques. */
const rowsWithout = (torques, values, joints) =>
  Array.from(values).filter((_, i) => !torques.includes(Math.floor((i * joints) / values.length)));

/** Largest difference over the largest value. */
function distance(found, expected) {
  if (found.length !== expected.length) return Number.NaN;
  let difference = 0;
  let scale = 0;
  for (let i = 0; i < found.length; i++) {
    if (!Number.isFinite(found[i])) return Number.NaN;
    difference = Math.max(difference, Math.abs(found[i] - expected[i]));
    scale = Math.max(scale, Math.abs(expected[i]));
  }
  return difference / Math.max(scale, 1e-30);
}

const found = [];
for (const file of readdirSync(folder).filter((name) => name.endsWith(".json"))) {
  const reference = JSON.parse(readFileSync(join(folder, file), "utf8"));
  try {
    found.push({ ...reference, ...(await measure(join(folder, `${reference.name}.onnx`), reference)) });
  } catch (error) {
    if (!(error instanceof InputError)) throw error;
    found.push({ ...reference, refused: error.message.replaceAll(`${folder}/`, "") });
  }
}

const head = ["policy", "of", "squash", "torque", ...COMPARED, ...CONSERVING.map((name) => `residual of ${name}`)];
const figures = (by, names) => names.map((name) => (by[name] ? rounded(largest(by[name])) : ""));
const rows = found.map(({ name, package: source, cases, refused, errors, residuals, squashes }) => {
  if (refused !== undefined) return [name, source, `refused: ${refused}`, ...head.slice(3).map(() => "")];
  const left = cases.flatMap(({ without_dtd = [] }) => without_dtd).length;
  const [torque, ...compared] = figures(errors, ["torque", ...COMPARED]);
  const dtd =
    left > 0 ? `${compared.pop()} (${left} of ${cases.length * cases[0].torque.length} torques left out)` : [];
  return [
    name,
    source,
    squashes.join(", ") || "none",
    torque,
    ...compared,
    dtd,
    ...figures(residuals, CONSERVING),
  ].flat();
});
const text = table(head, rows);
writeSections({ public: text });
console.log(text);
const differing = found.filter(({ errors = {} }) =>
  Object.values(errors)
    .flat()
    .some((error) => !(error < TOLERANCE)),
);
for (const { name } of differing) console.error(`differs: ${name}`);
process.exitCode = differing.length > 0 ? 1 : 0;
