// What each method costs on policies with attention: milliseconds of compiling, and processor time of a tick, also as a
// multiple of `gradient`'s: other programs change it less.
//   python bench/transformers.py OUT && npm run bench:methods -- OUT/act.onnx OUT/vit.onnx [--method NAME …] [--ticks N]
import { parseArgs } from "node:util";
import { columns } from "#src/cli/output/table.js";
import { subjectOf } from "#src/explain/subject.js";
import { loadPolicy } from "#src/policy/policy.js";
import { compile } from "#src/relevance/compile.js";
import { Session } from "#src/runtime/session.js";
import { random } from "#src/sim/random.js";

const BASELINE = "gradient";
const METHODS = [
  ...["dtd", "rap", "excitation-backprop", "lrp-epsilon", "lrp-gamma", "lrp-alpha-beta", "deeplift"],
  ...["guided-backprop", "integrated-gradients:steps=16", "smoothgrad:n=16"],
];
const { values, positionals } = parseArgs({
  allowPositionals: true,
  options: { method: { type: "string", multiple: true, default: METHODS }, ticks: { type: "string", default: "3" } },
});

const drawn = ({ dtype, shape }, { uniform }) => {
  const size = shape.reduce((a, b) => a * b, 1);
  return { dtype, shape, data: Float32Array.from({ length: size }, () => uniform()) };
};

/** Milliseconds of compiling, and processor time of the cheapest tick, one thread; the reason where the method refuses. */
async function measure(policy, method) {
  const start = performance.now();
  let bytes;
  try {
    ({ bytes } = compile(subjectOf(policy), { method, depth: "full" }));
  } catch (error) {
    return { refused: error.message };
  }
  const compiling = performance.now() - start;
  const session = await Session.create(bytes, { threads: 1 });
  const { graph, outputs } = policy;
  const rest = {
    "torquelens.importance": {
      dtype: "float32",
      shape: [outputs.length],
      data: new Float32Array(outputs.length).fill(1),
    },
  };
  const feeds = {
    ...rest,
    ...Object.fromEntries([...graph.inputs].map(([name, value]) => [name, drawn(value, random(0, 1))])),
  };
  let tick = Number.POSITIVE_INFINITY;
  for (let i = 0; i < Number(values.ticks); i++) {
    const began = process.cpuUsage();
    await session.run(feeds);
    const { user, system } = process.cpuUsage(began);
    tick = Math.min(tick, (user + system) / 1000);
  }
  await session.release();
  return { compiling, tick };
}

const rows = [["policy", "method", "compile ms", "tick ms", "× gradient"]];
for (const path of positionals) {
  const policy = await loadPolicy(path);
  let baseline;
  for (const method of new Set([BASELINE, ...values.method])) {
    const { compiling, tick, refused } = await measure(policy, method);
    baseline ??= tick;
    const figures = [compiling, tick].map((ms) => ms?.toFixed(0) ?? "");
    rows.push([policy.card.name, method, ...figures, refused ?? (tick / baseline).toFixed(1)]);
  }
}
process.stdout.write(`${columns(rows, 2)}\n`);
