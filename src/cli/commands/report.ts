import { existsSync } from "node:fs";
import { resolve } from "node:path";
import { CsvWriter, type TableWriter } from "../../analysis/csv.js";
import { parseEvent } from "../../analysis/events.js";
import { type Findings, findings } from "../../analysis/findings.js";
import { readDetails, readPairs } from "../../analysis/page/details.js";
import { page } from "../../analysis/page/page.js";
import { ParquetTable } from "../../analysis/parquet.js";
import type { ReadOptions } from "../../analysis/read-explanations.js";
import { readIdentity, readRuns } from "../../analysis/read-runs.js";
import { reportJson } from "../../analysis/report-json.js";
import type { Run } from "../../analysis/run.js";
import { byEachGroup, byGroup, byList, type RunSets } from "../../analysis/run-sets.js";
import { Survey } from "../../analysis/survey.js";
import { tableColumns } from "../../analysis/table.js";
import type { TableColumn } from "../../analysis/table-column.js";
import type { WhatIfFindings } from "../../analysis/what-if-findings.js";
import { type WhyFindings, whyOf } from "../../analysis/why/why-of.js";
import { InputError } from "../../errors.js";
import { assertWritable, writeAtomically, writeThrough } from "../../files/atomic.js";
import { refuseOverwriting } from "../../files/overwriting.js";
import { writing } from "../../files/unwritable.js";
import { plural } from "../../numbers/format.js";
import { GROUPINGS, type GroupKey, isGroupKey } from "../../outcome/groups.js";
import { OutcomeTable } from "../../outcome/outcome-table.js";
import type { OutputMeaning } from "../../outputs/kinds.js";
import { CONVENTIONS } from "../../policy/conventions.js";
import { loadPolicy } from "../../policy/policy.js";
import { writeOut } from "../../text/terminal.js";
import { conventionsOfRuns } from "../input/conventions-of-runs.js";
import { foldersOf } from "../input/message-folders.js";
import { filesOfPolicy } from "../input/policy-files.js";
import { policyOfRecording } from "../input/recorded-policy.js";
import { whatIfsOfReport } from "../input/what-ifs-of-report.js";
import { Progress } from "../output/progress.js";
import { reportText } from "../output/report-text.js";
import { warn } from "../output/warnings.js";

export interface ReportOptions {
  readonly dataset?: string;
  readonly where: readonly string[];
  readonly output?: string;
  readonly csv?: string;
  readonly parquet?: string;
  readonly json?: boolean;
  readonly policy?: string;
  readonly card?: string;
  readonly against?: readonly string[];
  readonly names?: readonly [string, string];
  readonly by?: GroupKey;
  readonly outcome?: string;
  readonly whatIf?: boolean;
  readonly event: readonly string[];
  readonly window: number;
  readonly at: readonly number[];
  readonly runs: number;
  readonly moments: number;
  readonly topic?: string;
  readonly msgPath: readonly string[];
}

export async function report(bags: readonly string[], options: ReportOptions): Promise<void> {
  if (bags.length === 0) throw new InputError("no recordings: expected paths, or --dataset with a data set");
  if (options.where.length > 0) throw new InputError("--where: of a data set, expected --dataset too");
  const folders = await foldersOf(options);
  const group = groupIn(options.against);
  if (options.by !== undefined && options.against !== undefined)
    throw new InputError("--by: makes sets of its own, expected no --against beside it");
  const lists = [bags, ...(options.against && !group ? [options.against] : [])];
  refuseTwice(lists.flat());
  const divided = divide(options, group, lists.length);
  const files = [options.output, options.csv, options.parquet];
  if (options.card !== undefined && options.policy === undefined)
    throw new InputError("--card: the card of no policy, expected --policy too");
  await refuseOverwriting([...lists.flat(), options.policy, options.card, options.outcome], files);
  for (const file of files) if (file !== undefined) await assertWritable(file);
  const { runs, moments, at, topic, output } = options;
  const policy = options.policy === undefined ? undefined : await loadPolicy(options.policy, { card: options.card });
  if (policy) await refuseOverwriting(await filesOfPolicy(policy), files);
  const outcomes = options.outcome === undefined ? undefined : await OutcomeTable.read(options.outcome);
  const count = group ? 2 : lists.length;
  // The page reads again the bags that it shows in detail: at most one for each run and moment.
  const again = output === undefined ? 0 : Math.min(lists.flat().length, runs + moments);
  const conventions = policy ? count * (lists.flat().length + CONVENTIONS.length + 1) : 0;
  const read = lists.flat().length + conventions;
  const bar = new Progress(read + count * again, "read bags");
  bar.update(0);
  const found = await bagsRead().finally(() => bar.stop());
  for (const note of found.notes) warn(note);
  if (options.json) writeOut(`${JSON.stringify(reportJson(found))}\n`);
  else writeOut(`${reportText(found, options)}\n`);

  async function bagsRead(): Promise<Findings> {
    const { surveys, notes } = await withTables(lists, divided, { ...options, folders }, (write) =>
      surveyOf(lists, divided, { ...options, folders, outcomes }, write, bar.step),
    );
    checkTimes(at, surveys);
    const under = [];
    const done = () => bar.update(Math.min(bar.done + 1, read), { what: "explain under every convention" });
    for (const [s, survey] of policy ? surveys.entries() : [])
      under.push(await conventionsOfRuns(lists[s] ?? bags, survey, policy!, { folders, done }));
    bar.update(Math.min(bar.done, read), { what: "look for reasons" });
    const why = await whyOf(surveys, { topic, folders });
    const whatIf = options.whatIf ? await whatIfs(surveys, why, { ...options, folders }) : undefined;
    const found = { ...findings(surveys, notes, moments, why, under), whatIf };
    if (output === undefined) return found;
    const details = [];
    for (const [s, { survey, ranking }] of found.sets.entries()) {
      const done = (part: number) => bar.update(read + (Math.min(s, count - 1) + part) * again, { what: "draw runs" });
      details.push(await readDetails(survey, ranking, { runs, at, topic, folders, done }));
    }
    await writeAtomically(output, await page(found, details, await readPairs(why, folders)));
    return found;
  }
}

