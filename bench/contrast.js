// What tells torques or actions apart: heatmaps of single ones, and contrasts of each with the others, against the
// deletion of image patches, for the shipped policies (docs/contrast.md).
//   npm run bench:contrast -- [--ticks N] [--seed N] [--draws N] [--method METHOD …] [task or world …]

import { parseArgs } from "node:util";
import { cosine } from "#src/analysis/similarity.js";
import { simulatedFor } from "#src/cli/input/sim-task.js";
import { columns } from "#src/cli/output/table.js";
import { drive } from "#src/evaluation/drive.js";
import { blank, replaced } from "#src/evaluation/faithfulness/deletion.js";
import { Planes } from "#src/evaluation/faithfulness/planes.js";
import { Probe } from "#src/evaluation/faithfulness/probe.js";
import { Explainer } from "#src/explain/explainer.js";
import { feedsOf } from "#src/explain/feeds.js";
import { subjectOf } from "#src/explain/subject.js";
import { weightFeeds } from "#src/explain/weight-feeds.js";
import { mean } from "#src/numbers/mean.js";
import { upperMedian } from "#src/numbers/quantile.js";
import { areActions } from "#src/outputs/kinds.js";
import { shippedPolicy } from "#src/package-files.js";
import { loadPolicy } from "#src/policy/policy.js";
import { compile } from "#src/relevance/compile.js";
import { CONTRAST_METHOD } from "#src/relevance/contract/contrast.js";
import { parameterLayers, randomised } from "#src/relevance/derived/randomised.js";
import { methodNamed } from "#src/relevance/methods.js";
import { hasDifferences } from "#src/relevance/suitable.js";
import { Session } from "#src/runtime/session.js";
import { random } from "#src/sim/random.js";
import { SimulatedSource } from "#src/sim/source.js";

const { values, positionals } = parseArgs({
  allowPositionals: true,
  options: {
    ticks: { type: "string", default: "16" },
    seed: { type: "string", default: "0" },
    // Times that the layers are drawn anew: with a few torques a single draw's cosine says little.
    draws: { type: "string", default: "1" },
    method: { type: "string", multiple: true },
  },
});
const [TICKS, SEED, DRAWS] = [values.ticks, values.seed, values.draws].map(Number);
const TASKS = positionals.length > 0 ? positionals : ["reacher", "peg", "door", "baxter"];
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

/** A policy on its task or in its world: observations with outputs, and every output's change where one patch is deleted. */
class Subject {
  static async create(name) {
    const self = new Subject();
    self.policy = await loadPolicy(shippedPolicy(name));
    self.image = self.policy.modalities.find(({ kind }) => kind === "image");
    self.isChoice = areActions(self.policy.outputs);
    // Logits are counted as they are.
    self.limits = self.policy.outputs.map(({ limit = 1 }) => limit);
    const subject = subjectOf(self.policy);
    self.planes = new Planes(self.image, subject.graph.inputs.get(self.image.input).shape);
    self.probe = await Probe.create(subject, self.image);
    const { width, height } = self.image;
    const task = await simulatedFor(self.policy, name, {});
    const source = new SimulatedSource({ task, seed: SEED, episodes: EPISODES, speed: 0 });
    const moving = [];
    await drive(self.policy, source, {
      write: ({ observation, torque }) => {
        const size = meanOf(Array.from(torque, (tau, j) => Math.abs(tau) / self.limits[j]));
        if (!self.isChoice && size <= MOVING) return;
        const importance = self.isChoice ? self.limits.map(() => 1) : observation.importance;
        moving.push({ observation, torque, importance });
      },
      close: async () => {},
    });
    // Columns and rows of pixels that no whole patch covers stay.
    const [across, down] = [width, height].map((size) => Math.floor(size / PATCH));
    self.patches = ranges(down).flatMap((y) => ranges(across).map((x) => [x * PATCH, y * PATCH]));
    self.pixelsOf = self.patches.map(([x, y]) =>
      ranges(PATCH * PATCH).map((i) => (y + Math.floor(i / PATCH)) * width + x + (i % PATCH)),
    );
    self.ticks = ranges(TICKS).map((i) => moving[Math.floor(((i + 0.5) * moving.length) / TICKS)]);
    self.observations = self.ticks.map(({ observation }) => observation);
    for (const tick of self.ticks) {
      tick.feeds = feedsOf(self.policy, tick.observation);
      tick.whole = Float32Array.from(tick.feeds[self.image.input].data);
      tick.blank = blank(self.planes, tick.whole, (plane) => Math.round(mean(plane)));
      const falls = await self.falls(
        tick,
        self.pixelsOf.map((pixels) => self.#without(tick, [pixels])[0]),
      );
      tick.truth = ranges(self.limits.length).map((j) => falls.map((fall) => fall[j]));
    }
    return self;
  }

  /** The image without one group of pixels, without one more, and so on: they have the image's mean colour. */
  #without({ whole, blank: mean }, groups) {
    return replaced(this.planes, groups, whole, mean);
  }

