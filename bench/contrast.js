// What tells torques apart: heatmaps of single torques, and contrasts of each with the others, against the deletion of
// image patches, for the shipped policies (docs/contrast.md).
//   npm run bench:contrast -- [--ticks N] [--seed N] [--method METHOD …] [task …]

import { parseArgs } from "node:util";
import { cosine } from "#src/analysis/similarity.js";
import { columns } from "#src/cli/output/table.js";
import { Explainer } from "#src/explain/explainer.js";
import { feedsOf } from "#src/explain/feeds.js";
import { subjectOf } from "#src/explain/subject.js";
import { upperMedian } from "#src/numbers/quantile.js";
import { shippedPolicy } from "#src/package-files.js";
import { loadPolicy } from "#src/policy/policy.js";
import { compile } from "#src/relevance/compile.js";
import { CONTRAST_METHOD } from "#src/relevance/contract/contrast.js";
import { parameterLayers, randomised } from "#src/relevance/derived/randomised.js";
import { record } from "#src/reproduction/episodes.js";
import { float32, Session } from "#src/runtime/session.js";
import { random } from "#src/sim/random.js";
import { loadTask } from "#src/sim/tasks/tasks.js";

const { values, positionals } = parseArgs({
  allowPositionals: true,
  options: {
    ticks: { type: "string", default: "16" },
    seed: { type: "string", default: "0" },
    method: { type: "string", multiple: true },
  },
});
const [TICKS, SEED] = [Number(values.ticks), Number(values.seed)];
const TASKS = positionals.length > 0 ? positionals : ["reacher", "peg", "door"];
const METHODS = values.method ?? [
  "dtd",
  "rap",
  "guided-backprop",
  "lrp-epsilon",
  "lrp-gamma",
  "epsilon-gamma-box",
  "lrp-gamma:soft-argmax=gradient",
  "epsilon-plus:soft-argmax=gradient",
  "epsilon-gamma-box:soft-argmax=gradient",
  "gradient",
  "gradient-x-input",
  "smoothgrad:sigma=0.05",
  "integrated-gradients:steps=16",
  "deeplift",
];
/** Side of a patch, pixels. */
const PATCH = 8;
/** Numbers of patches that are deleted together. */
const COUNTS = [1, 2, 4, 8, 16];
const EPISODES = 8;
/** Torques that are larger, relative to their limits and on average, count as moving. */
const MOVING = 0.02;
/** Torques whose changes have a cosine below it depend on different things. */
const ALIKE = 0.7;

const meanOf = (list) => {
  const finite = list.filter(Number.isFinite);
  return finite.reduce((sum, x) => sum + x, 0) / finite.length;
};
const ranges = (count) => Array.from({ length: count }, (_, i) => i);
/** Each row less the mean of the others. */
const lessOthers = (rows) =>
  rows.map((row, j) =>
    row.map((x, i) => x - rows.reduce((sum, other, k) => sum + (k === j ? 0 : other[i]), 0) / (rows.length - 1)),
  );
const scaled = (rows, factors) => rows.map((row, j) => row.map((x) => x * factors[j]));
const totals = (rows) => rows.map((row) => 1 / (row.reduce((sum, x) => sum + Math.abs(x), 0) || 1));
/** Maps of every torque from the relevance of each. */
const KINDS = {
  alone: (rows) => rows,
  "contrast by α": (rows, { importance }) => lessOthers(scaled(rows, importance)),
  "contrast of equal totals": (rows) => lessOthers(scaled(rows, totals(rows))),
};

