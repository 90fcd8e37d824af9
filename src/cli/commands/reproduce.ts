import { existsSync } from "node:fs";
import { join } from "node:path";
import { InputError } from "../../errors.js";
import { assertWritable, writeAtomically } from "../../files/atomic.js";
import { makeFolder } from "../../files/folder.js";
import { readText } from "../../files/reading.js";
import { duration } from "../../numbers/duration.js";
import { goalsFile, levinePolicies, shippedPolicy } from "../../package-files.js";
import { loadPolicy } from "../../policy/policy.js";
import { sharesByConvention } from "../../reproduction/convention-shares.js";
import { figures, setFigures } from "../../reproduction/figures.js";
import { DEFAULT_CONVENTION, type Findings, type SetFindings, type TaskFindings } from "../../reproduction/findings.js";
import { GOALS_FILE, type GoalsRow } from "../../reproduction/goals.js";
import { goalsChart } from "../../reproduction/goals-figure.js";
import { GOALS_FIGURE, inWords, page } from "../../reproduction/page/page.js";
import { CITATION } from "../../reproduction/paper.js";
import { type PolicySet, reproduceSet, trainedEpisodes, workOfSet } from "../../reproduction/policy-set.js";
import { reproduceTask, type TaskPolicy, workOf } from "../../reproduction/reproduce.js";
import { csv, tables } from "../../reproduction/tables.js";
import { FULL, QUICK } from "../../reproduction/workload.js";
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
  const found: TaskFindings[] = [];
  const foundSets: SetFindings[] = [];
  const interruption = new Interruption();
  const { signal } = interruption;
  const start = performance.now();
  const policies: TaskPolicy[] = [];
  const sets: PolicySet[] = [];
  let total = 0;
  for (const name of names.shipped) {
    const policy = await loadPolicy(shippedPolicy(name));
    const open = () => taskFor(policy, name);
    policies.push({ name, policy, open });
    const task = await open();
    total += workOf(task, workload);
    const trained: PolicySet["policies"][number][] = [];
    for (const { seed, path } of levinePolicies(name)) trained.push({ seed, policy: await loadPolicy(path) });
    total += workOfSet(task, trained.length, workload);
    task.delete();
    if (trained.length === 0) continue;
    const [{ policy: first }] = trained as [PolicySet["policies"][number]];
    sets.push({ task: name, policies: trained, open: () => taskFor(first, name, trainedEpisodes(first)) });
  }
  const bar = new Progress(total, "");
  let done = 0;
  try {
    for (const each of policies) {
      const step = () => bar.update(++done, { what: each.name });
      found.push(await reproduceTask(each, workload, { signal, done: step }));
    }
    for (const set of sets) {
      const step = () => bar.update(++done, { what: `${set.task}, as the paper trained` });
      foundSets.push(await reproduceSet(set, workload, { signal, done: step }));
    }
  } catch (error) {
    if (signal.aborted) throw new Error("interrupted; no file was written", { cause: error });
    throw error;
  } finally {
    bar.stop();
    interruption.end();
  }
  const findings: Findings = {
    workload,
    tasks: found,
    sets: foundSets,
    goals: names.shipped.includes(GOALS_TASK) ? await goals() : undefined,
    missing: names.missing.map((task) => ({ task, why: NO_POLICY })),
  };
  const written = await write(output, findings);
  if (json) writeOut(`${JSON.stringify(jsonOf(findings))}\n`);
  else writeOut(`${report(findings, output, written, (performance.now() - start) / 1000)}\n`);
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
