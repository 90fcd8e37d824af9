// A perturbation map by windows, by whole pictures, and by PyTorch: PYTHON=/path/to/python npm run bench:perturbation.
// See README.md beside this file.
import { execFileSync } from "node:child_process";
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { parseArgs } from "node:util";
import { better } from "#src/bench/cases.js";
import { sampleFeeds } from "#src/bench/feeds.js";
import { inChild } from "#src/bench/measuring.js";
import { busyWarning, ratiosOf } from "#src/bench/ratios.js";
import { columns } from "#src/cli/output/table.js";
import { subjectOf } from "#src/explain/subject.js";
import { writeModel } from "#src/graph/onnx-write.js";
import { topologicalOrder } from "#src/graph/value.js";
import { shippedPolicy } from "#src/package-files.js";
import { loadPolicy } from "#src/policy/policy.js";
import { compile } from "#src/relevance/compile.js";
import { Session } from "#src/runtime/session.js";
import { ppoRecipe } from "#src/train/ppo/recipes.js";
import { pixelSubject } from "./network.js";

/** The highway's network, and that of Mnih et al. (2015); random weights. */
const LAYERS = {
  highway: ppoRecipe("highway", {}).network,
  nature: {
    convolutions: [
      { filters: 32, kernel: 8, stride: 4 },
      { filters: 64, kernel: 4, stride: 2 },
      { filters: 64, kernel: 3, stride: 1 },
    ],
    hidden: 512,
  },
};

const { values, positionals } = parseArgs({
  allowPositionals: true,
  options: {
    threads: { type: "string", default: "2" },
    seconds: { type: "string", default: "3" },
    rounds: { type: "string", default: "3" },
    radius: { type: "string", default: "5" },
    stride: { type: "string", default: "5" },
    blur: { type: "string", default: "3" },
  },
});
const [threads, seconds, rounds] = [values.threads, values.seconds, values.rounds].map(Number);
const [radius, stride, blur] = [values.radius, values.stride, values.blur].map(Number);
const names = positionals.length > 0 ? positionals : [...Object.keys(LAYERS), "red-fetch-green"];
const method = `perturbation:radius=${radius},stride=${stride},blur=${blur},distance=square`;
const HEATMAP = "torquelens.heatmap.image";

for (const name of names) await compare(name);

async function compare(name) {
  const subject = name in LAYERS ? pixelSubject(LAYERS[name], 128, 9) : await shippedLogits(name);
  const models = Object.fromEntries(
    [
      ["windows", "auto"],
      ["whole", "whole"],
    ].map(([how, evaluate]) => [how, compile(subject, { method: `${method},evaluate=${evaluate}`, depth: "heatmap" })]),
  );
  const folder = mkdtempSync(join(tmpdir(), "torquelens-perturbation-"));
  try {
    const image = subject.graph.inputs.get("image");
    writeSetup(folder, subject, sampleFeeds([["image", image]]).image);
    const best = new Map();
    for (let round = 0; round < rounds; round++) {
      for (const [how, { bytes: model }] of Object.entries(models)) {
        const { measured } = await inChild({ model, threads, device: "cpu", seconds });
        best.set(how, better(best.get(how), measured));
      }
      if (process.env.PYTHON) best.set("PyTorch", better(best.get("PyTorch"), peer(folder)));
    }
    const [, , height, width] = image.shape;
    const atCentres = async (how) => {
      const map = await heatmap(models[how]);
      return Float32Array.from({ length: places(height) * places(width) }, (_, i) => map[centre(i, width)]);
    };
    const windows = await atCentres("windows");
    // The size of a change is √(2 · score).
    const [sizes, largest] = [windows.map((x) => Math.sqrt(2 * x)), await largestOutput(subject)];
    const from = (scores) => Math.max(...scores.map((x, i) => Math.abs(Math.sqrt(2 * x) - sizes[i]))) / largest;
    const differences = { whole: from(await atCentres("whole")) };
    if (process.env.PYTHON) differences.PyTorch = from(float32(readFileSync(join(folder, "scores.bin"))));
    print(name, subject, best, differences);
  } finally {
    rmSync(folder, { recursive: true });
  }
}

function places(extent) {
  return Math.ceil(extent / stride);
}

