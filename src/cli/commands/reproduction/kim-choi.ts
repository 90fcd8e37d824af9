import { existsSync } from "node:fs";
import { InputError } from "../../../errors.js";
import { readText } from "../../../files/reading.js";
import { anywherePolicy, goalsFile, levinePolicies, rewardPolicies, shippedPolicy } from "../../../package-files.js";
import { loadPolicy } from "../../../policy/policy.js";
import { sharesByConvention } from "../../../reproduction/kim-choi/convention-shares.js";
import { reproduceItems } from "../../../reproduction/kim-choi/crew.js";
import { anywhereFigures, figures, setFigures } from "../../../reproduction/kim-choi/figures.js";
import { DEFAULT_CONVENTION, type Findings } from "../../../reproduction/kim-choi/findings.js";
import { GOALS_FILE, type GoalsRow } from "../../../reproduction/kim-choi/goals.js";
import { goalsChart } from "../../../reproduction/kim-choi/goals-figure.js";
import { episodesOf, type Found, type Item, workOfItem } from "../../../reproduction/kim-choi/items.js";
import { GOALS_FIGURE, inWords, page } from "../../../reproduction/kim-choi/page/page.js";
import { CITATION } from "../../../reproduction/kim-choi/paper.js";
import { setFindings } from "../../../reproduction/kim-choi/policy-set.js";
import { SET_NAMES, type SetName } from "../../../reproduction/kim-choi/sets.js";
import { tables } from "../../../reproduction/kim-choi/tables.js";
import { FULL, QUICK, type Workload } from "../../../reproduction/kim-choi/workload.js";
import { taskNames } from "../../../sim/tasks/tasks.js";
import { taskFor } from "../../input/sim-task.js";
import { chosenOf, filesOf, NO_POLICY, type Paper, type Reproduced } from "./paper.js";

/** S. Kim and J. Choi (2021): the shipped policies of the arms, and those that were trained otherwise. */
export const kimChoi: Paper = async ({ task: asked, quick, seed, students }) => {
  if (students !== undefined) throw new InputError("--students: is for xing; kim-choi has no distilled policies");
  const names = chosenOf(asked, taskNames, "task");
  const workload = { ...(quick ? QUICK : FULL), seed };
  const work = await Promise.all(
    names.shipped.flatMap((task) => itemsOf(task, workload)).map((item) => measured(item, workload)),
  );
  // The longest first: then the threads end at about the same time.
  const items = work.sort((a, b) => b.work - a.work).map(({ item }) => item);
  return {
    what: names.shipped.join(", "),
    work: work.reduce((sum, one) => sum + one.work, 0),
    async run(options) {
      const found = await reproduceItems(items, workload, options);
      const findings: Findings = {
        workload,
        ...inOrder(names.shipped, found),
        goals: names.shipped.includes(GOALS_TASK) ? await goals() : undefined,
        missing: names.missing.map((task) => ({ task, why: NO_POLICY })),
      };
      return reproduced(findings);
    },
  };
};

/** The policies of a task. */
const itemsOf = (task: string, { setPolicies }: Workload): Item[] => [
  { kind: "task", task, path: shippedPolicy(task) },
  ...SET_NAMES.flatMap((set) =>
    POLICIES[set](task)
      .slice(0, setPolicies)
      .map(({ seed, path }): Item => ({ kind: "member", set, task, path, seed })),
  ),
  ...(existsSync(anywherePolicy(task)) ? [{ kind: "anywhere" as const, task, path: anywherePolicy(task) }] : []),
];

const POLICIES: Readonly<Record<SetName, typeof levinePolicies>> = { levine: levinePolicies, reward: rewardPolicies };

/** An item with its number of steps. @throws InputError for a policy that does not fit its task */
async function measured(item: Item, workload: Workload): Promise<{ readonly item: Item; readonly work: number }> {
  const policy = await loadPolicy(item.path);
  const task = await taskFor(policy, item.task, episodesOf(item, policy));
  const work = workOfItem(item, task, workload);
  task.delete();
  return { item, work };
}

/** Findings by kind, each in the order of the tasks and seeds. */
function inOrder(tasks: readonly string[], found: readonly Found[]): Pick<Findings, "tasks" | "sets" | "anywhere"> {
  const members = (task: string, set: SetName) =>
    found.flatMap((one) =>
      one.kind === "member" && one.set === set && one.findings.task === task ? [one.findings] : [],
    );
  const inTasks = <T extends { readonly task: string }>(all: readonly T[]) =>
    tasks.flatMap((task) => all.filter((one) => one.task === task));
  return {
    tasks: inTasks(found.flatMap((one) => (one.kind === "task" ? [one.findings] : []))),
    sets: tasks.flatMap((task) =>
      SET_NAMES.flatMap((set) => {
        const [first, ...others] = members(task, set).sort((a, b) => a.seed - b.seed);
        return first ? [setFindings(set, [first, ...others])] : [];
      }),
    ),
    anywhere: inTasks(found.flatMap((one) => (one.kind === "anywhere" ? [one.findings] : []))),
  };
}

/** The task of the experiment on the number of goals. */
const GOALS_TASK = "reacher";

async function goals(): Promise<readonly GoalsRow[] | undefined> {
  const file = goalsFile();
  if (!existsSync(file)) return undefined;
  return GOALS_FILE.parse(JSON.parse(await readText(file, "the experiment on the number of goals"))).rows;
}

async function reproduced(findings: Findings): Promise<Reproduced> {
  const svgs = new Map<string, string>();
  for (const task of findings.tasks) for (const [name, svg] of await figures(task)) svgs.set(name, svg);
  for (const set of findings.sets) for (const [name, svg] of await setFigures(set)) svgs.set(name, svg);
  for (const one of findings.anywhere) for (const [name, svg] of await anywhereFigures(one)) svgs.set(name, svg);
  if (findings.goals) svgs.set(GOALS_FIGURE, await goalsChart(findings.goals));
  const all = tables(findings);
  return {
    page: page(findings, svgs),
    files: filesOf(svgs, all),
    json: {
      torquelens_reproduction: 1,
      paper: CITATION,
      extent: findings.workload,
      missing: findings.missing,
      ...Object.fromEntries(all),
    },
    summary: summaryOf(findings),
  };
}

function summaryOf({ tasks, missing }: Findings): string[] {
  const verdicts = tasks.flatMap(({ measured, change, agreement }) =>
    [...measured, ...change.measured, ...agreement]
      .filter(({ convention }) => convention === DEFAULT_CONVENTION)
      .flatMap((one) => one.verdicts),
  );
  return [
    ...tasks.map((task) => inWords(task.task, sharesByConvention(task))),
    `${verdicts.filter(({ holds }) => holds).length} of ${verdicts.length} statements on trends hold (convention ${DEFAULT_CONVENTION}, every method and task).`,
    ...missing.map(({ task, why }) => `Not included: ${task} (${why}).`),
  ];
}
