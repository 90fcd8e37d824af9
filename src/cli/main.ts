import { Command, CommanderError } from "commander";
import { brief, Failed, InputError } from "../errors.js";
import { unwritable } from "../files/unwritable.js";
import { own } from "../own.js";
import { packageMetadata } from "../package-files.js";
import { writeErr } from "../text/terminal.js";
import { COMMANDS } from "./command-table.js";

/**
 * Runs the command line; returns the exit code: 0 done, 1 failed, 2 bad usage or input. Errors are one line on stderr,
 * with a stack trace only under `--debug`.
 */
export async function main(argv: readonly string[]): Promise<number> {
  process.stdout.on("error", ignoreClosedPipe);
  try {
    const command = argv.find((word) => !word.startsWith("-"));
    const isKnown = command === undefined || command === "help" || own(COMMANDS, command) !== undefined;
    // commander would answer an unknown command with the general help.
    const words = isKnown ? argv : argv.filter((word) => word !== "--help");
    await (await programFor(argv)).parseAsync(words, { from: "user" });
    return 0;
  } catch (error) {
    if (error instanceof Failed) return 1;
    if (error instanceof CommanderError) return error.exitCode === 0 ? 0 : 2;
    const text = error instanceof Error ? error.message : String(error);
    const internal = error instanceof InputError ? "" : " (--debug shows where)";
    const debug = argv.includes("--debug") && error instanceof Error;
    const lines = error instanceof InputError ? error.problems : [text];
    writeErr(debug ? `${error.stack}\n` : lines.map((line) => `torquelens: ${oneLine(line)}${internal}\n`).join(""));
    return error instanceof InputError ? 2 : 1;
  }
}

/** The program, with the options of the command that the arguments name: no others are loaded. */
async function programFor(argv: readonly string[]): Promise<Command> {
  const { version, description } = packageMetadata();
  const named = argv.find((word) => own(COMMANDS, word));
  const program = new Command("torquelens")
    .description(description)
    .version(version, "--version", "print the version")
    .option("--debug", "print stack traces")
    .helpOption("--help", "print this help")
    .configureHelp({ showGlobalOptions: true, subcommandTerm })
    .configureOutput({
      outputError: (text, write) => write(`torquelens: ${oneLine(text.replace(/^error: /, ""))}\n`),
    })
    .exitOverride();
  for (const [name, { summary, load }] of Object.entries(COMMANDS)) {
    const command = program.command(name).description(summary);
    if (name === named) (await load()).declareOptions(command);
  }
  return program;
}

/** A command in the list of `--help`. The table tells it, since the command's own arguments may not be loaded. */
const subcommandTerm = (command: Command): string =>
  `${command.name()} ${own(COMMANDS, command.name())?.takes ?? command.usage()}`;

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
