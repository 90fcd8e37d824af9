// Blind test of reports' reasons: failures caused in ten ways over the arms' tasks, each judged beside 20 good runs of its
// task, as `report` judges them. Baselines: shares alone, the conservation residual alone, chance.
//   npm run bench:why -- [--failures 200] [--seed 7000] [--task peg] [--kind late] [--keep FOLDER] [--verbose] [--json]
import { parseArgs } from "node:util";
import { watched } from "#src/analysis/why/judge.js";
import { reasonsOf } from "#src/analysis/why/reasons.js";
import { ReferenceBuilder } from "#src/detectors/reference-builder.js";
import { shippedModel, shippedPolicy } from "#src/package-files.js";
import { loadPolicy } from "#src/policy/policy.js";
import { random } from "#src/sim/random.js";
import { loadTask, taskNames } from "#src/sim/tasks/tasks.js";
import { episode, explainerOf, keepIn } from "./why/runs.js";

const { values } = parseArgs({
  options: {
    failures: { type: "string", default: "200" },
    seed: { type: "string", default: "7000" },
    task: { type: "string", multiple: true, default: [...taskNames] },
    kind: { type: "string", multiple: true },
    keep: { type: "string" },
    verbose: { type: "boolean", default: false },
    json: { type: "boolean", default: false },
  },
});
const [failures, seed] = [values.failures, values.seed].map(Number);
keepIn(values.keep);
const runners = new Map();
/** Runs a policy without explaining it. */
const runnerOf = (policy) => {
  if (!runners.has(policy)) runners.set(policy, explainerOf(policy));
  return runners.get(policy);
};

const REFERENCE_RUNS = 20;
/** Runs that are tried for one failure. */
const TRIES = 12;

const fault = (name, amount) => (numbers, tick) => ({
  perturbations: [{ tick, fault: { name, ...(amount && { amount: numbers.between(...amount) }) } }],
});

/** Other policies of the same inputs and outputs, by task. */
const OTHERS = {
  reacher: ["levine/reacher-0", "levine/reacher-1", "levine/reacher-2", "ppo/reacher-0"],
  peg: ["door", "anywhere/door", "levine/peg-0", "levine/peg-1"],
  door: ["peg", "anywhere/peg", "levine/door-0"],
  baxter: ["levine/baxter-0", "levine/baxter-1", "levine/baxter-2"],
};

/** The ways in which runs are made to fail, and the reason that is right for each. */
const KINDS = {
  frozen: { right: "frozen", make: fault("frozen") },
  black: { right: "black", make: fault("black") },
  occluded: { right: "occluded", make: fault("occluded", [0.4, 0.7]) },
  late: {
    right: "late",
    make: (numbers, tick) => ({ perturbations: [{ tick, fault: { name: "late", amount: 3 + numbers.integer(8) } }] }),
  },
  joint_offset: { right: "joint_offset", make: fault("joint_offset", [0.25, 0.8]) },
  velocity_stuck: { right: "velocity_stuck", make: fault("velocity_stuck") },
  moved_goal: {
    right: "scene_changed",
    make: (numbers, tick, task) => ({ perturbations: [{ tick, target: [...task.randomGoal(numbers)] }] }),
  },
  torque_noise: {
    right: "motion",
    make: (numbers, tick) => ({ perturbations: [{ tick, torque_noise: numbers.between(0.15, 0.6) }] }),
  },
  another_policy: { right: "policy", make: () => ({}), isOther: true },
  untrained_condition: { right: "unfamiliar", make: () => ({ targets: "random" }) },
};
/** What a share out of line is taken for where nothing else is known, the likeliest first. */
const BLAME = {
  image: ["frozen", "black", "occluded"],
  joint_position: ["joint_offset"],
  joint_velocity: ["velocity_stuck", "motion"],
  end_effector_position: ["scene_changed", "unfamiliar"],
  end_effector_velocity: ["motion"],
};
const kinds = values.kind ?? Object.keys(KINDS);
const perKind = Math.round(failures / Object.keys(KINDS).length);

const judged = (name, run, policySha256, reference) => ({
  name,
  policySha256,
  ...watched(run.seen, reference),
  shares: meanShares(run.shares),
  residual: Math.max(0, ...run.shares.map(({ residual }) => residual || 0)),
});

let modalities;
function meanShares(ticks) {
  if (ticks.length === 0 || Number.isNaN(ticks[0].shares[0]))
    return Object.fromEntries(modalities.map((name) => [name, Number.NaN]));
  const counted = ticks.filter(({ flags }) => !flags.includes("idle") && !flags.includes("not_finite"));
  return Object.fromEntries(
    modalities.map((name, m) => [name, counted.reduce((sum, { shares }) => sum + shares[m], 0) / counted.length]),
  );
}

const results = [];
const clean = [];
const worlds = {};
for (const task of values.task) {
  const policy = await loadPolicy(shippedPolicy(task));
  modalities = policy.modalities.map(({ name }) => name);
  const explainer = await explainerOf(policy, "full");
  const builder = new ReferenceBuilder();
  const good = [];
  for (let number = 0; good.length < REFERENCE_RUNS; number++) {
    const run = await episode(task, policy, explainer, { seed: seed - 1, episode: number });
    if (!run.success) continue;
    for (const tick of run.seen) builder.add(tick);
    good.push(run);
  }
  const reference = builder.build();
  const others = [];
  for (const file of OTHERS[task] ?? []) {
    const path = shippedModel(task).replace(/[^/\\]*$/, `${file}.onnx`);
    const other = await loadPolicy(path).catch(() => undefined);
    if (other) others.push({ policy: other, explainer: await explainerOf(other, "full") });
  }
  const { width, height } = policy.modalities.find(({ kind }) => kind === "image");
  worlds[task] = {
    ...{ policy, explainer, reference, others },
    sim: await loadTask(task, { width, height }),
    good: good.map((run, g) => judged(`good#${g}`, run, policy.sha256, reference)),
  };
  // Good runs of other seeds, judged as if they had failed: there is no reason to find.
  for (let number = 0; number < 10; number++) {
    const run = await episode(task, policy, await runnerOf(policy), { seed: seed - 2, episode: number });
    if (!run.success) continue;
    const one = judged(`clean#${number}`, run, policy.sha256, reference);
    const { reasons } = reasonsOf([one], worlds[task].good);
    const { reasons: none } = reasonsOf([], [...worlds[task].good, one]);
    clean.push({ task, found: reasons.map(({ name }) => name), none: none.length });
    if (values.verbose && reasons.length > 0)
      console.error(`${task} clean#${number}: ${reasons.map(({ name, evidence }) => `${name} (${evidence[0]})`)}`);
  }
}