  /** Fall of every torque in its own direction, relative to its limit, or of every logit, for changed images. */
  async falls({ feeds, torque }, images) {
    const changed = await this.probe.outputs(feeds, images);
    const sign = (j) => (this.isChoice ? 1 : Math.sign(torque[j]));
    return changed.map((now) => Array.from(now, (tau, j) => ((torque[j] - tau) * sign(j)) / this.limits[j]));
  }

  /** Falls while 1, 2, 4, … patches are deleted in the order of their scores. */
  curve(tick, scores) {
    const order = [...scores.keys()].sort((a, b) => scores[b] - scores[a]);
    const groups = COUNTS.map((count, i) =>
      order.slice(COUNTS[i - 1] ?? 0, count).flatMap((patch) => this.pixelsOf[patch]),
    );
    return this.falls(tick, this.#without(tick, groups));
  }

  /** A heatmap's sum over each patch. */
  overPatches(map) {
    return this.pixelsOf.map((pixels) => pixels.reduce((sum, pixel) => sum + map[pixel], 0));
  }

  /** The changes themselves as maps: what the best order by single patches gives. */
  changes() {
    return this.ticks.map(({ truth }) =>
      truth.map((of) => {
        const map = new Float32Array(this.planes.pixels);
        for (const [patch, pixels] of this.pixelsOf.entries()) for (const pixel of pixels) map[pixel] = of[patch];
        return map;
      }),
    );
  }

  /** Heatmaps of each torque at every tick. */
  heatmaps(method, subject) {
    const torques = this.limits.length;
    const each = new Float32Array(torques).fill(1);
    return this.#run(method, subject, "per-torque", async (run) => {
      const data = await run("torque_heatmap", each);
      const size = data.length / torques;
      return ranges(torques).map((j) => data.slice(j * size, (j + 1) * size));
    });
  }

  /** Heatmaps of each logit less the mean of the others, explained as one neuron. */
  differences(method, subject) {
    const others = this.limits.length - 1;
    return this.#run(method, subject, "heatmap", async (run) => {
      const maps = [];
      for (const j of this.limits.keys())
        maps.push(
          await run(
            "heatmap",
            Float32Array.from(this.limits, (_, k) => (k === j ? 1 : -1 / others)),
          ),
        );
      return maps;
    });
  }

  async #run(method, subject, depth, mapsOf) {
    const session = await Session.create(compile(subject, { method, depth }).bytes, { threads: 1, spinning: false });
    const found = [];
    for (const { feeds } of this.ticks)
      found.push(
        await mapsOf(async (what, each) => {
          const name = `torquelens.${what}.${this.image.input}`;
          return (await session.run({ ...feeds, ...weightFeeds(this.policy, { each, chosen: 0 }) }, [name]))[name].data;
        }),
      );
    await session.release();
    return found;
  }

  /**
   * Means of one kind of maps over ticks and torques.
   * @param cascades by draw, the maps after each step of the cascade of randomisations
   */
  async judge(maps, cascades) {
    const pairs = { all: [], differing: [] };
    const found = { change: [], fall: [], agrees: [] };
    const after = cascades.map((steps) => steps.map(() => []));
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
        const curve = (scores) => this.curve(tick, scores);
        const contrast = (falls) => meanOf(falls.map((fall) => lessOthers(fall.map((x) => [x]))[j][0]));
        found.change.push(meanOf((await curve(sizes)).map((fall) => Math.abs(fall[j]))));
        found.fall.push(contrast(await curve(signed)) - contrast(await curve(signed.map((x) => -x))));
        found.agrees.push(cosine(signed, contrasts[j]));
        for (const [d, steps] of cascades.entries())
          for (const [s, step] of steps.entries()) after[d][s].push(cosine(maps[i][j], step[i][j]));
      }
    }
    const measured = { cosine: pairs.all, differing: pairs.differing, ...found };
    const means = Object.fromEntries(Object.entries(measured).map(([key, list]) => [key, meanOf(list)]));
    const draws = after.map((steps) => steps.map(meanOf));
    const cascade = draws[0].map((_, s) => draws.map((steps) => steps[s]));
    return { ...means, cascade, head: meanOf(cascade[0]), layers: meanOf(cascade.at(-1)) };
  }
}