/** A policy on its task: observations with torques, and every torque's change where one patch is deleted. */
class Subject {
  static async create(name) {
    const self = new Subject();
    self.policy = await loadPolicy(shippedPolicy(name));
    self.image = self.policy.modalities.find(({ kind }) => kind === "image");
    self.limits = self.policy.card.torque.limits;
    self.session = await Session.create(self.policy.bytes, { threads: 1, spinning: false });
    const { width, height } = self.image;
    const { episodes } = await record(self.policy, await loadTask(name, { width, height }), {
      seed: SEED,
      episodes: EPISODES,
    });
    const moving = [];
    for (const { observation } of episodes.flatMap(({ ticks }) => ticks)) {
      const feeds = feedsOf(self.policy, observation);
      const torque = await self.torqueOf(feeds);
      if (meanOf(torque.map((tau, j) => Math.abs(tau) / self.limits[j])) > MOVING)
        moving.push({ observation, feeds, torque, importance: observation.importance });
    }
    self.patches = ranges(height / PATCH).flatMap((y) => ranges(width / PATCH).map((x) => [x * PATCH, y * PATCH]));
    self.ticks = ranges(TICKS).map((i) => moving[Math.floor(((i + 0.5) * moving.length) / TICKS)]);
    self.observations = self.ticks.map(({ observation }) => observation);
    for (const tick of self.ticks) {
      const { data } = tick.feeds[self.image.input];
      tick.color = ranges(3).map((c) => Math.round(meanOf(Array.from(data).filter((_, i) => i % 3 === c))));
      tick.known = new Map();
      const falls = [];
      for (const patch of self.patches.keys()) falls.push(await self.falls(tick, [patch]));
      tick.truth = ranges(self.limits.length).map((j) => falls.map((fall) => fall[j]));
    }
    return self;
  }

  async torqueOf(feeds) {
    return Array.from((await this.session.run(feeds))[this.policy.card.torque.output].data);
  }

  /** Fall of every torque in its own direction, relative to its limit, where patches have the image's mean colour. */
  falls(tick, patches) {
    const key = [...patches].sort((a, b) => a - b).join();
    if (!tick.known.has(key)) tick.known.set(key, this.#falls(tick, patches));
    return tick.known.get(key);
  }

  async #falls({ feeds, torque, color }, patches) {
    const { image, limits } = this;
    const { data, ...rest } = feeds[image.input];
    const without = data.slice();
    for (const [x, y] of patches.map((patch) => this.patches[patch]))
      for (let row = y; row < y + PATCH; row++)
        for (let at = 3 * (row * image.width + x), i = 0; i < 3 * PATCH; i++) without[at + i] = color[i % 3];
    const changed = await this.torqueOf({ ...feeds, [image.input]: { ...rest, data: without } });
    return changed.map((tau, j) => ((torque[j] - tau) * Math.sign(torque[j])) / limits[j]);
  }

  /** A heatmap's sum over each patch. */
  overPatches(map) {
    const { width } = this.image;
    return this.patches.map(([x, y]) => {
      let sum = 0;
      for (let row = y; row < y + PATCH; row++) for (let i = 0; i < PATCH; i++) sum += map[row * width + x + i];
      return sum;
    });
  }

  /** The changes themselves as maps: what the best order by single patches gives. */
  changes() {
    const { width, height } = this.image;
    const across = width / PATCH;
    const patchOf = (pixel) => Math.floor(pixel / width / PATCH) * across + Math.floor((pixel % width) / PATCH);
    return this.ticks.map(({ truth }) => truth.map((of) => ranges(width * height).map((pixel) => of[patchOf(pixel)])));
  }

  /** Heatmaps of each torque at every tick. */
  async heatmaps(method, subject) {
    const torques = this.limits.length;
    const session = await Session.create(compile(subject, { method, depth: "per-torque" }).bytes, {
      threads: 1,
      spinning: false,
    });
    const found = [];
    for (const { feeds } of this.ticks) {
      const ones = float32(new Float32Array(torques).fill(1), [torques]);
      const outputs = await session.run({ ...feeds, "torquelens.importance": ones });
      const { data } = outputs[`torquelens.torque_heatmap.${this.image.input}`];
      const size = data.length / torques;
      found.push(ranges(torques).map((j) => data.slice(j * size, (j + 1) * size)));
    }
    await session.release();
    return found;
  }

