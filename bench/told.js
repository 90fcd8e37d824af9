// Precision of the ranking of failed runs of a policy that is told what to do, over failures that were caused on purpose:
// words of the instruction changed places, a black camera, another previous action; beside failures without any cause.
// What is usual is learned from good runs of another seed; the ranking is that of a report (src/analysis/why).
//   npm run bench:told -- [--failures 40] [--good 60] [--seed 9000] [--world tabletop] [--policy FILE] [--keep FOLDER] [--json]
import { parseArgs } from "node:util";
import { watched } from "#src/analysis/why/judge.js";
import { rankedRuns } from "#src/analysis/why/ranked-runs.js";
import { reasonsOf } from "#src/analysis/why/reasons.js";
import { ReferenceBuilder } from "#src/detectors/reference-builder.js";
import { loadPolicy } from "#src/policy/policy.js";
import { random } from "#src/sim/random.js";
import { episode, explainerOf, keepIn } from "./why/runs.js";

const { values } = parseArgs({
  options: {
    failures: { type: "string", default: "40" },
    good: { type: "string", default: "60" },
    seed: { type: "string", default: "9000" },
    world: { type: "string", default: "tabletop" },
    policy: { type: "string", default: "models/tabletop/moca.onnx" },
    keep: { type: "string" },
    verbose: { type: "boolean", default: false },
    json: { type: "boolean", default: false },
  },
});
const [failures, wanted, seed] = [values.failures, values.good, values.seed].map(Number);
keepIn(values.keep);

/** Steps after which a fault begins at the latest, but for words, which are wrong from the start. */
const LATEST = 6;
/** Runs that are tried for one failure. */
const TRIES = 8;

const fault = (name, tick) => [{ tick, fault: { name } }];
/** What was caused, and the group of runs that is right for it; undefined where nothing was. */
const CAUSES = {
  words_swapped: { about: "words", make: () => fault("words_swapped", 0) },
  black: { about: "image", make: (tick) => fault("black", tick) },
  other_previous_action: { about: "action", make: (tick) => fault("other_previous_action", tick) },
  none: { about: undefined, make: () => [] },
};

const policy = await loadPolicy(values.policy);
const explainer = await explainerOf(policy, "shares");
const play = (of, number, perturbations) =>
  episode(values.world, policy, explainer, { seed: of, episode: number, perturbations });
const judged = (name, run, reference) => ({
  ...{ name, bag: name, policySha256: policy.sha256, shares: {} },
  ...watched(run.seen, reference),
});

const builder = new ReferenceBuilder();
const good = [];
let tried = 0;
for (; good.length < wanted; tried++) {
  const run = await play(seed - 1, tried, []);
  if (!run.success) continue;
  for (const tick of run.seen) builder.add(tick);
  good.push(run);
}
const reference = builder.build();
if (values.verbose) {
  const alarms = good.flatMap((run, g) => judged(`good#${g}`, run, reference).alarms.map(({ detector }) => detector));
  console.error("alarms in good runs:", alarms.join(", ") || "none");
  const { pairs, missed, repeats, acting, moving, heeded } = reference.told;
  console.error({ pairs: pairs.size, missed, repeats, acting, moving, heeded });
}

const failed = [];
for (const [cause, { make }] of Object.entries(CAUSES)) {
  let kept = 0;
  for (let number = 0; kept < failures && number < TRIES * failures; number++) {
    const tick = 1 + random(seed, number, Object.keys(CAUSES).indexOf(cause)).integer(LATEST);
    const run = await play(seed, number, make(tick));
    if (run.success || run.seen.length <= tick) continue;
    failed.push({ cause, ...judged(`${cause}#${number}`, run, reference) });
    kept++;
  }
  if (kept < failures) console.error(`${cause}: ${kept} failures of ${failures}`);
}
await explainer.close();

// As a report has them: all failed runs together.
const ofGood = good.map((run, g) => judged(`good#${g}`, run, reference));
const { reasons } = reasonsOf(failed, ofGood);
const ranked = rankedRuns(failed, ofGood);
const causeOf = new Map(failed.map(({ name, cause }) => [name, cause]));
const rightFor = ({ run, about }) => CAUSES[causeOf.get(run)].about === about;
const tenth = Math.ceil(failed.length / 10);
const precision = (rows) => rows.filter(rightFor).length / rows.length;
const rows = Object.entries(CAUSES).map(([cause, { about }]) => {
  const own = ranked.filter((row) => row.about === about);
  const caused = failed.filter((run) => run.cause === cause);
  const found = ranked.filter(({ run }) => causeOf.get(run) === cause);
  const top = own.slice(0, Math.ceil(caused.length / 10));
  return {
    ...{ cause, about, failures: caused.length, in_group: own.length, of_cause: own.filter(rightFor).length },
    ...{ group_precision: precision(own), top_tenth: top.length, top_precision: precision(top) },
    taken_for: Object.fromEntries(
      [...new Set(found.map(({ reason }) => reason))].map((name) => [
        name,
        found.filter(({ reason }) => reason === name).length,
      ]),
    ),
  };
});
const top = ranked.slice(0, tenth);
const all = { failures: failed.length, ranked: ranked.length, precision: precision(ranked) };
const topAll = { top_tenth: top.length, top_precision: precision(top) };
if (values.json)
  console.log(JSON.stringify({ rows, all: { ...all, ...topAll }, good: { runs: wanted, tried }, ranked, reasons }));
else {
  const percent = (value) => (Number.isNaN(value) ? "–" : `${(100 * value).toFixed(0)} %`);
  console.log(`${wanted} good runs of ${tried}`);
  console.log(
    "| caused | failures | group | runs in it | right | the group's first tenth | told as |\n|---|---:|---|---:|---:|---:|---|",
  );
  for (const row of rows) {
    const told = Object.entries(row.taken_for).map(([reason, count]) => `\`${reason}\` ${count}`);
    console.log(
      `| ${row.cause} | ${row.failures} | ${row.about ?? "–"} | ${row.about ? row.in_group : "–"} | ${row.about ? percent(row.group_precision) : "–"} | ${row.about ? `${percent(row.top_precision)} of ${row.top_tenth}` : "–"} | ${told.join(", ") || "nothing"} |`,
    );
  }
  console.log(
    `| **all** | ${all.failures} | | ${all.ranked} | ${percent(all.precision)} | ${percent(topAll.top_precision)} of ${topAll.top_tenth} | |`,
  );
}
