import { resolve } from "node:path";
import { sum } from "d3-array";
import { CsvWriter, type TableWriter } from "../../analysis/csv.js";
import { parseEvent } from "../../analysis/events.js";
import { type Findings, findings } from "../../analysis/findings.js";
import { readDetails } from "../../analysis/page/details.js";
import { page } from "../../analysis/page/page.js";
import { ParquetTable } from "../../analysis/parquet.js";
import type { ReadOptions } from "../../analysis/read-explanations.js";
import { readIdentity, readRuns } from "../../analysis/read-runs.js";
import { reportJson } from "../../analysis/report-json.js";
import type { Run } from "../../analysis/run.js";
import { Survey } from "../../analysis/survey.js";
import { tableColumns } from "../../analysis/table.js";
import type { TableColumn } from "../../analysis/table-column.js";
import { InputError } from "../../errors.js";
import { assertWritable, writeAtomically, writeThrough } from "../../files/atomic.js";
import { refuseOverwriting } from "../../files/overwriting.js";
import { writing } from "../../files/unwritable.js";
import { plural } from "../../numbers/format.js";
import type { OutputMeaning } from "../../outputs/kinds.js";
import { CONVENTIONS } from "../../policy/conventions.js";
import { loadPolicy } from "../../policy/policy.js";
import { writeOut } from "../../text/terminal.js";
import { conventionsOfRuns } from "../input/conventions-of-runs.js";
import { foldersOf } from "../input/message-folders.js";
import { filesOfPolicy } from "../input/policy-files.js";
import { Progress } from "../output/progress.js";
import { reportText } from "../output/report-text.js";
import { warn } from "../output/warnings.js";

export interface ReportOptions {
  readonly output?: string;
  readonly csv?: string;
  readonly parquet?: string;
  readonly json?: boolean;
  readonly policy?: string;
  readonly card?: string;
  readonly against?: readonly string[];
  readonly names: readonly [string, string];
  readonly event: readonly string[];
  readonly window: number;
  readonly at: readonly number[];
  readonly runs: number;
  readonly moments: number;
  readonly topic?: string;
  readonly msgPath: readonly string[];
}

export async function report(bags: readonly string[], options: ReportOptions): Promise<void> {
  const folders = await foldersOf(options);
  const sets = [bags, ...(options.against ? [options.against] : [])];
  refuseTwice(sets.flat());
  const files = [options.output, options.csv, options.parquet];
  if (options.card !== undefined && options.policy === undefined)
    throw new InputError("--card: the card of no policy, expected --policy too");
  await refuseOverwriting([...sets.flat(), options.policy, options.card], files);
  for (const file of files) if (file !== undefined) await assertWritable(file);
  const { runs, moments, at, topic, output } = options;
  // The page reads again the bags that it shows in detail: at most one for each run and moment.
  const again = sets.map((set) => (output === undefined ? 0 : Math.min(set.length, runs + moments)));
  const policy = options.policy === undefined ? undefined : await loadPolicy(options.policy, { card: options.card });
  if (policy) await refuseOverwriting(await filesOfPolicy(policy), files);
  const conventions = policy ? sets.map((set) => set.length + CONVENTIONS.length + 1) : [];
  const read = sets.flat().length + sum(conventions);
  const bar = new Progress(sum([read, ...again]), "read bags");
  bar.update(0);
  const found = await bagsRead().finally(() => bar.stop());
  for (const note of found.notes) warn(note);
  if (options.json) writeOut(`${JSON.stringify(reportJson(found))}\n`);
  else writeOut(`${reportText(found, options)}\n`);

  async function bagsRead(): Promise<Findings> {
    const { surveys, notes } = await withTables(sets, { ...options, folders }, (write) =>
      surveyOf(sets, { ...options, folders }, write, bar.step),
    );
    const under = [];
    const done = () => bar.update(Math.min(bar.done + 1, read), { what: "explain under every convention" });
    for (const [s, survey] of policy ? surveys.entries() : [])
      under.push(await conventionsOfRuns(sets[s]!, survey, policy!, { folders, done }));
    const found = findings(surveys, notes, moments, under);
    if (output === undefined) return found;
    const details = [];
    for (const [s, { survey, ranking }] of found.sets.entries()) {
      const before = sum([read, ...again.slice(0, s)]);
      const done = (part: number) => bar.update(before + part * again[s]!, { what: "draw runs" });
      details.push(await readDetails(survey, ranking, { runs, at, topic, folders, done }));
    }
    await writeAtomically(output, await page(found, details));
    return found;
  }
}

