import { beforeAll, describe, expect, it } from "vitest";
import { CONVENTIONS } from "#src/policy/conventions.js";
import { loadPolicy, type Policy } from "#src/policy/policy.js";
import { reproduceAnywhere, workOfAnywhere } from "#src/reproduction/kim-choi/anywhere.js";
import { COURSE_CLAIMS } from "#src/reproduction/kim-choi/claims.js";
import { sharesByConvention } from "#src/reproduction/kim-choi/convention-shares.js";
import { meanWithin } from "#src/reproduction/kim-choi/course.js";
import { anywhereFigures, figures, setFigures } from "#src/reproduction/kim-choi/figures.js";
import {
  type AnywhereFindings,
  type Findings,
  measuredBy,
  type SetFindings,
  type TaskFindings,
} from "#src/reproduction/kim-choi/findings.js";
import { GOALS_FILE, type GoalsRow, goalRows } from "#src/reproduction/kim-choi/goals.js";
import { goalsChart } from "#src/reproduction/kim-choi/goals-figure.js";
import { answer } from "#src/reproduction/kim-choi/page/goals.js";
import { inWords, page } from "#src/reproduction/kim-choi/page/page.js";
import { METHODS } from "#src/reproduction/kim-choi/paper.js";
import { reproduceMember, setFindings, trainedEpisodes, workOfMember } from "#src/reproduction/kim-choi/policy-set.js";
import { PARTS } from "#src/reproduction/kim-choi/relevance-mass.js";
import { reproduceTask, workOf } from "#src/reproduction/kim-choi/reproduce.js";
import { meanOverEpisodes } from "#src/reproduction/kim-choi/share-rows.js";
import { tables } from "#src/reproduction/kim-choi/tables.js";
import { verdicts } from "#src/reproduction/kim-choi/verdicts.js";
import { csv } from "#src/reproduction/table.js";
import type { Task } from "#src/sim/tasks/task.js";
import { loadTask } from "#src/sim/tasks/tasks.js";

const TICKS = 10;
const workload = {
  seed: 0,
  perCondition: 1,
  stride: 5,
  mapStride: 5,
  alphaStride: 5,
  torqueTicks: 2,
  cascadeTicks: 1,
  setPolicies: 2,
  setPerCondition: 1,
  setStride: 2,
};

/** The reacher, its episodes cut short. */
async function shortTask({ modalities }: Policy): Promise<Task> {
  const { width, height } = modalities.find((m) => m.kind === "image") as { width: number; height: number };
  const task = await loadTask("reacher", { width, height });
  return new Proxy(task, {
    get: (whole, key) => {
      if (key === "ticks") return TICKS;
      const value = Reflect.get(whole, key, whole);
      return typeof value === "function" ? value.bind(whole) : value;
    },
  });
}

