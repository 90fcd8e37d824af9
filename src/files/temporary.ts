import { createHash, randomBytes } from "node:crypto";
import { readFileSync, readlinkSync } from "node:fs";
import { readdir, readlink, realpath, rm, stat } from "node:fs/promises";
import { hostname } from "node:os";
import { basename, dirname, join } from "node:path";

/** Age from which a file belongs to nobody, whoever wrote it, milliseconds. */
const OLD = 3_600_000;
/** `.TARGET.MACHINE-PROCESS-RANDOM.tmp` */
const NAME = /^\.(.+)\.([0-9a-f]{8})-(\d+)-[0-9a-f]{12}\.tmp$/;

let machine: string | undefined;

/** The computer and its set of process ids: containers with the same host name have sets of their own. */
function machineId(): string {
  const facts = [
    () => hostname(),
    () => readFileSync("/proc/sys/kernel/random/boot_id"),
    () => readlinkSync("/proc/self/ns/pid"),
  ];
  machine ??= createHash("sha256").update(facts.map(orNothing).join("\n")).digest("hex").slice(0, 8);
  return machine;
}

function orNothing(read: () => unknown): string {
  try {
    return String(read());
  } catch {
    return "";
  }
}

/** A new name beside a file, that says which process writes it. */
export function temporary(target: string): string {
  const owner = `${machineId()}-${process.pid}-${randomBytes(6).toString("hex")}`;
  return join(dirname(target), `.${basename(target)}.${owner}.tmp`);
}

/**
 * Removes temporary files of runs that were killed: those of processes that are no more, and old ones. Those of a run
 * that goes on stay, and every other file.
 * @param target name of the file that they were for; default all
 */
export async function removeLeftovers(folder: string, target?: string): Promise<void> {
  for (const name of await readdir(folder).catch(() => [])) {
    const [, of, machine, process] = NAME.exec(name) ?? [];
    if (of === undefined || (target !== undefined && of !== target)) continue;
    const path = join(folder, name);
    if (await isLeft(path, machine!, Number(process))) await rm(path, { force: true }).catch(() => undefined);
  }
}

async function isLeft(path: string, machine: string, pid: number): Promise<boolean> {
  const info = await stat(path).catch(() => undefined);
  if (!info?.isFile()) return false;
  if (info.mtimeMs < Date.now() - OLD) return true;
  if (machine !== machineId()) return false;
  // A file with this process's id may be its own, or of a process before it.
  return pid === process.pid ? info.mtimeMs < performance.timeOrigin : !isAlive(pid);
}

function isAlive(pid: number): boolean {
  try {
    process.kill(pid, 0);
    return true;
  } catch (error) {
    return (error as NodeJS.ErrnoException).code !== "ESRCH";
  }
}

/** True where a process of this machine has the file open, as far as the system tells (Linux: of the same user). */
export async function isOpen(path: string): Promise<boolean> {
  const real = await realpath(path).catch(() => undefined);
  if (real === undefined) return false;
  for (const pid of await readdir("/proc").catch(() => [])) {
    if (!/^\d+$/.test(pid)) continue;
    for (const handle of await readdir(`/proc/${pid}/fd`).catch(() => []))
      if ((await readlink(`/proc/${pid}/fd/${handle}`).catch(() => "")) === real) return true;
  }
  return false;
}
