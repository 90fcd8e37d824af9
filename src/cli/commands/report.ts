import { resolve } from "node:path";
import { Presets, SingleBar } from "cli-progress";
import { type Command, InvalidArgumentError } from "commander";
import { CsvWriter, type TableWriter } from "../../analysis/csv.js";
import { type EventSpec, parseEvent } from "../../analysis/events.js";
import { findings } from "../../analysis/findings.js";
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
import { foldersOf, msgPathOption } from "../options/msg-path.js";
import { atLeast, wholeNumber } from "../options/numbers.js";
import { reportText } from "../output/report-text.js";

interface Options {
  readonly output?: string;
  readonly csv?: string;
  readonly parquet?: string;
  readonly json?: boolean;
  readonly against?: readonly string[];
  readonly names: readonly [string, string];
  readonly event: readonly EventSpec[];
  readonly window: number;
  readonly at: readonly number[];
  readonly runs: number;
  readonly moments: number;
  readonly topic?: string;
  readonly msgPath: readonly string[];
}

export function addReport(program: Command): void {
  program
    .command("report")
    .description("what the torques of recorded runs were based on: charts, film strips, what to look at first, tables")
    .argument("<bags...>", "explained recordings: .mcap, .db3, or folders of ros2 bag")
    .option("-o, --output <file>", "write a self-contained HTML page")
    .option("--csv <file>", "write a table, a row a tick and joint")
    .option("--parquet <file>", "write the same table as Parquet")
    .option("--json", "print the report's numbers as one JSON object")
    .option("--against <bags...>", "a second set of runs to compare the first with")
    .option("--names <first,second>", "names of the two sets", setNames, ["A", "B"] as const)
    .option(
      "--event <what>",
      "align runs at flag:NAME, topic:/NAME, tick:N, time:SECONDS or end; can be given again",
      (text: string, before: readonly EventSpec[]) => [...before, parseEvent(text)],
      [] as readonly EventSpec[],
    )
    .option("--window <seconds>", "time shown before and after an event", atLeast(0.01), 1)
    .option("--at <seconds,...>", "times of a run's film strip (default: evenly spread)", times, [])
    .option("--runs <n>", "runs shown by themselves, the most unusual first", wholeNumber(0), 6)
    .option("--moments <n>", "moments listed of each kind", wholeNumber(0), 8)
    .option("--topic <name>", "topic of the explanations, where a bag has several")
    .addOption(msgPathOption())
    .action(report);
}

async function report(bags: readonly string[], options: Options): Promise<void> {
  const folders = await foldersOf(options);
  const sets = [bags, ...(options.against ? [options.against] : [])];
  refuseTwice(sets.flat());
  for (const file of [options.output, options.csv, options.parquet]) if (file !== undefined) await assertWritable(file);
  const bar = new SingleBar({ format: "{bar} {value}/{total} bags, {eta} s left", noTTYOutput: false }, Presets.legacy);
  const drawn = process.stderr.isTTY;
  if (drawn) bar.start(sets.flat().length, 0);
  const { surveys, notes } = await withTables(sets, { ...options, folders }, (write) =>
    surveyOf(sets, { ...options, folders }, write, () => drawn && bar.increment()),
  ).finally(() => bar.stop());
  const found = findings(surveys, notes, options.moments);
  if (options.output !== undefined) {
    const details = [];
    for (const { survey, ranking } of found.sets) {
      const { runs, at, topic } = options;
      details.push(await readDetails(survey, ranking, { runs, at, topic, folders }));
    }
    await writeAtomically(options.output, await page(found, details));
  }
  for (const note of notes) process.stderr.write(`warning: ${note}\n`);
  if (options.json) process.stdout.write(`${JSON.stringify(reportJson(found))}\n`);
  else process.stdout.write(`${reportText(found, options)}\n`);
}

type Reading = Pick<ReadOptions, "topic" | "folders">;
type Write = (run: Run) => Promise<void>;

interface Surveyed {
  readonly surveys: readonly Survey[];
  readonly notes: readonly string[];
}

/** Reads all runs; bags that cannot be read are left out, with a note, as long as others can. */
async function surveyOf(
  sets: readonly (readonly string[])[],
  { names, event, window, topic, against, folders }: Options & Reading,
  write: Write,
  done: () => void,
): Promise<Surveyed> {
  const notes: string[] = [];
  const messages = event.flatMap((spec) => (spec.kind === "topic" ? [spec.topic] : []));
  const surveys = sets.map((_, s) => new Survey({ name: against ? names[s]! : "all runs", events: event, window }));
  for (const [s, bags] of sets.entries()) {
    const survey = surveys[s]!;
    const problems: InputError[] = [];
    for (const bag of bags) {
      const skipped = (count: number, reason: string) =>
        notes.push(`${bag}: ${count} explanations left out: ${reason}`);
      const runs = readRuns(bag, { messages, topic, folders, skipped, problem: (text) => notes.push(text) });
      for await (const run of readable(runs, (problem) => problems.push(problem))) {
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

/** The runs of a bag; none where it cannot be read from its beginning on. */
async function* readable(runs: AsyncGenerator<Run>, left: (problem: InputError) => void): AsyncGenerator<Run> {
  let any = false;
  try {
    for await (const run of runs) {
      any = true;
      yield run;
    }
  } catch (error) {
    if (any || !(error instanceof InputError)) throw error;
    left(error);
  }
}

/** Runs `work` with what writes the tables that were asked for. */
async function withTables(
  sets: readonly (readonly string[])[],
  { csv, parquet, topic, names, folders }: Options & Reading,
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
        const table = await create(half);
        try {
          return await inner(async (run) => {
            await table.write(run);
            await write(run);
          });
        } finally {
          await table.close();
        }
      });
  }, work);
  return wrapped(async () => {});
}

/** The columns that the runs of all sets need, judged by the first readable bag of each. */
async function columnsOf(
  sets: readonly (readonly string[])[],
  reading: Reading,
  names: readonly [string, string],
): Promise<TableColumn[]> {
  const modalities = new Set<string>();
  for (const bags of sets) {
    for (const bag of bags) {
      const identity = await readIdentity(bag, reading).catch((error: unknown) => {
        if (!(error instanceof InputError)) throw error;
      });
      if (!identity) continue;
      for (const modality of identity.modalities) modalities.add(modality);
      break;
    }
  }
  const second = new Set(sets[1]);
  return tableColumns([...modalities], sets.length > 1 ? ({ bag }) => names[second.has(bag) ? 1 : 0] : undefined);
}

function refuseTwice(bags: readonly string[]): void {
  const seen = new Set<string>();
  for (const bag of bags) {
    const path = resolve(bag);
    if (seen.has(path)) throw new InputError(`${bag}: named twice, expected every bag once`);
    seen.add(path);
  }
}

function setNames(text: string): readonly [string, string] {
  const [first, second, ...more] = text.split(",").map((name) => name.trim());
  if (first && second && first !== second && more.length === 0) return [first, second];
  throw new InvalidArgumentError("Expected two names with a comma between them.");
}

function times(text: string): number[] {
  const seconds = text.split(",").map((part) => (part.trim() === "" ? Number.NaN : Number(part)));
  if (seconds.every((at) => Number.isFinite(at) && at >= 0)) return seconds;
  throw new InvalidArgumentError("Expected seconds from the run's first tick, with commas between them.");
}