describe("the reproduction of a short run", () => {
  let found: TaskFindings;
  let findings: Findings;
  let done = 0;
  let total = 0;
  let set: SetFindings;
  let byReward: SetFindings;
  let anywhere: AnywhereFindings;
  let rows: GoalsRow[];

  beforeAll(async () => {
    const policy = await loadPolicy(new URL("../../../models/reacher.onnx", import.meta.url).pathname);
    const progress = { done: () => done++ };
    const task = await shortTask(policy);
    total = workOf(task, workload);
    task.delete();
    found = await reproduceTask({ name: "reacher", policy, open: () => shortTask(policy) }, workload, progress);
    const open = () => shortTask(policy);
    const again = await open();
    total += 3 * workOfMember(again, workload) + workOfAnywhere(again, workload);
    again.delete();
    const member = (seed: number) => reproduceMember({ task: "reacher", seed, policy, open }, workload, progress);
    set = setFindings("levine", [await member(4), await member(7)]);
    byReward = setFindings("reward", [await member(2)]);
    anywhere = await reproduceAnywhere({ task: "reacher", policy, open }, workload, progress);
    rows = await goalRows(policy, await open(), { goals: "four", seed: 4, episodes: 2 });
    const missing = [{ task: "door", why: "no policy is shipped for it" }];
    findings = { workload, tasks: [found], sets: [set, byReward], anywhere: [anywhere], goals: rows, missing };
  });

  it("makes as many steps as `workOf` says beforehand", () => {
    expect(done).toBe(total);
  });

  it("shares sum to one, for every method under every convention", () => {
    const rows = tables(findings).get("shares")!;
    const combinations = new Set(rows.map(({ method, convention }) => `${method} ${convention}`));
    expect(combinations.size).toBe(15);
    for (const combination of combinations) {
      const own = rows.filter(({ method, convention }) => `${method} ${convention}` === combination);
      const mean = (of: string) => own.find((row) => row.of === of)!.mean as number;
      const sum = found.modalities.reduce((all, modality) => all + mean(modality), 0);
      expect(sum).toBeCloseTo(1, 4);
      expect(mean("image") + mean("configuration")).toBeCloseTo(1, 4);
    }
  });

  it("the origin of feature points changes the share by guided backpropagation, measured on them, not its heatmaps", () => {
    const image = (convention: string) =>
      sharesByConvention(found).find((ratio) => ratio.method === "guided-backprop" && ratio.convention === convention)!
        .image.mean;
    expect(Math.abs(image("mean-corner") - image("mean"))).toBeGreaterThan(0.01);
    const mass = (convention: string) => measuredBy(found.mass, "guided-backprop", convention).mass.relevance;
    for (const part of PARTS) expect(mass("mean-corner")[part]).toBeCloseTo(mass("mean")[part], 6);
  });

  it("tests heatmaps once for conventions that do not change them", () => {
    const steps = (method: string, convention: string) => measuredBy(found.cascade, method, convention).steps;
    for (const convention of ["corner", "mean", "standardised"])
      expect(steps("guided-backprop", convention)).toBe(steps("guided-backprop", "zero"));
    expect(steps("dtd", "corner")).not.toBe(steps("dtd", "zero"));
  });

  it("explains heatmaps at fewer ticks under other conventions, and shares at all that are asked for", () => {
    const ticks = (convention: string) => measuredBy(found.mass, "dtd", convention).mass.ticks;
    expect([ticks("zero"), ticks("corner")]).toEqual([4 * TICKS, (4 * TICKS) / workload.mapStride]);
  });

  it("a policy that was trained with goals anywhere has the changed episodes' shares, with a column and charts", async () => {
    const own = measuredBy(anywhere.change.measured, "rap", "zero");
    const shipped = measuredBy(found.change.measured, "rap", "zero");
    expect(own.courses).toEqual(shipped.courses);
    expect(own.verdicts).toEqual(shipped.verdicts);
    expect([anywhere.episodes, anywhere.change.successes]).toEqual([4, found.change.successes]);
    const all = tables(findings);
    expect(all.get("goals_anywhere_claims")).toHaveLength(5 * METHODS.length);
    expect(all.get("goals_anywhere_target_change")).toEqual(
      all.get("target_change")!.filter(({ convention }) => convention === "zero"),
    );
    expect([...(await anywhereFigures(anywhere)).keys()]).toEqual(
      METHODS.map((method) => `fig6-anywhere-reacher-${method}`),
    );
  });

  it("tests the paper's statements under every convention", () => {
    const rows = tables(findings).get("claims")!;
    for (const convention of CONVENTIONS.map(({ name }) => name)) {
      const own = rows.filter((row) => row.convention === convention);
      for (const method of METHODS) expect(own.filter((row) => row.method === method)).toHaveLength(12);
      expect(own.filter((row) => String(row.claim).startsWith("agree_"))).toHaveLength(3);
    }
  });

  it("a change of the target has no effect before it happens", () => {
    const { at } = found.change.windows;
    for (const method of METHODS) {
      const usual = measuredBy(found.measured, method, "zero").courses;
      const changed = measuredBy(found.change.measured, method, "zero").courses;
      usual.forEach((course, e) => {
        expect(changed[e]!.ratios.image.subarray(0, at)).toEqual(course.ratios.image.subarray(0, at));
        expect(changed[e]!.ratios.image.subarray(at)).not.toEqual(course.ratios.image.subarray(at));
      });
    }
  });

  it("the parts of relevance mass sum to one", () => {
    for (const { mass } of found.mass)
      for (const parts of [mass.relevance, mass.area])
        expect(Object.values(parts).reduce((sum, part) => sum + part, 0)).toBeCloseTo(1, 6);
  });

  it("compares heatmaps of torques, and of randomised networks", () => {
    for (const { torqueLikeness } of found.torqueLikeness) {
      expect(torqueLikeness.pairs).toBe(workload.torqueTicks);
      expect(Math.abs(torqueLikeness.cosine)).toBeLessThanOrEqual(1 + 1e-6);
      expect(torqueLikeness.leastCosine).toBeLessThanOrEqual(torqueLikeness.cosine);
    }
    for (const { steps } of found.cascade) {
      expect(steps.map(({ layer }) => layer)).toEqual([
        "fc3.weight",
        "fc2.weight",
        "fc1.weight",
        "conv3.weight",
        "conv2.weight",
        "conv1.weight",
      ]);
      // Another first layer sees something else.
      expect(steps.at(-1)!.cosine).toBeLessThan(0.9);
    }
  });

  it("α is the analytic one while the arm moves freely", () => {
    const { weighted, free, held } = found.alpha;
    const [usual, , analytic] = weighted;
    expect(weighted.map(({ convention }) => convention)).toEqual(
      CONVENTIONS.flatMap(({ name }) => Array(4).fill(name)),
    );
    expect(analytic!.groups.image.mean).toBe(usual!.groups.image.mean);
    expect([free.ticks, held.ticks]).toEqual([4 * TICKS, 0]);
    expect(free.median).toBeGreaterThan(0.99);
  });

  it("measures every policy of a set, and counts their episodes together", () => {
    const single = measuredBy(found.measured, "dtd", "zero");
    const { courses, each, verdicts } = set.measured.find(({ method }) => method === "dtd")!;
    expect(set.policies.map(({ seed }) => seed)).toEqual([4, 7]);
    expect([set.episodesEach, set.episodes, courses.length]).toEqual([4, 8, 8]);
    expect(set.successes).toBe(2 * found.successes);
    for (const course of [courses[1]!, courses[5]!]) {
      for (let tick = 0; tick < TICKS; tick++) {
        const expected = tick % workload.setStride === 0 ? single.courses[1]!.ratios.image[tick]! : Number.NaN;
        expect(course.ratios.image[tick]).toBe(expected);
      }
    }
    expect(each).toHaveLength(2);
    expect(each[0]).toEqual(each[1]);
    verdicts.forEach(({ estimate }, c) => {
      expect(estimate.mean).toBeCloseTo(each[0]![c]!.estimate.mean, 9);
      expect(estimate.count).toBe(2 * each[0]![c]!.estimate.count);
    });
    const { mean, std } = meanOverEpisodes(courses, found.modalities, "image");
    const image = courses.map(({ ratios }) => meanWithin(ratios.image, 0, TICKS));
    expect(mean).toBeCloseTo(image.reduce((a, b) => a + b) / 8, 12);
    expect(std).toBeCloseTo(Math.sqrt(image.reduce((sum, one) => sum + (one - mean) ** 2, 0) / 7), 12);
    const ofPaper = tables(findings).get("trained_as_paper_claims")!;
    expect(ofPaper).toHaveLength(12 * METHODS.length);
  });

  it("keeps policies that were trained otherwise apart, in tables and figures of their own", async () => {
    const all = tables(findings);
    expect(all.get("trained_by_reward_policies")!.map(({ seed }) => seed)).toEqual([2]);
    expect(all.get("trained_as_paper_policies")!.map(({ seed }) => seed)).toEqual([4, 7]);
    expect(all.get("trained_by_reward_claims")).toHaveLength(12 * METHODS.length);
    const policies = new Set(all.get("distractors")!.map(({ policy }) => policy));
    expect([...policies]).toEqual([
      "as shipped",
      "as the paper trained, seed 4",
      "as the paper trained, seed 7",
      "trained by reward, seed 2",
    ]);
    const [trained, other] = [await setFigures(set), await setFigures(byReward)];
    expect([...other.keys()]).toContain("fig5-reward-reacher-rap");
    expect([...trained.keys()].filter((name) => other.has(name))).toEqual([]);
  });

  it("shares of the experiment on goals are those of the same episodes, tenth by tenth", () => {
    expect(GOALS_FILE.parse({ command: "", rows: JSON.parse(JSON.stringify(rows)) }).rows).toEqual(rows);
    expect(rows.map(({ method }) => method)).toEqual([...METHODS]);
    const [{ image, position, velocity, claims }] = rows as [GoalsRow];
    const courses = measuredBy(found.measured, "dtd", "zero").courses.slice(0, 2);
    image.forEach((share, part) => {
      expect(share! + position[part]! + velocity[part]!).toBeCloseTo(1, 3);
      expect(share).toBeCloseTo((courses[0]!.ratios.image[part]! + courses[1]!.ratios.image[part]!) / 2, 4);
    });
    const [falls] = verdicts(
      COURSE_CLAIMS.filter(({ id }) => id === "image_falls"),
      courses,
    );
    expect(claims.image_falls.mean).toBeCloseTo(falls!.estimate.mean, 4);
  });

  it("writes a page with all figures and a note on missing tasks", async () => {
    const svgs = new Map([
      ...(await figures(found)),
      ...(await setFigures(set)),
      ...(await setFigures(byReward)),
      ...(await anywhereFigures(anywhere)),
      ["goals", await goalsChart(rows)],
    ]);
    expect([...svgs.keys()]).toEqual(
      expect.arrayContaining([
        "fig4-reacher",
        "fig5-reacher-rap",
        "fig6-reacher-dtd",
        "conventions-reacher",
        "fig5-levine-reacher-rap",
      ]),
    );
    const text = page(findings, svgs);
    // The page hides a chart from screen readers and describes it in words.
    for (const svg of svgs.values()) if (!svg.includes("<image")) expect(text).toContain(svg.slice("<svg ".length));
    expect(text).toContain("reacher, goals anywhere</th>");
    expect(text).toContain("reacher, trained by reward</th>");
    expect(text).toContain("Trained by reward: 1 policy (recipe <code>ppo</code>, seed 2)");
    expect(text).toContain("Not in this run: door (no policy is shipped for it).");
    expect(text).not.toMatch(/NaN|undefined|<script|https?:\/\/(?!www\.w3\.org)/);
  });
});