/** Milliseconds of a tick, medians, in turn: `dtd`, the method of contrasts for all torques together, and a contrast. */
async function cost({ policy, observations }, rounds = 100) {
  const kinds = [{ method: "dtd" }, { method: CONTRAST_METHOD }, { contrast: policy.outputs[0].name }];
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
/** Names of the layers, from the torques down. */
const names = [];
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
    keep(`the changes themselves, ${kind}`, await of.judge(maps, [[maps]]));
  const layers = parameterLayers(own);
  names.push(...layers.map(({ name }) => name).filter((layer) => !names.includes(layer)));
  // With the same seed each step only adds a layer.
  const cascades = ranges(DRAWS).map((draw) =>
    layers.map((_, last) => randomised(own, layers.slice(0, last + 1), random(SEED + draw).normal)),
  );
  /** Maps of the policy itself, and by draw those after each step. */
  const overCascades = async (mapsOf) => {
    const drawn = [];
    for (const cascade of cascades) {
      const steps = [];
      for (const subject of cascade) steps.push(await mapsOf(subject));
      drawn.push(steps);
    }
    return [await mapsOf(own), drawn];
  };
  for (const method of METHODS) {
    const [heatmaps, drawn] = await overCascades((subject) => of.heatmaps(method, subject));
    for (const [kind, mapsOf] of Object.entries(KINDS)) {
      const kindOf = (ticks) => ticks.map((rows, i) => mapsOf(rows, of.ticks[i]));
      const steps = drawn.map((maps) => maps.map(kindOf));
      keep(`${method}, ${kind}`, await of.judge(kindOf(heatmaps), steps));
    }
    if (of.isChoice && methodNamed(method).contrasts === "logits" && hasDifferences(own)) {
      const differences = await overCascades((subject) => of.differences(method, subject));
      keep(`${method}, difference as one neuron`, await of.judge(...differences));
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
const shown = (list) => list.map((x) => (Number.isFinite(x) ? x.toFixed(2) : "–")).join(" ");
const table = Array.from(rows, ([key, found]) => [
  key,
  ...KEYS.map((column) => shown(found.map((one) => one[column]))),
]);
/** Mean over the draws, and from three draws on their standard deviation. */
const overDraws = (draws) => {
  if (!draws) return "–";
  const center = meanOf(draws);
  if (draws.length < 3) return center.toFixed(2);
  return `${center.toFixed(2)}±${Math.sqrt(meanOf(draws.map((x) => (x - center) ** 2))).toFixed(2)}`;
};
const steps = Array.from(rows)
  .filter(([, found]) => found[0].cascade.length > 1)
  .map(([key, found]) => [key, ...names.map((_, s) => found.map(({ cascade }) => overDraws(cascade[s])).join(" "))]);
process.stdout.write(
  `${TASKS.join(", ")}\n${columns([["map", ...KEYS], ...table], 2)}\n\n` +
    `cosine with the map after these layers were drawn anew, one after another, over ${DRAWS} draws\n${columns([["map", ...names], ...steps], 2)}\n\n` +
    `${columns(costs, 2)}\n`,
);