/** Pixel of a place of the grid. */
function centre(i, width) {
  const along = places(width);
  return Math.floor(i / along) * stride * width + (i % along) * stride;
}

/** A shipped policy whose logits are explained one by one, as PyTorch's outputs are. */
async function shippedLogits(name) {
  const { distribution: _, ...subject } = subjectOf(await loadPolicy(shippedPolicy(name)));
  const { graph, torque } = subject;
  return { ...subject, graph: { ...graph, outputs: new Map([[torque, graph.outputs.get(torque)]]) } };
}

async function largestOutput({ graph, torque }) {
  const session = await Session.create(writeModel(graph), { threads });
  const outputs = await session.run(sampleFeeds(graph.inputs));
  await session.release();
  return Math.max(...outputs[torque].data.map(Math.abs));
}

async function heatmap({ graph, bytes }) {
  const session = await Session.create(bytes, { threads });
  const outputs = await session.run(sampleFeeds(graph.inputs));
  await session.release();
  return outputs[HEATMAP].data;
}

function print(name, subject, best, differences) {
  const [, , height, width] = subject.graph.inputs.get("image").shape;
  const times = (how) => ({ wallMs: best.get(how).median_ms, cpuMs: best.get(how).cpu_ms });
  const rows = [...best].map(([how, measured]) => {
    const ratios = ratiosOf(times(how), times("windows"));
    return { how, measured, ratios };
  });
  const { version, how } = best.get("PyTorch") ?? {};
  console.log(`${name}: ${places(height) * places(width)} places on ${width} × ${height} pixels, ${threads} threads`);
  console.log(
    columns([
      ["", "ms", "ms of processors", "× wall", "× processors", "difference"],
      ...rows.map(({ how: row, measured, ratios }) => [
        row === "PyTorch" ? `PyTorch ${version}, ${how}` : row,
        measured.median_ms.toFixed(1),
        measured.cpu_ms.toFixed(1),
        ratios.wall.toFixed(2),
        ratios.cpu.toFixed(2),
        differences[row]?.toExponential(1) ?? "",
      ]),
    ]),
  );
  const busy = busyWarning(
    rows.map(({ how: row, measured, ratios }) => ({ name: row, ratios, others: measured.others })),
  );
  if (busy) console.error(`warning: ${busy}`);
}

function float32(bytes) {
  return new Float32Array(Uint8Array.from(bytes).buffer);
}

function peer(folder) {
  const script = fileURLToPath(new URL("peer.py", import.meta.url));
  const env = { ...process.env, CUDA_VISIBLE_DEVICES: "", OMP_NUM_THREADS: String(threads) };
  return JSON.parse(
    execFileSync(process.env.PYTHON, [script, folder, threads, seconds].map(String), { encoding: "utf8", env }),
  );
}

/** The network as a list of layers with their numbers, and the image. */
function writeSetup(folder, { graph, torque }, { shape, data }) {
  const numbers = [];
  let at = 0;
  const place = ({ shape: of, literal }) => {
    numbers.push(Float32Array.from(literal.numbers()));
    at += literal.size;
    return { at: at - literal.size, shape: of };
  };
  const layers = [];
  for (const { op, inputs, attributes } of topologicalOrder([graph.outputs.get(torque)])) {
    const constant = inputs.find((value) => value?.literal);
    if (op === "Conv") {
      const [, weight, bias] = inputs;
      layers.push({ kind: "convolution", weight: place(weight), bias: place(bias), stride: attributes.strides });
    } else if (op === "MatMul") layers.push({ kind: "dense", weight: place(constant) });
    else if (op === "Add") layers.at(-1).bias = place(constant);
    else if (op === "Relu") layers.push({ kind: "relu" });
    else if (op === "Reshape") layers.push({ kind: "flatten" });
    else if (!["Input", "Initializer", "Cast"].includes(op)) throw new Error(`${op}: expected a plain network`);
  }
  writeFileSync(join(folder, "setup.json"), JSON.stringify({ layers, image: shape, radius, stride, blur }));
  writeFileSync(join(folder, "numbers.bin"), Buffer.concat(numbers.map((part) => Buffer.from(part.buffer))));
  writeFileSync(join(folder, "image.bin"), data);
}
