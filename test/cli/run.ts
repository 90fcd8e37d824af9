import { spawn } from "node:child_process";
import { once } from "node:events";
import { open } from "node:fs/promises";
import { Writable } from "node:stream";
import { text } from "node:stream/consumers";
import { fileURLToPath } from "node:url";
import { main } from "#src/cli/main.js";

const program = fileURLToPath(new URL("../../bin/torquelens.js", import.meta.url));

interface Run {
  readonly code: number | null;
  readonly stdout: string;
  readonly stderr: string;
}

/** Runs the command line in a process of its own, whose standard output is a full disk's (Linux). */
export async function ontoFullDisk(...argv: string[]): Promise<Run> {
  const full = await open("/dev/full", "w");
  const child = spawn(process.execPath, [program, ...argv], { stdio: ["ignore", full.fd, "pipe"] });
  try {
    const [stderr, [code]] = await Promise.all([text(child.stderr!), once(child, "close")]);
    return { code, stdout: "", stderr };
  } finally {
    await full.close();
  }
}

/** Runs the command line in a process of its own: for how a process ends, and what native code prints. */
export async function inOwnProcess(...argv: string[]): Promise<Run> {
  const child = spawn(process.execPath, [program, ...argv], { stdio: ["ignore", "pipe", "pipe"] });
  const [stdout, stderr, [code]] = await Promise.all([text(child.stdout), text(child.stderr), once(child, "close")]);
  return { code, stdout, stderr };
}

/** The last of the command lines that run in this process, one after another. */
let last: Promise<unknown> = Promise.resolve();

/** Runs the command line in this process, after those before it: quicker, as nothing is loaded again. */
export function torquelens(...argv: string[]): Promise<Run> {
  const run = last.then(() => inThisProcess(argv));
  last = run.catch(() => undefined);
  return run;
}

const OUTPUTS = ["stdout", "stderr"] as const;
const SIGNALS = ["SIGINT", "SIGTERM", "SIGHUP"];

async function inThisProcess(argv: readonly string[]): Promise<Run> {
  const printed = { stdout: "", stderr: "" };
  const real = OUTPUTS.map((name) => [name, Object.getOwnPropertyDescriptor(process, name)!] as const);
  const listeners = () => SIGNALS.map((signal) => process.listenerCount(signal));
  const before = listeners();
  for (const name of OUTPUTS)
    Object.defineProperty(process, name, {
      configurable: true,
      enumerable: true,
      value: pipe((more) => {
        printed[name] += more;
      }),
    });
  try {
    const code = await main(argv);
    if (`${listeners()}` !== `${before}`) throw new Error(`torquelens ${argv.join(" ")}: still listens to signals`);
    return { code, ...printed };
  } finally {
    for (const [name, stream] of real) Object.defineProperty(process, name, stream);
  }
}

/** A stream like that of a pipe whose reader keeps up. */
const pipe = (take: (text: string) => void): Writable =>
  new Writable({
    decodeStrings: false,
    write(chunk: string | Buffer, _, done) {
      take(chunk.toString());
      done();
    },
  });

/** What a refusal of the user's input looks like: exit code 2, one line on stderr. */
export const refusal = (message: string) => ({ code: 2, stderr: `torquelens: ${message}\n` });