/** @throws InputError for a film strip's time after the end of every run */
function checkTimes(at: readonly number[], surveys: readonly Survey[]): void {
  const longest = Math.max(...surveys.flatMap(({ runs }) => runs.map(({ duration }) => duration.seconds)));
  const after = at.find((time) => time > longest);
  if (after !== undefined) throw new InputError(`--at ${after}: the longest run is ${longest.toFixed(2)} s long`);
}

type Reading = Pick<ReadOptions, "topic" | "folders">;
type Write = (run: Run, set: string) => Promise<void>;

interface Surveyed {
  readonly surveys: readonly Survey[];
  readonly notes: readonly string[];
}

/** What-ifs of the reasons, by the policy of the runs. */
async function whatIfs(
  surveys: readonly Survey[],
  why: WhyFindings,
  { policy: path, card, folders }: ReportOptions & Reading,
): Promise<WhatIfFindings> {
  const [{ identity, runs }] = surveys as [Survey];
  const first = { bag: runs[0]!.bag, run: runs[0]!.name };
  const policy = await policyOfRecording(first.bag, { policy: path, card });
  if (policy.sha256 !== identity.policySha256)
    throw new InputError(`--policy ${policy.path}: not the policy of the runs, ${identity.policySha256.slice(0, 12)}…`);
  return whatIfsOfReport(policy, why, identity.method, { first, folders });
}

/** Reads all runs. Leaves out bags that cannot be read, with a note, unless a whole set is unreadable. */
async function surveyOf(
  lists: readonly (readonly string[])[],
  divided: RunSets,
  {
    event,
    window,
    topic,
    folders,
    outcomes,
  }: ReportOptions & Reading & { readonly outcomes: OutcomeTable | undefined },
  write: Write,
  done: () => void,
): Promise<Surveyed> {
  const notes: string[] = [];
  const events = event.map(parseEvent);
  const messages = events.flatMap((spec) => (spec.kind === "topic" ? [spec.topic] : []));
  const newSurvey = (name: string) => new Survey({ name, events, window });
  const surveys = new Map(divided.names.map((name) => [name, newSurvey(name)]));
  for (const [list, bags] of lists.entries()) {
    let any = false;
    const problems: InputError[] = [];
    for (const bag of bags) {
      const skipped = (count: number, reason: string) =>
        notes.push(`${bag}: ${plural(count, "explanation")} left out: ${reason}`);
      const runs = readRuns(bag, { messages, topic, folders, skipped, problem: (text) => notes.push(text) });
      const left = (problem: InputError, isRest: boolean) => {
        if (isRest) notes.push(`left out the rest of ${problem.message}`);
        else problems.push(problem);
      };
      for await (const found of readable(runs, left)) {
        const run = { ...found, outcome: outcomes?.of(found) ?? found.outcome };
        const name = divided.setOf(run, list);
        const survey = surveys.get(name) ?? newSurvey(name);
        surveys.set(name, survey);
        survey.add(run);
        any = true;
        await write(run, name);
      }
      done();
    }
    if (!any) throw problems[0]!;
    notes.push(...problems.map(({ message }) => `left out ${message}`));
  }
  outcomes?.checkUsed();
  if (outcomes?.unused !== undefined) notes.push(outcomes.unused);
  for (const [e, { text }] of events.entries()) {
    const curves = [...surveys.values()].map(({ alignments }) => alignments[e]?.curves.curves ?? 0);
    if (curves.every((count) => count === 0)) notes.push(`--event ${text}: happens in no run`);
  }
  const empty = [...surveys.values()].filter(({ runs }) => runs.length === 0);
  notes.push(...empty.map(({ name }) => `no run is in the set ${name}`));
  return { surveys: [...surveys.values()].filter(({ runs }) => runs.length > 0), notes };
}

