// Share of an hour at 20 Hz that is explained at level `full`, and late ticks, on machines that are busy at times:
// npm run bench:levels. Simulated: a tick takes 16 ms at `full`, 35 % of it at `shares`, 30 % at `skip` (log-normal,
// σ = 0.15); the budget is 40 ms; other load makes a tick 2 to 5 times slower.
import { LevelController } from "#src/explain/level-controller.js";

const [TICKS, RATE, BUDGET] = [72_000, 20, 40];
const COST = { full: 1, shares: 0.35, skip: 0.3 };
/** Options of the first version. */
const EARLIER = { window: 100, patience: 100, maxPatience: 6400 };

/** Park and Miller's generator: the same numbers at every run. */
function randoms(seed) {
  let state = seed;
  return () => {
    state = (state * 16807) % 2147483647;
    return state / 2147483647;
  };
}

/** Slowdown of each tick: busy spells of `length` seconds on average, one per `every` seconds. */
function spells(random, every, length) {
  const slow = new Float64Array(TICKS).fill(1);
  const seconds = (mean) => Math.max(1, Math.round(-Math.log(random()) * mean * RATE));
  for (let t = seconds(every); t < TICKS; t += seconds(every))
    for (let left = seconds(length); left > 0 && t < TICKS; left--, t++) slow[t] = 2 + 3 * random();
  return slow;
}
const alternating = (random, seconds) =>
  Float64Array.from({ length: TICKS }, (_, t) => (Math.floor(t / (seconds * RATE)) % 2 === 1 ? 3 + random() : 1));
const single = (random, part) => Float64Array.from({ length: TICKS }, () => (random() < part ? 4 : 1));

const CASES = {
  "spells of 0.3 s, one in 30 s": (random) => spells(random, 30, 0.3),
  "spells of 1 s, one a minute": (random) => spells(random, 60, 1),
  "spells of 5 s, one in 5 min": (random) => spells(random, 300, 5),
  "busy every other minute": (random) => alternating(random, 60),
  "too slow by a fifth": () => new Float64Array(TICKS).fill(3),
  "1 tick in 200 slow": (random) => single(random, 0.005),
  "1 tick in 20 slow": (random) => single(random, 0.05),
};

function hour(controller, slow, random) {
  const sums = { full: 0, could: 0, late: 0, changes: 0 };
  for (let t = 0; t < TICKS; t++) {
    const { level } = controller;
    const gauss = Math.sqrt(-2 * Math.log(random())) * Math.cos(2 * Math.PI * random());
    const whole = 16 * Math.exp(0.15 * gauss) * slow[t];
    const latency = whole * COST[level];
    controller.add(latency);
    sums.full += level === "full";
    sums.could += whole <= BUDGET;
    sums.late += latency > BUDGET;
    sums.changes += controller.level !== level;
  }
  return sums;
}

const percent = (count, digits = 1) => `${((100 * count) / TICKS).toFixed(digits)} %`;
console.log("| machine | full fits | full | late | changes an hour | earlier: full | late | changes |");
console.log("| --- | --- | --- | --- | --- | --- | --- | --- |");
for (const [name, make] of Object.entries(CASES)) {
  const columns = [{}, EARLIER].map((options) => {
    const random = randoms(7);
    return hour(new LevelController({ budgetMs: BUDGET, ...options }), make(random), random);
  });
  const cells = columns.flatMap(({ full, late, changes }) => [percent(full), percent(late, 2), changes]);
  console.log(`| ${[name, percent(columns[0].could), ...cells].join(" | ")} |`);
}
