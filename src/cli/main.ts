import { Command, CommanderError } from "commander";
import { brief, InputError } from "../errors.js";
import { unwritable } from "../files/unwritable.js";
import { packageMetadata } from "../package-files.js";
import { writeErr } from "../text/terminal.js";
import { addAttack } from "./options/attack.js";
import { addBench } from "./options/bench.js";
import { addCompile } from "./options/compile.js";
import { addDistil } from "./options/distil.js";
import { addExplain } from "./options/explain.js";
import { addFaithfulness } from "./options/faithfulness.js";
import { addInspect } from "./options/inspect.js";
import { addMethods } from "./options/methods.js";
import { addNode } from "./options/node.js";
import { addProfile } from "./options/profile.js";
import { addReplay } from "./options/replay.js";
import { addReport } from "./options/report.js";
import { addReproduce } from "./options/reproduce.js";
import { addSim } from "./options/sim.js";
import { addSimNode } from "./options/sim-node.js";
import { addTrain } from "./options/train.js";
import { addVideo } from "./options/video.js";
import { addView } from "./options/view.js";

/** Declares one command each, in the order of `--help`. What a command does is loaded when it runs. */
const COMMANDS: readonly ((program: Command) => void)[] = [
  addSim,
  addExplain,
  addCompile,
  addInspect,
  addMethods,
  addReplay,
  addView,
  addVideo,
  addReport,
  addProfile,
  addFaithfulness,
  addAttack,
  addTrain,
  addDistil,
  addReproduce,
  addNode,
  addSimNode,
  addBench,
];

/**
 * Runs the command line; returns the exit code: 0 done, 1 failed, 2 bad usage or input. Errors are one line on stderr,
 * with a stack trace only under `--debug`.
 */
export async function main(argv: readonly string[]): Promise<number> {
  process.stdout.on("error", ignoreClosedPipe);
  try {
    await program().parseAsync(argv, { from: "user" });
    return 0;
  } catch (error) {
    if (error instanceof CommanderError) return error.exitCode === 0 ? 0 : 2;
    const text = error instanceof Error ? error.message : String(error);
    const internal = error instanceof InputError ? "" : " (--debug shows where)";
    const debug = argv.includes("--debug") && error instanceof Error;
    const lines = error instanceof InputError ? error.problems : [text];
    writeErr(debug ? `${error.stack}\n` : lines.map((line) => `torquelens: ${oneLine(line)}${internal}\n`).join(""));
    return error instanceof InputError ? 2 : 1;
  }
}

function program(): Command {
  const { version, description } = packageMetadata();
  const program = new Command("torquelens")
    .description(description)
    .version(version, "--version", "print the version")
    .option("--debug", "print stack traces")
    .helpOption("--help", "print this help")
    .configureHelp({ showGlobalOptions: true })
    .configureOutput({
      outputError: (text, write) => write(`torquelens: ${oneLine(text.replace(/^error: /, ""))}\n`),
    })
    .exitOverride();
  for (const add of COMMANDS) add(program);
  return program;
}

const oneLine = (text: string): string =>
  brief(text)
    .trim()
    .replace(/\s*\n\s*/g, " ");

/** A reader that stops early, such as `head`, is no failure. A command with work to finish listens itself. */
function ignoreClosedPipe(error: NodeJS.ErrnoException): void {
  if (process.stdout.listenerCount("error") > 1) return;
  if (error.code === "EPIPE") process.exit(0);
  writeErr(`torquelens: ${oneLine(String((unwritable("standard output", error) as Error).message))}\n`);
  process.exit(2);
}
