import { spawn } from "node:child_process";
import { once } from "node:events";
import { open } from "node:fs/promises";
import { text } from "node:stream/consumers";
import { fileURLToPath } from "node:url";

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

/** Runs the command line in a process of its own. */
export function torquelens(...argv: string[]): Promise<Run> {
  const child = spawn(process.execPath, [program, ...argv], { stdio: ["ignore", "pipe", "pipe"] });
  let stdout = "";
  let stderr = "";
  child.stdout.setEncoding("utf8").on("data", (more: string) => {
    stdout += more;
  });
  child.stderr.setEncoding("utf8").on("data", (more: string) => {
    stderr += more;
  });
  return new Promise((resolve, reject) => {
    child.once("error", reject);
    child.once("close", (code) => resolve({ code, stdout, stderr }));
  });
}

/** What a refusal of the user's input looks like: exit code 2, one line on stderr. */
export const refusal = (message: string) => ({ code: 2, stderr: `torquelens: ${message}\n` });
