import { type ChildProcess, fork, spawn } from "node:child_process";
import { once } from "node:events";
import { fileURLToPath } from "node:url";

/** What came of a command line. `code` is a signal's name where the process died, "late" where it did not end. */
export interface Run {
  readonly code: number | string;
  readonly stdout: string;
  readonly stderr: string;
}

const CHILD = fileURLToPath(new URL("child.mjs", import.meta.url));
const PROGRAM = fileURLToPath(new URL("../../../bin/torquelens.js", import.meta.url));
/** Time of a command in a process that ran others, milliseconds. */
const SHORT = 30_000;
/** Time of a command in a process of its own, milliseconds. */
const LONG = 90_000;

/** One process for many command lines: most of a command's time is the start of its process. */
export class Runner {
  #child: ChildProcess | undefined;
  #said = "";

  async run(argv: readonly string[], folder: string): Promise<Run> {
    const child = this.#started();
    this.#said = "";
    const run = await answered(child, SHORT, () => child.send({ argv, folder }));
    if (typeof run.code === "string") this.#child = undefined;
    // What libraries write to the terminal themselves.
    return { ...run, stderr: run.stderr + this.#said };
  }

  #started(): ChildProcess {
    if (this.#child) return this.#child;
    const child = fork(CHILD, [], { stdio: ["ignore", "ignore", "pipe", "ipc"], execArgv: [] });
    child.stderr!.setEncoding("utf8").on("data", (text: string) => {
      this.#said += text;
    });
    this.#child = child;
    return child;
  }

  async close(): Promise<void> {
    const child = this.#child;
    this.#child = undefined;
    if (!child) return;
    child.kill("SIGKILL");
    await once(child, "exit");
  }
}

function answered(child: ChildProcess, limit: number, ask: () => void): Promise<Run> {
  return new Promise((resolve) => {
    const end = (run: Run): void => {
      clearTimeout(timer);
      child.off("message", end).off("exit", died);
      resolve(run);
    };
    const died = (code: number | null, signal: string | null): void =>
      end({ code: signal ?? `died with ${code}`, stdout: "", stderr: "" });
    const timer = setTimeout(() => {
      child.off("exit", died).kill("SIGKILL");
      end({ code: "late", stdout: "", stderr: "" });
    }, limit);
    child.once("message", end).once("exit", died);
    ask();
  });
}

/** Runs a command line as a user does. */
export async function runAlone(argv: readonly string[], folder: string): Promise<Run> {
  const child = spawn(process.execPath, [PROGRAM, ...argv], { cwd: folder, stdio: ["ignore", "pipe", "pipe"] });
  const printed = { stdout: "", stderr: "" };
  for (const name of ["stdout", "stderr"] as const)
    child[name].setEncoding("utf8").on("data", (text: string) => {
      printed[name] += text;
    });
  let isLate = false;
  const timer = setTimeout(() => {
    isLate = true;
    child.kill("SIGKILL");
  }, LONG);
  const [code, signal] = (await once(child, "close")) as [number | null, string | null];
  clearTimeout(timer);
  return { code: isLate ? "late" : (code ?? signal!), ...printed };
}
