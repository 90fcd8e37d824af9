// Precision and recall of the detectors of faulty input, over faults that the simulator injects in every task, and false
// alarms in undisturbed runs. The detectors learn what is usual from 20 successful runs of other seeds.
//   npm run bench:faults -- [--runs 10] [--clean 40] [--seed 1000] [--task peg] [--fault late] [--keep FOLDER] [--json]
import { parseArgs } from "node:util";
import { ReferenceBuilder } from "#src/detectors/reference-builder.js";
import { DETECTOR_ROWS } from "#src/detectors/table.js";
import { Watch } from "#src/detectors/watch.js";
import { shippedPolicy } from "#src/package-files.js";
import { loadPolicy } from "#src/policy/policy.js";
import { FAULTS, faultNames } from "#src/sim/faults/faults.js";
import { random } from "#src/sim/random.js";
import { taskNames } from "#src/sim/tasks/tasks.js";
import { episode, explainerOf, keepIn } from "./why/runs.js";

/** Arms are told nothing. */
const faultsOfArms = faultNames.filter((name) => !["words", "action"].includes(FAULTS[name].of));

const { values } = parseArgs({
  options: {
    runs: { type: "string", default: "10" },
    clean: { type: "string", default: "40" },
    seed: { type: "string", default: "1000" },
    task: { type: "string", multiple: true, default: [...taskNames] },
    fault: { type: "string", multiple: true, default: faultsOfArms },
    keep: { type: "string" },
    json: { type: "boolean", default: false },
    verbose: { type: "boolean", default: false },
  },
});
const [runs, clean, seed] = [values.runs, values.clean, values.seed].map(Number);
keepIn(values.keep);

/** Good runs that the reference is made of. */
const REFERENCE_RUNS = 20;
const REFERENCE_SEED = 1;

const tally = Object.fromEntries(
  DETECTOR_ROWS.map(([name]) => [name, { right: 0, wrong: 0, missed: 0, late: [], off: [] }]),
);
let [cleanTicks, cleanAlarms] = [0, 0];
const cells = {};

for (const task of values.task) {
  const policy = await loadPolicy(shippedPolicy(task));
  const explainer = await explainerOf(policy);
  const builder = new ReferenceBuilder();
  for (let number = 0, kept = 0; kept < REFERENCE_RUNS; number++) {
    const { seen, success } = await episode(task, policy, explainer, { seed: REFERENCE_SEED, episode: number });
    if (!success) continue;
    kept++;
    for (const tick of seen) builder.add(tick);
  }
  const reference = builder.build();
  const watched = (seen) => {
    const watch = new Watch(reference);
    for (const tick of seen) watch.add(tick);
    return watch.alarms.filter(({ isSecondary }) => !isSecondary);
  };
  if (values.verbose)
    for (const [camera, { novel, change, still, sharpness }] of Object.entries(reference.cameras))
      console.error(
        task,
        camera,
        { novel, change, still, sharpness },
        "pose",
        reference.pose?.error,
        "motion",
        reference.motion?.error,
        Object.values(reference.joints)
          .map(({ slip }) => slip.toFixed(4))
          .join(),
      );
  for (let number = 0; number < clean; number++) {
    const { seen } = await episode(task, policy, explainer, { seed: seed - 1, episode: number });
    cleanTicks += seen.length;
    for (const { detector, from, to, text } of watched(seen)) {
      cleanAlarms++;
      tally[detector].wrong++;
      if (values.verbose) console.error(`${task} clean#${number}: ${detector} at ${from}-${to}: ${text}`);
    }
  }
  for (let number = 0; number < runs; number++) {
    const undisturbed = await episode(task, policy, explainer, { seed, episode: number });
    for (const name of values.fault) {
      cells[name] ??= {};
      cells[name][task] ??= { found: 0, of: runs };
      const numbers = random(seed, number, faultNames.indexOf(name), taskNames.indexOf(task));
      const tick = onset(undisturbed.seen, numbers);
      const { seen } = await episode(task, policy, explainer, {
        ...{ seed, episode: number },
        perturbations: [
          { tick, fault: { name, ...(FAULTS[name].isOfJoint && { joint: moving(undisturbed.seen[tick]) }) } },
        ],
      });
      const alarms = watched(seen);
      const own = alarms.find(({ detector, known }) => detector === name && known >= tick);
      if (own) {
        tally[name].right++;
        tally[name].late.push(own.known - tick);
        tally[name].off.push(own.from - tick);
        cells[name][task].found++;
      } else {
        tally[name].missed++;
        if (values.verbose) console.error(`${task} ${name}#${number} (from ${tick}) missed`);
      }
      for (const { detector, from, known, text } of alarms) {
        if (detector === name) continue;
        tally[detector].wrong++;
        if (values.verbose)
          console.error(`${task} ${name}#${number} (from ${tick}): ${detector} at ${from}, known ${known}: ${text}`);
      }
    }
  }
  await explainer.close();
}

/** The joint that moves most: a fault of one that stands still shows nowhere. */
function moving({ joints, velocity }) {
  const speeds = velocity.map(Math.abs);
  return joints[speeds.indexOf(Math.max(...speeds))];
}

/** A tick of the first 40 % at which the arm moves. */
function onset(seen, numbers) {
  const moves = seen.flatMap(({ velocity }, tick) =>
    tick >= 6 && tick < 0.4 * seen.length && Math.max(...velocity.map(Math.abs)) > 0.2 ? [tick] : [],
  );
  return moves.length > 0 ? moves[numbers.integer(moves.length)] : 6;
}

const rows = DETECTOR_ROWS.map(([name]) => {
  const { right, wrong, missed, late, off } = tally[name];
  return {
    name,
    right,
    wrong,
    missed,
    recall: right / (right + missed),
    precision: right / (right + wrong),
    ticks: late.sort((a, b) => a - b)[late.length >> 1],
    off: off.map(Math.abs).sort((a, b) => a - b)[Math.floor(0.9 * off.length)],
  };
});
if (values.json) console.log(JSON.stringify({ rows, cells, cleanTicks, cleanAlarms }));
else {
  const text = (part) => (Number.isNaN(part) ? "–" : part.toFixed(3));
  console.log(
    `| fault | recall | precision | found after, ticks | moment off by, ticks | ${values.task.join(" | ")} |`,
  );
  console.log(`|---|---:|---:|---:|---:|${values.task.map(() => "---:").join("|")}|`);
  for (const { name, recall, precision, ticks, off, wrong } of rows) {
    const found = values.task.map((task) =>
      cells[name]?.[task] ? `${cells[name][task].found}/${cells[name][task].of}` : "–",
    );
    if (cells[name] || wrong > 0)
      console.log(
        `| \`${name}\` | ${text(recall)} | ${text(precision)} | ${ticks ?? "–"} | ${off ?? "–"} | ${found.join(" | ")} |`,
      );
  }
  console.log(`\n${cleanAlarms} false alarms in ${cleanTicks} ticks of undisturbed runs`);
}