describe("the answer about goals", () => {
  const group = (goals: GoalsRow["goals"], ...falls: boolean[]) =>
    falls.map(
      (holds) =>
        ({
          goals,
          successes: 9,
          episodes: 10,
          claims: { image_falls: { holds, mean: holds ? -0.5 : 0.25 } },
        }) as unknown as GoalsRow,
    );

  it.each([
    [[group("four", true, true), group("random", false, false)], "It falls with few goals, and only then."],
    [[group("four", true, true), group("random", false, true)], "It falls with few goals, but not only then."],
    [
      [group("four", true, false), group(16, false, false)],
      "Few goals do not make it fall in every policy: the number of goals alone does not decide.",
    ],
    [
      [group("four", false, false), group(16, false, true)],
      "Few goals do not make it fall: the number of goals alone does not decide.",
    ],
  ])("%#", (groups, end) => {
    expect(answer(groups).endsWith(end)).toBe(true);
  });

  it("names policies that fail", () => {
    const failing = group("random", false).map((row) => ({ ...row, successes: 2 }));
    expect(answer([group("four", false), failing])).toMatch(
      /Policies trained with goals anywhere fail in more than a tenth/,
    );
  });

  it("counts policies times methods", () => {
    expect(answer([group("four", true, false), group("random", false, false)])).toMatch(
      /^The image’s share falls in 1 of 2 with 4 goals, 0 of 2 with goals anywhere \(/,
    );
  });

  it("tells the trend by the number of goals", () => {
    expect(answer([group("four", true, false), group("random", false, false)])).toContain(
      "Its rank correlation with time is on average −0.13 with 4 goals, 0.25 with goals anywhere.",
    );
  });
});

it("a policy's episodes are those of its training, by its card", async () => {
  const policy = await loadPolicy(new URL("../../../models/reacher.onnx", import.meta.url).pathname);
  expect(trainedEpisodes(policy)).toEqual({});
  const training = { recipe: { episodes: { targets: 16, starts: "near" } } };
  expect(trainedEpisodes({ ...policy, card: { ...policy.card, training } })).toEqual(training.recipe.episodes);
});

describe("in words", () => {
  const ratio = (convention: string, mean: number, isNear: boolean) => {
    const one = { mean, std: 0, ticks: 1 };
    return { convention, method: "dtd", image: one, position: one, velocity: one, isNear };
  };

  it("names the combinations that come near the paper's ratio", () => {
    expect(inWords("peg", [ratio("zero", 0.4, false), ratio("corner", 0.55, true)])).toBe(
      "peg: The paper reports 60 : 40 for 7-DoF peg insertion. Within 10 points of it: dtd under corner (55 : 45); the other 1 of 2 combinations are not.",
    );
  });

  it("says so if none does", () => {
    expect(inWords("reacher", [ratio("zero", 0.5, false), ratio("corner", 0.6, false)])).toBe(
      "reacher: The paper reports 20 : 80 for 2-DoF reaching. No method is within 10 points of it under any convention; closest is 50 : 50 (dtd, zero).",
    );
  });
});

it("CSV has the columns of all rows, quoted if needed, empty for null", () => {
  expect(
    csv([
      { a: 'x "y", z', b: null },
      { a: 1, c: true },
    ]),
  ).toBe('a,b,c\n"x ""y"", z",,\n1,,true\n');
});
