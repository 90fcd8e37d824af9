// Time and file size of compiling, per policy and depth.
//   npm run bench:compile -- policy.onnx [more.onnx …]

import { columns } from "#src/cli/output/table.js";
import { subjectOf } from "#src/explain/subject.js";
import { loadPolicy } from "#src/policy/policy.js";
import { compile } from "#src/relevance/compile.js";

const CASES = {
  shares: { depth: "shares" },
  heatmap: { depth: "heatmap" },
  fast: { depth: "heatmap", precision: "fast" },
  "per-torque": { depth: "per-torque" },
};
const ROUNDS = 3;

const timed = async (work) => {
  const start = performance.now();
  const result = await work();
  return [performance.now() - start, result];
};
const rows = [["policy", "case", "MB", "read ms", "compile ms", "× size"]];
for (const path of process.argv.slice(2)) {
  const [read, policy] = await timed(() => loadPolicy(path));
  const subject = subjectOf(policy);
  for (const [name, options] of Object.entries(CASES)) {
    let best = Number.POSITIVE_INFINITY;
    let size = 0;
    for (let round = 0; round < ROUNDS; round++) {
      const [took, { bytes }] = await timed(() => compile(subject, options));
      best = Math.min(best, took);
      size = bytes.length;
    }
    rows.push([
      policy.card.name,
      name,
      (policy.bytes.length / 1e6).toFixed(1),
      read.toFixed(0),
      best.toFixed(0),
      (size / policy.bytes.length).toFixed(2),
    ]);
  }
}
process.stdout.write(`${columns(rows, 2)}\n`);
