import { existsSync } from "node:fs";
import { join } from "node:path";
import { InputError } from "../../errors.js";
import { assertWritable, writeAtomically } from "../../files/atomic.js";
import { makeFolder } from "../../files/folder.js";
import { readText } from "../../files/reading.js";
import { duration } from "../../numbers/duration.js";
import { anywherePolicy, goalsFile, levinePolicies, shippedPolicy } from "../../package-files.js";
import { loadPolicy } from "../../policy/policy.js";
import { sharesByConvention } from "../../reproduction/convention-shares.js";
import { reproduceItems } from "../../reproduction/crew.js";
import { anywhereFigures, figures, setFigures } from "../../reproduction/figures.js";
import { DEFAULT_CONVENTION, type Findings } from "../../reproduction/findings.js";
import { GOALS_FILE, type GoalsRow } from "../../reproduction/goals.js";
import { goalsChart } from "../../reproduction/goals-figure.js";
import { episodesOf, type Found, type Item, workOfItem } from "../../reproduction/items.js";
import { GOALS_FIGURE, inWords, page } from "../../reproduction/page/page.js";
import { CITATION } from "../../reproduction/paper.js";
import { setFindings } from "../../reproduction/policy-set.js";
import { csv, tables } from "../../reproduction/tables.js";
import { FULL, QUICK, type Workload } from "../../reproduction/workload.js";
import { taskNames } from "../../sim/tasks/tasks.js";
import { writeOut } from "../../text/terminal.js";
import { taskFor } from "../input/sim-task.js";
import { Progress } from "../output/progress.js";
import { Interruption } from "../process/interruption.js";

export interface ReproduceOptions {
  readonly output: string;
  readonly task: readonly string[];
  readonly quick?: boolean;
  readonly seed: number;
  readonly json?: boolean;
}

export async function reproduce({ output, task: asked, quick, seed, json }: ReproduceOptions): Promise<void> {
  const names = chosen(asked);
  await makeFolder(output).catch((error: NodeJS.ErrnoException) => {
    throw new InputError(`${output}: cannot make the folder (${error.code ?? error.message})`);
  });
  await assertWritable(join(output, PAGE));
  const workload = { ...(quick ? QUICK : FULL), seed };
  const interruption = new Interruption();
  const { signal } = interruption;
  const start = performance.now();
  const work = await Promise.all(
    names.shipped.flatMap((task) => itemsOf(task, workload)).map((item) => measured(item, workload)),
  );
  // The longest first: then the threads end at about the same time.
  const items = work.sort((a, b) => b.work - a.work).map(({ item }) => item);
  const bar = new Progress(
    work.reduce((sum, one) => sum + one.work, 0),
    names.shipped.join(", "),
  );
  let found: readonly Found[];
  try {
    found = await reproduceItems(items, workload, { signal, watch: (done) => bar.update(done) });
  } catch (error) {
    if (signal.aborted) throw new Error("interrupted; no file was written", { cause: error });
    throw error;
  } finally {
    bar.stop();
    interruption.end();
  }
  const findings: Findings = {
    workload,
    ...inOrder(names.shipped, found),
    goals: names.shipped.includes(GOALS_TASK) ? await goals() : undefined,
    missing: names.missing.map((task) => ({ task, why: NO_POLICY })),
  };
  const written = await write(output, findings);
  if (json) writeOut(`${JSON.stringify(jsonOf(findings))}\n`);
  else writeOut(`${report(findings, output, written, (performance.now() - start) / 1000)}\n`);
}