type Reading = Pick<ReadOptions, "topic" | "folders">;
type Write = (run: Run) => Promise<void>;

interface Surveyed {
  readonly surveys: readonly Survey[];
  readonly notes: readonly string[];
}

/** Reads all runs. Leaves out bags that cannot be read, with a note, unless a whole set is unreadable. */
async function surveyOf(
  sets: readonly (readonly string[])[],
  { names, event, window, topic, against, folders }: ReportOptions & Reading,
  write: Write,
  done: () => void,
): Promise<Surveyed> {
  const notes: string[] = [];
  const events = event.map(parseEvent);
  const messages = events.flatMap((spec) => (spec.kind === "topic" ? [spec.topic] : []));
  const surveys = sets.map((_, s) => new Survey({ name: against ? names[s]! : "all runs", events, window }));
  for (const [s, bags] of sets.entries()) {
    const survey = surveys[s]!;
    const problems: InputError[] = [];
    for (const bag of bags) {
      const skipped = (count: number, reason: string) =>
        notes.push(`${bag}: ${plural(count, "explanation")} left out: ${reason}`);
      const runs = readRuns(bag, { messages, topic, folders, skipped, problem: (text) => notes.push(text) });
      const left = (problem: InputError, isRest: boolean) => {
        if (isRest) notes.push(`left out the rest of ${problem.message}`);
        else problems.push(problem);
      };
      for await (const run of readable(runs, left)) {
        survey.add(run);
        await write(run);
      }
      done();
    }
    if (survey.runs.length === 0) throw problems[0]!;
    notes.push(...problems.map(({ message }) => `left out ${message}`));
  }
  return { surveys, notes };
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
  sets: readonly (readonly string[])[],
  { csv, parquet, topic, names, folders }: ReportOptions & Reading,
  work: (write: Write) => Promise<Surveyed>,
): Promise<Surveyed> {
  if (csv === undefined && parquet === undefined) return work(async () => {});
  const columns = await columnsOf(sets, { topic, folders }, names);
  const tables: readonly [string | undefined, (path: string) => Promise<TableWriter>][] = [
    [csv, (path) => CsvWriter.create(path, columns)],
    [parquet, async (path) => new ParquetTable(path, columns)],
  ];
  const wrapped = tables.reduce<(write: Write) => Promise<Surveyed>>((inner, [path, create]) => {
    if (path === undefined) return inner;
    return (write) =>
      writeThrough(path, async (half) => {
        const table = await writing(path, () => create(half));
        const done = await inner(async (run) => {
          await writing(path, () => table.write(run));
          await write(run);
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
  sets: readonly (readonly string[])[],
  reading: Reading,
  names: readonly [string, string],
): Promise<TableColumn[]> {
  const modalities = new Set<string>();
  const outputs: OutputMeaning[] = [];
  for (const bags of sets) {
    for (const bag of bags) {
      const identity = await readIdentity(bag, reading).catch((error: unknown) => {
        if (!(error instanceof InputError)) throw error;
      });
      if (!identity) continue;
      for (const modality of identity.modalities) modalities.add(modality);
      outputs.push(...identity.outputs);
      break;
    }
  }
  const second = new Set(sets[1]);
  const setOf = sets.length > 1 ? ({ bag }: Run) => names[second.has(bag) ? 1 : 0] : undefined;
  return tableColumns([...modalities], setOf, outputs.length > 0 ? outputs : undefined);
}

function refuseTwice(bags: readonly string[]): void {
  const seen = new Set<string>();
  for (const bag of bags) {
    const path = resolve(bag);
    if (seen.has(path)) throw new InputError(`${bag}: named twice, expected each bag once`);
    seen.add(path);
  }
}
