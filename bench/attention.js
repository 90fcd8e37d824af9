// What attention costs: the networks of Nikulin et al. (2019) with random weights, forward alone beside the Nature CNN, and
// with their maps drawn on the pixels beside forward alone (docs/performance.md):
//   npm run bench:attention -- [--threads N] [--rounds N] [network …]
import { parseArgs } from "node:util";
import { columns } from "#src/cli/output/table.js";
import { attentionIn } from "#src/explain/attention.js";
import { readModel } from "#src/graph/onnx-read.js";
import { parseCard, serialiseCard } from "#src/policy/card.js";
import { policyOf } from "#src/policy/policy.js";
import { Session } from "#src/runtime/session.js";
import { random } from "#src/sim/random.js";
import { worldNamed } from "#src/sim/worlds/worlds.js";
import { ARCHITECTURES } from "#src/train/pixels/architectures.js";
import { initialisePixels, pixelLayout } from "#src/train/pixels/network.js";
import { exportWorldPolicy, worldCard } from "#src/train/ppo/export.js";
import { specOf } from "#src/train/ppo/recipe.js";

const { values, positionals } = parseArgs({
  allowPositionals: true,
  options: { threads: { type: "string", default: "1" }, rounds: { type: "string", default: "200" } },
});
const [threads, rounds] = [Number(values.threads), Number(values.rounds)];
const BASELINE = "nature";
const names = positionals.length > 0 ? positionals : Object.keys(ARCHITECTURES);
const { facts } = worldNamed("breakout");

const subjects = [];
for (const name of new Set([BASELINE, ...names])) subjects.push(await subjectOf(name));
const { uniform } = random(0, 1);
const shape = [1, 4, 84, 84];
const image = () => ({ dtype: "uint8", shape, data: Uint8Array.from({ length: 4 * 84 * 84 }, () => 255 * uniform()) });
// In turn, so that whatever else the machine does meets all of them alike.
for (let round = 0; round < rounds; round++) {
  const feeds = { image: image() };
  for (const subject of subjects) {
    const start = performance.now();
    const outputs = await subject.session.run(feeds);
    const forward = performance.now();
    attentionIn(subject.policy, outputs);
    subject.forward.push(forward - start);
    subject.maps.push(performance.now() - forward);
  }
}
const median = (list) => [...list].sort((a, b) => a - b)[list.length >> 1];
const base = median(subjects[0].forward);
const rows = subjects.map(({ name, forward, maps }) => {
  const [own, map] = [median(forward), median(maps)];
  return [name, own.toFixed(2), (own / base).toFixed(2), map.toFixed(3), ((own + map) / own).toFixed(3)];
});
const head = ["network", "forward, ms", `× ${BASELINE}`, "map, ms", "forward + map, × forward"];
process.stdout.write(`${threads} threads, ${rounds} rounds\n${columns([head, ...rows], 1)}\n`);
for (const { session } of subjects) await session.release();

async function subjectOf(name) {
  const recipe = { frames: 4, network: ARCHITECTURES[name].layers };
  const spec = specOf(facts, recipe);
  const layout = pixelLayout(spec, facts.actions.names.length);
  const vector = new Float32Array(layout.size);
  initialisePixels(layout, vector, random(0));
  const card = parseCard(serialiseCard(worldCard(facts, recipe, {})), name);
  const bytes = exportWorldPolicy(facts, recipe, layout, vector, new Map());
  const model = { path: name, bytes, sha256: "", graph: readModel(bytes, name) };
  const policy = policyOf(model, { card, source: name, folder: "." });
  return { name, policy, session: await Session.create(bytes, { threads, spinning: false }), forward: [], maps: [] };
}