/** The runs of a bag, as far as it can be read. @param left called for what is left out: all of it, or the rest */
async function* readable(
  runs: AsyncGenerator<Run>,
  left: (problem: InputError, isRest: boolean) => void,
): AsyncGenerator<Run> {
  for (let any = false; ; any = true) {
    let next: IteratorResult<Run>;
    try {
      next = await runs.next();
    } catch (error) {
      if (!(error instanceof InputError)) throw error;
      return left(error, any);
    }
    if (next.done) return;
    yield next.value;
  }
}

/** Runs `work` with a writer of the requested tables. */
async function withTables(
  lists: readonly (readonly string[])[],
  { names }: RunSets,
  { csv, parquet, topic, by, folders }: ReportOptions & Reading,
  work: (write: Write) => Promise<Surveyed>,
): Promise<Surveyed> {
  if (csv === undefined && parquet === undefined) return work(async () => {});
  const setNames = new Map<Run, string>();
  const several = names.length > 1 || by !== undefined;
  const columns = await columnsOf(lists, { topic, folders }, several ? (run) => setNames.get(run)! : undefined);
  const tables: readonly [string | undefined, (path: string) => Promise<TableWriter>][] = [
    [csv, (path) => CsvWriter.create(path, columns)],
    [parquet, async (path) => new ParquetTable(path, columns)],
  ];
  const wrapped = tables.reduce<(write: Write) => Promise<Surveyed>>((inner, [path, create]) => {
    if (path === undefined) return inner;
    return (write) =>
      writeThrough(path, async (half) => {
        const table = await writing(path, () => create(half));
        const done = await inner(async (run, name) => {
          setNames.set(run, name);
          await writing(path, () => table.write(run));
          setNames.delete(run);
          await write(run, name);
        }).catch(async (error: unknown) => {
          // What went wrong first is told.
          await table.close().catch(() => undefined);
          throw error;
        });
        await writing(path, () => table.close());
        return done;
      });
  }, work);
  return wrapped(async () => {});
}

/** The columns for the runs of all sets, from the first readable bag of each. */
async function columnsOf(
  lists: readonly (readonly string[])[],
  reading: Reading,
  setOf: ((run: Run) => string) | undefined,
): Promise<TableColumn[]> {
  const modalities = new Set<string>();
  const outputs: OutputMeaning[] = [];
  let listens = false;
  for (const bags of lists) {
    for (const bag of bags) {
      const identity = await readIdentity(bag, reading).catch((error: unknown) => {
        if (!(error instanceof InputError)) throw error;
      });
      if (!identity) continue;
      for (const modality of identity.modalities) modalities.add(modality);
      outputs.push(...identity.outputs);
      listens ||= identity.instructionModality !== undefined;
      break;
    }
  }
  return tableColumns([...modalities], setOf, outputs.length > 0 ? outputs : undefined, listens);
}

/** The group that `--against outcome=failure` names; undefined for bags. @throws InputError for an unknown group */
function groupIn(against: readonly string[] | undefined): { key: GroupKey; value: string } | undefined {
  const [first, ...more] = against ?? [];
  const [, key, value] = first?.match(/^([a-z]+)=(.+)$/) ?? [];
  if (key === undefined || value === undefined || existsSync(first!)) return undefined;
  const expected = `expected bags, or one of ${Object.keys(GROUPINGS).join(", ")} with its value, such as outcome=failure`;
  if (!isGroupKey(key) || more.length > 0) throw new InputError(`--against ${against!.join(" ")}: ${expected}`);
  if (key === "outcome" && !["success", "failure", "unknown"].includes(value))
    throw new InputError(`--against ${first}: expected outcome=success, outcome=failure or outcome=unknown`);
  return { key, value };
}

function divide({ by, names }: ReportOptions, group: ReturnType<typeof groupIn>, lists: number): RunSets {
  if (by !== undefined) return byEachGroup(by);
  if (group) return byGroup(group.key, group.value, names);
  return byList(lists > 1 ? (names ?? ["A", "B"]) : ["all runs"]);
}

function refuseTwice(bags: readonly string[]): void {
  const seen = new Set<string>();
  for (const bag of bags) {
    const path = resolve(bag);
    if (seen.has(path)) throw new InputError(`${bag}: named twice, expected each bag once`);
    seen.add(path);
  }
}