  /** Means of one kind of maps over ticks and torques. */
  async judge(maps, head, all) {
    const pairs = { all: [], differing: [] };
    const found = { change: [], fall: [], agrees: [], head: [], layers: [] };
    for (const [i, tick] of this.ticks.entries()) {
      const contrasts = lessOthers(tick.truth);
      for (const j of maps[i].keys()) {
        for (const k of maps[i].keys()) {
          if (k <= j) continue;
          const alike = cosine(maps[i][j], maps[i][k]);
          pairs.all.push(alike);
          if (Math.abs(cosine(tick.truth[j], tick.truth[k])) < ALIKE) pairs.differing.push(alike);
        }
        const signed = this.overPatches(maps[i][j]);
        const sizes = this.overPatches(maps[i][j].map(Math.abs));
        const curve = async (scores) => {
          const order = [...scores.keys()].sort((a, b) => scores[b] - scores[a]);
          const all = [];
          for (const count of COUNTS) all.push(await this.falls(tick, order.slice(0, count)));
          return all;
        };
        const contrast = (falls) => meanOf(falls.map((fall) => lessOthers(fall.map((x) => [x]))[j][0]));
        found.change.push(meanOf((await curve(sizes)).map((fall) => Math.abs(fall[j]))));
        found.fall.push(contrast(await curve(signed)) - contrast(await curve(signed.map((x) => -x))));
        found.agrees.push(cosine(signed, contrasts[j]));
        found.head.push(cosine(maps[i][j], head[i][j]));
        found.layers.push(cosine(maps[i][j], all[i][j]));
      }
    }
    const measured = { cosine: pairs.all, differing: pairs.differing, ...found };
    return Object.fromEntries(Object.entries(measured).map(([key, list]) => [key, meanOf(list)]));
  }
}

/** Milliseconds of a tick, medians, in turn: `dtd`, the method of contrasts for all torques together, and a contrast. */
async function cost({ policy, observations }, rounds = 100) {
  const kinds = [{ method: "dtd" }, { method: CONTRAST_METHOD }, { contrast: policy.card.joints[0] }];
  const explainers = [];
  for (const kind of kinds)
    explainers.push(await Explainer.create(policy, { ...kind, levels: ["full", "shares"], threads: 1, worker: false }));
  const taken = kinds.map(() => []);
  for (const round of ranges(rounds))
    for (const [k, explainer] of explainers.entries())
      taken[k].push((await explainer.explain(observations[round % observations.length])).latencyMs);
  for (const explainer of explainers) await explainer.close();
  return taken.map(upperMedian);
}

const rows = new Map();
const costs = [["tick, ms", "dtd", CONTRAST_METHOD, "its contrast", "× dtd", "× without contrast"]];
for (const name of TASKS) {
  const of = await Subject.create(name);
  const own = subjectOf(of.policy);
  const keep = (key, found) => rows.set(key, [...(rows.get(key) ?? []), found]);
  const changes = of.changes();
  for (const [kind, maps] of [
    ["alone", changes],
    ["contrast", changes.map(lessOthers)],
  ])
    keep(`the changes themselves, ${kind}`, await of.judge(maps, maps, maps));
  const layers = parameterLayers(own);
  const [head, all] = [layers.slice(0, 1), layers].map((some) => randomised(own, some, random(SEED).normal));
  for (const method of METHODS) {
    const heatmaps = [];
    for (const subject of [own, head, all]) heatmaps.push(await of.heatmaps(method, subject));
    for (const [kind, mapsOf] of Object.entries(KINDS)) {
      const made = heatmaps.map((ticks) => ticks.map((maps, i) => mapsOf(maps, of.ticks[i])));
      keep(`${method}, ${kind}`, await of.judge(...made));
    }
  }
  const [dtd, plain, contrast] = await cost(of);
  costs.push([
    name,
    ...[dtd, plain, contrast].map((ms) => ms.toFixed(1)),
    (contrast / dtd).toFixed(2),
    (contrast / plain).toFixed(2),
  ]);
}
const KEYS = ["cosine", "differing", "change", "fall", "agrees", "head", "layers"];
const table = Array.from(rows, ([key, found]) => [
  key,
  ...KEYS.map((column) => found.map((one) => (Number.isFinite(one[column]) ? one[column].toFixed(2) : "–")).join(" ")),
]);
process.stdout.write(`${TASKS.join(", ")}\n${columns([["map", ...KEYS], ...table], 2)}\n\n${columns(costs, 2)}\n`);
