// Random cases without end, each against an oracle: npm run fuzz -- [--kind NAME …] [--runs N] [--seed N] [--seconds S]
import { fork } from "node:child_process";
import { existsSync, mkdirSync, readFileSync, rmSync, statSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { parseArgs } from "node:util";
import fc from "fast-check";
import type { Kind } from "./kind.js";
import { KINDS } from "./kinds.js";

const HELP = `npm run fuzz -- [options]
  --kind NAME     ${KINDS.map(({ name }) => name).join(", ")}; several times for several, all by default
  --runs N        cases of each kind (default 200)
  --seconds S     time of each kind instead of a number of cases
  --seed N        first seed (default 1)
  --out FOLDER    where failing cases are written (default fuzz-failures.tmp)
  --case FILE     runs one case that was written
`;

const { values } = parseArgs({
  options: {
    kind: { type: "string", multiple: true, default: KINDS.map(({ name }) => name) },
    runs: { type: "string", default: "200" },
    seconds: { type: "string" },
    seed: { type: "string", default: "1" },
    out: { type: "string", default: "fuzz-failures.tmp" },
    case: { type: "string" },
    child: { type: "boolean", default: false },
    help: { type: "boolean", default: false },
  },
});

/** Cases in one batch: fast-check begins a batch with small cases. */
const BATCH = 100;
/** A case that takes longer hangs. */
const PATIENCE_S = 240;
/** Memory that a process of small cases may ever have held, bytes. */
const MOST_MEMORY = 3 * 2 ** 30;

interface Failure {
  readonly kind: string;
  readonly seed: number;
  readonly path?: string | null;
  readonly error: string;
  readonly case: unknown;
}

const kindNamed = (name: string): Kind => {
  const found = KINDS.find((candidate) => candidate.name === name);
  if (found) return found;
  process.stderr.write(`kind ${name} is unknown; known are ${KINDS.map((k) => k.name).join(", ")}\n`);
  process.exit(2);
};

function write(failure: Failure, number = 0): string {
  mkdirSync(values.out, { recursive: true });
  const path = join(values.out, `${failure.kind}-${failure.seed}${number > 0 ? `-${number}` : ""}.json`);
  writeFileSync(path, `${JSON.stringify(failure, undefined, 1)}\n`);
  return path;
}

const running = (kind: string): string => join(values.out, `${kind}.running`);

/** Runs batches of a kind until the number of cases or the time is over. */
async function fuzz(made: Kind): Promise<void> {
  mkdirSync(values.out, { recursive: true });
  const end = values.seconds === undefined ? Number.POSITIVE_INFINITY : Date.now() + 1000 * Number(values.seconds);
  const most = values.seconds === undefined ? Number(values.runs) : Number.POSITIVE_INFINITY;
  const counts = new Map<string, number>();
  let [runs, failures] = [0, 0];
  const holds = async (each: unknown, seed: number): Promise<void> => {
    writeFileSync(running(made.name), JSON.stringify({ kind: made.name, seed, case: each }));
    const outcome = await made.holds(each);
    counts.set(outcome, (counts.get(outcome) ?? 0) + 1);
    const memory = 1024 * process.resourceUsage().maxRSS;
    if (memory > MOST_MEMORY) throw new Error(`took ${memory} bytes of memory`);
  };
  const fails = (failure: Failure): void => {
    failures++;
    process.stdout.write(
      `FAILED ${made.name}, seed ${failure.seed}: ${failure.error}\n  ${JSON.stringify(failure.case)}\n` +
        `  ${write(failure, made.isSlow ? failures : 0)}\n`,
    );
  };
  for (let seed = Number(values.seed); runs < most && Date.now() < end; seed++) {
    if (made.isSlow) {
      const numRuns = Number.isFinite(most) ? most : BATCH;
      for (const each of fc.sample(made.cases, { seed, numRuns })) {
        if (Date.now() >= end) break;
        runs++;
        await holds(each, seed).catch(({ message }: Error) =>
          fails({ kind: made.name, seed, error: message, case: each }),
        );
      }
      continue;
    }
    const numRuns = Math.min(BATCH, most - runs);
    const limit = Number.isFinite(end) ? { interruptAfterTimeLimit: Math.max(1, end - Date.now()) } : {};
    const property = fc.asyncProperty(made.cases, (each) => holds(each, seed));
    const result = await fc.check(property, { seed, numRuns, ...limit });
    runs += result.numRuns;
    if (!result.failed || result.counterexample === null) continue;
    const error = String((result.errorInstance as Error | undefined)?.message ?? "it did not end");
    fails({ kind: made.name, seed, path: result.counterexamplePath, error, case: result.counterexample[0] });
  }
  await made.close?.();
  rmSync(running(made.name), { force: true });
  const tally = [...counts].sort().map(([outcome, count]) => `${outcome} ${count}`);
  process.stdout.write(`${made.name}: ${runs} cases, ${failures} failed (${tally.join(", ")})\n`);
  process.exitCode = failures > 0 ? 1 : 0;
}

/** A kind in its own process, which may die or hang: the case that ran then is written too. */
function supervised(made: Kind): Promise<boolean> {
  const child = fork(fileURLToPath(import.meta.url), [...process.argv.slice(2), "--kind", made.name, "--child"], {
    execArgv: [...process.execArgv, "--max-old-space-size=2048"],
  });
  const watch = setInterval(() => {
    const file = running(made.name);
    if (existsSync(file) && Date.now() - statSync(file).mtimeMs > 1000 * PATIENCE_S) child.kill("SIGKILL");
  }, 1000);
  return new Promise((resolve) => {
    child.on("exit", (code, signal) => {
      clearInterval(watch);
      if (code === 0 || code === 1) return resolve(code === 0);
      const file = running(made.name);
      const left = existsSync(file)
        ? JSON.parse(readFileSync(file, "utf8"))
        : { kind: made.name, seed: -1, case: null };
      const path = write({ ...left, error: `the process ended with ${signal ?? code}` });
      process.stdout.write(
        `FAILED ${made.name}, seed ${left.seed}: the process ended with ${signal ?? code}\n  ${path}\n`,
      );
      resolve(false);
    });
  });
}

if (values.help) process.stdout.write(HELP);
else if (values.case !== undefined) {
  const { kind, case: each } = JSON.parse(readFileSync(values.case, "utf8")) as Failure;
  const found = kindNamed(kind);
  try {
    process.stdout.write(`${await found.holds(each)}\n`);
  } finally {
    await found.close?.();
  }
} else if (values.child) await fuzz(kindNamed(values.kind.at(-1)!));
else {
  const results: boolean[] = [];
  for (const name of values.kind) results.push(await supervised(kindNamed(name)));
  process.exitCode = results.every(Boolean) ? 0 : 1;
}