/** The policies of a task. */
const itemsOf = (task: string, { setPolicies }: Workload): Item[] => [
  { kind: "task", task, path: shippedPolicy(task) },
  ...levinePolicies(task)
    .slice(0, setPolicies)
    .map(({ seed, path }): Item => ({ kind: "member", task, path, seed })),
  ...(existsSync(anywherePolicy(task)) ? [{ kind: "anywhere" as const, task, path: anywherePolicy(task) }] : []),
];

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
  const members = found.flatMap((one) => (one.kind === "member" ? [one.findings] : []));
  const inTasks = <T extends { readonly task: string }>(all: readonly T[]) =>
    tasks.flatMap((task) => all.filter((one) => one.task === task));
  return {
    tasks: inTasks(found.flatMap((one) => (one.kind === "task" ? [one.findings] : []))),
    sets: tasks.flatMap((task) => {
      const [first, ...others] = members.filter((one) => one.task === task).sort((a, b) => a.seed - b.seed);
      return first ? [setFindings([first, ...others])] : [];
    }),
    anywhere: inTasks(found.flatMap((one) => (one.kind === "anywhere" ? [one.findings] : []))),
  };
}

const PAGE = "index.html";
/** The task of the experiment on the number of goals. */
const GOALS_TASK = "reacher";

async function goals(): Promise<readonly GoalsRow[] | undefined> {
  const file = goalsFile();
  if (!existsSync(file)) return undefined;
  return GOALS_FILE.parse(JSON.parse(await readText(file, "the experiment on the number of goals"))).rows;
}

const NO_POLICY = "no policy is shipped for it";

/** @throws InputError for a task that is unknown, or asked for and without a policy */
function chosen(asked: readonly string[]): { readonly shipped: string[]; readonly missing: string[] } {
  for (const name of asked) {
    if (!taskNames.includes(name)) throw new InputError(`no task named "${name}"; expected ${taskNames.join(", ")}`);
    if (!existsSync(shippedPolicy(name))) throw new InputError(`task ${name}: ${NO_POLICY}`);
  }
  const names = asked.length > 0 ? [...new Set(asked)] : taskNames;
  const has = (name: string) => existsSync(shippedPolicy(name));
  return { shipped: names.filter(has), missing: names.filter((name) => !has(name)) };
}

/** Writes everything into the folder; returns how many files. */
async function write(output: string, findings: Findings): Promise<number> {
  const files = new Map<string, string>();
  const svgs = new Map<string, string>();
  for (const task of findings.tasks) for (const [name, svg] of await figures(task)) svgs.set(name, svg);
  for (const set of findings.sets) for (const [name, svg] of await setFigures(set)) svgs.set(name, svg);
  for (const one of findings.anywhere) for (const [name, svg] of await anywhereFigures(one)) svgs.set(name, svg);
  if (findings.goals) svgs.set(GOALS_FIGURE, await goalsChart(findings.goals));
  for (const [name, svg] of svgs) files.set(`${name}.svg`, svg);
  for (const [name, rows] of tables(findings)) files.set(`${name}.csv`, csv(rows));
  files.set("reproduction.json", `${JSON.stringify(jsonOf(findings), null, 1)}\n`);
  files.set(PAGE, page(findings, svgs));
  for (const [name, text] of files) await writeAtomically(join(output, name), text);
  return files.size;
}

const jsonOf = (findings: Findings): object => ({
  torquelens_reproduction: 1,
  paper: CITATION,
  extent: findings.workload,
  missing: findings.missing,
  ...Object.fromEntries(tables(findings)),
});

function report({ tasks, missing }: Findings, output: string, files: number, seconds: number): string {
  const verdicts = tasks.flatMap(({ measured, change, agreement }) =>
    [...measured, ...change.measured, ...agreement]
      .filter(({ convention }) => convention === DEFAULT_CONVENTION)
      .flatMap((one) => one.verdicts),
  );
  return [
    ...tasks.map((task) => inWords(task.task, sharesByConvention(task))),
    `${verdicts.filter(({ holds }) => holds).length} of ${verdicts.length} statements on trends hold (convention ${DEFAULT_CONVENTION}, every method and task).`,
    ...missing.map(({ task, why }) => `Not included: ${task} (${why}).`),
    `${files} files in ${output} after ${duration(seconds)}; see ${join(output, PAGE)}`,
  ].join("\n");
}
