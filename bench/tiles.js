// What is left out where relevance is followed by tiles, and its time as a part of the dense pass's, over whole episodes of
// the shipped policies (docs/performance.md):
//   npm run bench:tiles -- [--omit PART] [--episodes N] [--seed N] [--depth heatmap|per-torque]
import { parseArgs } from "node:util";
import { simulatedFor } from "#src/cli/input/sim-task.js";
import { columns } from "#src/cli/output/table.js";
import { drive } from "#src/evaluation/drive.js";
import { feedsOf } from "#src/explain/feeds.js";
import { subjectOf } from "#src/explain/subject.js";
import { weightFeeds, weightsIn } from "#src/explain/weight-feeds.js";
import { anywherePolicy, largePolicy, shippedPolicy } from "#src/package-files.js";
import { loadPolicy } from "#src/policy/policy.js";
import { compile } from "#src/relevance/compile.js";
import { Session } from "#src/runtime/session.js";
import { SimulatedSource } from "#src/sim/source.js";

const { values } = parseArgs({
  options: {
    omit: { type: "string", default: "0.0005" },
    episodes: { type: "string", default: "4" },
    seed: { type: "string", default: "7" },
    depth: { type: "string", default: "heatmap" },
  },
});
const [omit, episodes, seed] = [values.omit, values.episodes, values.seed].map(Number);
const { depth } = values;
const POLICIES = {
  "reacher, 240 × 240": [largePolicy(), "reacher"],
  reacher: [shippedPolicy("reacher"), "reacher"],
  peg: [shippedPolicy("peg"), "peg"],
  door: [shippedPolicy("door"), "door"],
  baxter: [shippedPolicy("baxter"), "baxter"],
  "peg, goals anywhere": [anywherePolicy("peg"), "peg"],
  "door, goals anywhere": [anywherePolicy("door"), "door"],
};

const rows = [["policy", "ticks", "dense", "omitted, at most", "error, median", "at most", "time"]];
for (const [name, [path, task]] of Object.entries(POLICIES)) rows.push([name, ...(await measured(path, task))]);
process.stdout.write(`${columns(rows)}\n`);

async function measured(path, name) {
  const policy = await loadPolicy(path);
  const task = await simulatedFor(policy, name, {});
  const ticks = [];
  await drive(policy, new SimulatedSource({ task, seed, episodes, speed: 0 }), {
    write: ({ observation }) => void ticks.push(observation),
    close: async () => {},
  });
  const [dense, tiled] = await Promise.all(
    [0, omit].map((part) => Session.create(compile(subjectOf(policy), { depth, omit: part }).bytes)),
  );
  const found = [];
  for (const observation of ticks) {
    const weights = weightFeeds(policy, weightsIn(observation.importance, policy.outputs));
    const feeds = { ...feedsOf(policy, observation), ...weights };
    const [[exact, whole], [near, part]] = [await timed(dense, feeds), await timed(tiled, feeds)];
    const maps = Object.keys(exact).filter((output) => /^torquelens\.(torque_)?heatmap\./.test(output));
    const errors = maps.map((output) => errorOf(near[output].data, exact[output].data));
    found.push({ whole, part, error: Math.max(...errors), omitted: near["torquelens.omitted"].data[0] });
  }
  await Promise.all([dense.release(), tiled.release()]);
  const errors = found.map(({ error }) => error).sort((a, b) => a - b);
  const most = Math.max(...found.map(({ omitted }) => omitted));
  return [
    String(ticks.length),
    String(found.filter(({ omitted }) => omitted === 0).length),
    most.toExponential(1),
    errors[Math.floor(errors.length / 2)].toExponential(1),
    errors.at(-1).toExponential(1),
    (sum(found, "part") / sum(found, "whole")).toFixed(2),
  ];
}

/** What a run gives, and its time in milliseconds. */
async function timed(session, feeds) {
  const start = performance.now();
  return [await session.run(feeds), performance.now() - start];
}

function sum(rows, key) {
  return rows.reduce((all, row) => all + row[key], 0);
}

/** The largest difference as a part of the largest element. */
function errorOf(near, exact) {
  let [difference, most] = [0, 0];
  exact.forEach((x, i) => {
    difference = Math.max(difference, Math.abs(x - near[i]));
    most = Math.max(most, Math.abs(x));
  });
  return most === 0 ? difference : difference / most;
}
