// Compares policies of public packages with PyTorch, Captum, Zennit and onnxruntime, and writes their table in
// docs/conformance.md: trained ones, or with --random the packages' networks with random weights.
//   python test/reference/public_policies.py OUT && npm run conformance:public -- OUT
//   python test/reference/package_policies.py OUT && npm run conformance:public -- OUT --random
import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { parseArgs } from "node:util";
import * as ort from "onnxruntime-node";
import { InputError } from "#src/errors.js";
import { loadModel } from "#src/policy/policy.js";
import { compile } from "#src/relevance/compile.js";
import { largest, rounded, TOLERANCE, table, writeSections } from "./conformance-table.js";

/** With references, by the kind of policies. */
const COMPARED = {
  public: ["gradient", "gradient-x-input", "integrated-gradients", "dtd"],
  packages: [
    "gradient",
    "gradient-x-input",
    "integrated-gradients:steps=16",
    "guided-backprop:raw=true",
    "excitation-backprop",
  ],
};
/** Their residual is rounding only. */
const CONSERVING = ["dtd", "excitation-backprop"];
const SESSION = { intraOpNumThreads: 1, interOpNumThreads: 1, logSeverityLevel: 3 };

const { values, positionals } = parseArgs({ allowPositionals: true, options: { random: { type: "boolean" } } });
const [folder] = positionals;
if (!folder)
  throw new Error("usage: npm run conformance:public -- FOLDER [--random], written by test/reference/*_policies.py");
const section = values.random ? "packages" : "public";

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
  const refusals = {};
  let squashes = [];
  let constants = 0;
  const methods = new Set(cases.flatMap(({ methods = {} }) => Object.keys(methods)));
  for (const method of [...methods, ...CONSERVING.filter((name) => !methods.has(name))]) {
    const compiled = compiledOr(() => compile(subject, { method, depth: "full" }));
    if (compiled instanceof InputError) {
      refusals[method] = compiled.message;
      continue;
    }
    const { bytes, rules, sharers } = compiled;
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
      if (method === "dtd" && sharers.includes("constants"))
        constants = Math.max(constants, results["torquelens.shares"].data[sharers.indexOf("constants")]);
    }
    await session.release();
  }
  await untouched.release();
  if (errors.torque.length === 0) throw new InputError(Object.values(refusals)[0]);
  return { errors, residuals, refusals, squashes, constants };
}

function compiledOr(compiled) {
  try {
    return compiled();
  } catch (error) {
    if (error instanceof InputError) return error;
    throw error;
  }
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

const compared = COMPARED[section];
const head = ["policy", "of", "squash", "torque", ...compared, ...CONSERVING.map((name) => `residual of ${name}`)];
if (values.random) head.push("constants' share");
const figures = ({ errors, refusals }, names) =>
  names.map((name) => (errors[name] ? rounded(largest(errors[name])) : refusals[name] ? "refused" : ""));
const rows = found.map((policy) => {
  const { name, package: source, cases, refused, residuals, squashes, constants } = policy;
  if (refused !== undefined) return [name, source, `refused: ${refused}`, ...head.slice(3).map(() => "")];
  const left = cases.flatMap(({ without_dtd = [] }) => without_dtd).length;
  const part = left > 0 ? ` (${left} of ${cases.length * cases[0].torque.length} torques left out)` : "";
  return [
    name,
    source,
    squashes.join(", ") || "none",
    ...figures(policy, ["torque", ...compared]).map((text, i) => (compared[i - 1] === "dtd" ? `${text}${part}` : text)),
    ...figures({ errors: residuals, refusals: policy.refusals }, CONSERVING),
    ...(values.random ? [`${Math.round(100 * constants)} %`] : []),
  ];
});
for (const { name, refusals = {} } of found)
  for (const [method, reason] of Object.entries(refusals)) console.error(`${name}: ${method} refused: ${reason}`);
const text = table(head, rows);
writeSections({ [section]: text });
console.log(text);
const differing = found.filter(({ errors = {} }) =>
  Object.values(errors)
    .flat()
    .some((error) => !(error < TOLERANCE)),
);
for (const { name } of differing) console.error(`differs: ${name}`);
process.exitCode = differing.length > 0 ? 1 : 0;