for (const kind of kinds) {
  const { right, make, isOther } = KINDS[kind];
  let kept = 0;
  for (let number = 0; kept < perKind && number < TRIES * perKind; number++) {
    const task = values.task[number % values.task.length];
    const world = worlds[task];
    const numbers = random(seed, number, Object.keys(KINDS).indexOf(kind));
    const tick = 3 + numbers.integer(Math.floor(0.35 * world.sim.ticks));
    world.sim.reset(seed, number);
    const { policy, explainer } =
      isOther && world.others.length > 0 ? world.others[numbers.integer(world.others.length)] : world;
    if (isOther && policy === world.policy) continue;
    const options = { seed, episode: number, ...make(numbers, tick, world.sim) };
    // Explained only once it is known to fail.
    const tried = await episode(task, policy, await runnerOf(policy), options).catch((error) => {
      if (values.verbose) console.error(`${task} ${kind}: ${error.message}`);
    });
    if (!tried || tried.success) continue;
    const run = await episode(task, policy, explainer, options);
    kept++;
    const one = judged(`${kind}#${number}`, run, policy.sha256, world.reference);
    const { reasons } = reasonsOf([one], world.good);
    const names = reasons.map(({ name }) => name);
    results.push({ kind, task, tick, names, place: names.indexOf(right) + 1, ...baselines(one, world.good, right) });
    if (values.verbose && names[0] !== right)
      console.error(
        `${task} ${kind}#${number} (from ${tick}): ${reasons.map(({ name, confidence, evidence }) => `${name} ${confidence.toFixed(2)} (${evidence[0]})`).join("; ") || "none"}`,
      );
  }
  if (kept < perKind) console.error(`${kind}: ${kept} failures of ${perKind}`);
}

/** Guesses from shares and from the residual alone: the likeliest kind by which of them is most out of line. */
function baselines(one, good, right) {
  const spread = (values) => {
    const mean = values.reduce((sum, value) => sum + value, 0) / values.length;
    return {
      mean,
      std: Math.sqrt(values.reduce((sum, value) => sum + (value - mean) ** 2, 0) / values.length) + 0.005,
    };
  };
  const scores = modalities.map((name) => {
    const { mean, std } = spread(good.map(({ shares }) => shares[name]));
    return [name, Math.abs(one.shares[name] - mean) / std];
  });
  const order = scores.filter(([, score]) => score > 2).sort((a, b) => b[1] - a[1]);
  const blamed = order.flatMap(([name]) => BLAME[name] ?? []);
  const residual = spread(good.map((run) => run.residual));
  const odd = one.residual > residual.mean + 3 * residual.std ? ["frozen"] : [];
  return { shares: blamed.indexOf(right) + 1, residual: odd.indexOf(right) + 1 };
}

await Promise.all(Object.values(worlds).map(({ explainer }) => explainer.close()));
for (const runner of runners.values()) await (await runner).close();

const part = (count, of) => (of > 0 ? count / of : Number.NaN);
const first = (rows, key = "place") => part(rows.filter((row) => row[key] === 1).length, rows.length);
const three = (rows, key = "place") => part(rows.filter((row) => row[key] >= 1 && row[key] <= 3).length, rows.length);
const percent = (value) => `${(100 * value).toFixed(0)} %`;
const falseReasons = clean.filter(({ found }) => found.length > 0).length;
if (values.json) console.log(JSON.stringify({ results, clean }));
else {
  console.log("| caused by | reason | failures | first | first three | taken for |\n|---|---|---:|---:|---:|---|");
  for (const kind of kinds) {
    const rows = results.filter((row) => row.kind === kind);
    const wrong = rows.filter(({ place }) => place !== 1).map(({ names }) => names[0] ?? "nothing");
    const counts = [...new Set(wrong)].map((name) => `${name} ${wrong.filter((other) => other === name).length}`);
    console.log(
      `| ${kind} | \`${KINDS[kind].right}\` | ${rows.length} | ${percent(first(rows))} | ${percent(three(rows))} | ${counts.join(", ")} |`,
    );
  }
  const chance = 1 / Object.keys(KINDS).length;
  console.log(`| **all** | | ${results.length} | ${percent(first(results))} | ${percent(three(results))} | |`);
  console.log(
    `| shares alone | | ${results.length} | ${percent(first(results, "shares"))} | ${percent(three(results, "shares"))} | |`,
  );
  console.log(
    `| residual alone | | ${results.length} | ${percent(first(results, "residual"))} | ${percent(three(results, "residual"))} | |`,
  );
  console.log(`| chance | | | ${percent(chance)} | ${percent(3 * chance)} | |`);
  console.log(
    `\n${falseReasons} of ${clean.length} good runs, judged as if they had failed, were given a reason; sets without failures: ${clean.filter(({ none }) => none > 0).length} of ${clean.length} were given one`,
  );
}
