import { spawnSync } from "node:child_process";
import { existsSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";

const MARKER = "node_modules/.torquelens-lock";

/**
 * Installs exactly what `directory`/package-lock.json lists, unless that is there already. Install scripts of packages
 * are not run. Throws an Error that says what to do where npm fails.
 */
export function installPackages(directory) {
  const lock = readFileSync(join(directory, "package-lock.json"), "utf8");
  const marker = join(directory, MARKER);
  if (existsSync(marker) && readFileSync(marker, "utf8") === lock) return;
  run(
    "npm",
    ["ci", "--include=dev", "--include=optional", "--ignore-scripts", "--no-audit", "--no-fund", "--loglevel=error"],
    directory,
    `npm could not install the packages of ${join(directory, "package-lock.json")}: it needs its registry, ` +
      `or a cache that holds them ("Without internet" in docs/ros.md)`,
  );
  writeFileSync(marker, lock);
}

/**
 * Runs a program in `directory`. Where it fails, prints its output and throws an Error with `failure` (a text, or a
 * function of the output) and the exit code.
 */
export function run(program, args, directory, failure, environment = process.env) {
  const { status, signal, error, stdout, stderr } = spawnSync(program, args, {
    cwd: directory,
    env: environment,
    encoding: "utf8",
    maxBuffer: 2 ** 28,
  });
  if (status === 0) return;
  const output = `${stdout ?? ""}${stderr ?? ""}`;
  process.stderr.write(output);
  const text = typeof failure === "string" ? failure : failure(output);
  throw new Error(`${text} (${error?.message ?? (signal || `exit code ${status}`)})`);
}

/** Runs `main`; an Error becomes one line on stderr and exit code 1. */
export async function report(main) {
  try {
    await main();
  } catch (error) {
    console.error(`torquelens: ${error instanceof Error ? error.message : error}`);
    process.exitCode = 1;
  }
}
