import { Command, CommanderError } from "commander";
import { InputError } from "../errors.js";
import { packageMetadata } from "../package-files.js";

/** Each adds one command to the program; the order is the order of `--help`. Only what is asked for is loaded. */
const COMMANDS: Readonly<Record<string, () => Promise<(program: Command) => void>>> = {
  sim: async () => (await import("./commands/sim.js")).addSim,
  explain: async () => (await import("./commands/explain.js")).addExplain,
  compile: async () => (await import("./commands/compile.js")).addCompile,
  inspect: async () => (await import("./commands/inspect.js")).addInspect,
  methods: async () => (await import("./commands/methods.js")).addMethods,
  replay: async () => (await import("./commands/replay.js")).addReplay,
  report: async () => (await import("./commands/report.js")).addReport,
  profile: async () => (await import("./commands/profile.js")).addProfile,
  train: async () => (await import("./commands/train.js")).addTrain,
  reproduce: async () => (await import("./commands/reproduce.js")).addReproduce,
  node: async () => (await import("./commands/node.js")).addNode,
  "sim-node": async () => (await import("./commands/sim-node.js")).addSimNode,
  bench: async () => (await import("./commands/bench.js")).addBench,
};

/**
 * Runs the command line; returns the exit code: 0 done, 1 failed, 2 bad usage or input. Errors are one line on stderr,
 * with a stack trace only under `--debug`.
 */
export async function main(argv: readonly string[]): Promise<number> {
  process.stdout.on("error", ignoreClosedPipe);
  try {
    await (await program(argv)).parseAsync(argv, { from: "user" });
    return 0;
  } catch (error) {
    if (error instanceof CommanderError) return error.exitCode === 0 ? 0 : 2;
    const text = error instanceof Error ? error.message : String(error);
    const internal = error instanceof InputError ? "" : " (--debug shows where)";
    const debug = argv.includes("--debug") && error instanceof Error;
    process.stderr.write(debug ? `${error.stack}\n` : `torquelens: ${oneLine(text)}${internal}\n`);
    return error instanceof InputError ? 2 : 1;
  }
}

async function program(argv: readonly string[]): Promise<Command> {
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
  const asked = argv.find((argument) => !argument.startsWith("-")) ?? "";
  const names = Object.hasOwn(COMMANDS, asked) ? [asked] : Object.keys(COMMANDS);
  for (const name of names) (await COMMANDS[name]!())(program);
  return program;
}

const oneLine = (text: string): string => text.trim().replace(/\s*\n\s*/g, " ");

/** A reader such as `head` that has seen enough is no failure. A command that has something to finish listens itself. */
function ignoreClosedPipe(error: NodeJS.ErrnoException): void {
  if (process.stdout.listenerCount("error") > 1) return;
  if (error.code !== "EPIPE") throw error;
  process.exit(0);
}
