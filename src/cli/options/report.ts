import { type Command, InvalidArgumentError, Option } from "commander";
import { GROUPINGS } from "../../outcome/groups.js";
import type { ReportOptions } from "../commands/report.js";
import { times } from "../input/numbers.js";
import { msgPathOption, numberOption, repeatable, SECONDS, wholeOption } from "./shared.js";

export function declareOptions(command: Command): void {
  command
    .argument("[bags...]", "explained recordings: .mcap or .db3 files, or rosbag2 folders")
    .option("--dataset <folder>", "in place of recordings: a data set of torquelens batch, a folder or an s3:// URL")
    .addOption(
      repeatable(
        "--where <key=value>",
        "of a data set: only runs of policy=NAME, robot=NAME or date=YYYY-MM-DD; may be repeated",
      ),
    )
    .option("-o, --output <file>", "write a self-contained HTML page")
    .option("--csv <file>", "write a CSV table with a row per tick and joint")
    .option("--parquet <file>", "write the same table as Parquet")
    .option("--json", "print the report's numbers as one JSON object")
    .option("--policy <file>", "the runs' policy: also report their shares under every other convention")
    .option("--card <file>", "its policy card, default the ONNX file's name with .yaml")
    .option(
      "--against <bags...>",
      "a second set of runs to compare with the first: bags, or a group of the first set, such as outcome=failure; of a data set: runs of policy=NAME",
    )
    .option("--names <first,second>", "names of the two sets (default: A,B, or the group's)", setNames)
    .addOption(new Option("--by <what>", "make a set for each group of the runs").choices(Object.keys(GROUPINGS)))
    .option("--outcome <file>", "CSV table of what became of the runs: run, success[, error, condition]")
    .option(
      "--what-if",
      "run the policy on changed inputs: what-ifs of the reasons, and whether relevance predicts them",
    )
    .addOption(
      repeatable(
        "--event <what>",
        "align runs at flag:NAME, topic:/NAME, tick:N, time:SECONDS or end; may be repeated",
      ),
    )
    .addOption(numberOption("--window <seconds>", "time shown before and after an event", [0.01, 3600]).default(1))
    .addOption(
      new Option("--at <seconds,...>", "times of the film strip's images")
        .argParser(times(100, SECONDS))
        .default([], "evenly spaced"),
    )
    .addOption(
      wholeOption("--runs <n>", "number of runs shown in detail, the most unusual first", [0, 1000]).default(6),
    )
    .addOption(wholeOption("--moments <n>", "number of moments listed of each kind", [0, 1000]).default(8))
    .option("--topic <name>", "topic of the explanations, if a bag has several")
    .addOption(msgPathOption())
    .action(async (bags: readonly string[], options: ReportOptions) =>
      options.dataset === undefined
        ? (await import("../commands/report.js")).report(bags, options)
        : (await import("../commands/report-dataset.js")).reportDataset(bags, options),
    );
}

function setNames(text: string): readonly [string, string] {
  const [first, second, ...more] = text.split(",").map((name) => name.trim());
  if (first && second && first !== second && more.length === 0) return [first, second];
  throw new InvalidArgumentError("Expected two different names, separated by a comma.");
}
