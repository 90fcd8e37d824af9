import { existsSync, mkdtempSync, readdirSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { extname, join } from "node:path";
import fc from "fast-check";
import { Choices, choices } from "../choices.js";
import { failed } from "../failed.js";
import { kind } from "../kind.js";
import { COMMAND_LINES, type CommandLine } from "./command-lines.js";
import { damage } from "./damage.js";
import { oddOption } from "./options.js";
import { type Run, Runner, runAlone } from "./runner.js";
import { copyScene, makeScene } from "./scene.js";

interface CommandCase {
  readonly line: number;
  /** What is damaged: an input, or an option. */
  readonly what: "file" | "option";
  readonly which: number;
  readonly how: number;
}

/** Every command, with a damaged input or an odd option: done, or refused in one line, in time. */
export const commands = kind<CommandCase>({
  name: "commands",
  about: "every command with damaged inputs and odd options: done or refused in one line, nothing half-written",
  cases: fc.record({
    line: fc.nat(COMMAND_LINES.length - 1),
    what: fc.constantFrom("file", "file", "file", "option"),
    which: fc.noBias(choices),
    how: fc.noBias(choices),
  }),
  holds,
  isSlow: true,
  close: async () => {
    await runner.close();
    if (scene !== undefined) rmSync(await scene, { recursive: true });
    scene = undefined;
  },
});

const runner = new Runner();
let scene: Promise<string> | undefined;

async function holds({ line, what, which, how }: CommandCase): Promise<string> {
  scene ??= makeScene();
  const folder = mkdtempSync(join(tmpdir(), "torquelens-fuzz-"));
  try {
    copyScene(await scene, folder);
    const known = COMMAND_LINES[line]!;
    const { reads } = known;
    const c = new Choices(which);
    let argv = known.argv;
    let [way, put] = ["option", ""];
    if (what === "file" && reads.length > 0) {
      [way, put] = await damage(join(folder, reads[c.below(reads.length)]!), new Choices(how));
    } else {
      const odd = await oddOption(argv[0]!, c);
      argv = [...argv, ...odd];
      put = odd.join(" ");
    }
    const first = await runner.run(argv, folder);
    if (problemOf(first, known, put, folder) === undefined) return `${way} ${first.code}`;
    // A fault counts where a user meets it.
    for (const name of known.writes) rmSync(join(folder, name), { force: true });
    const run = await runAlone(argv, folder);
    const problem = problemOf(run, known, put, folder);
    if (problem !== undefined) failed(`torquelens ${argv.join(" ")}: ${way} ${put}: ${problem}`);
    return `${way} ${run.code}, alone only`;
  } finally {
    rmSync(folder, { recursive: true });
  }
}

const GOOD = new Set<number | string>([0, 2, 77]);
/** What a reader should not see, unless the user wrote it. */
const WORDS = [/\bundefined\b/, /\[object \w+\]/, /(?<!\b(?:is|found|of) )\bNaN\b/, /\n +at /];
/** Lines that may come before the refusal. */
const BEFORE = /^(torquelens: |warning: |reading |resumed: |Warning: )/;

/** What is wrong with a run, in one line; undefined where nothing is. */
function problemOf(run: Run, { writes }: CommandLine, put: string, folder: string): string | undefined {
  const { code, stdout, stderr } = run;
  if (code === "late") return "it did not end in time";
  if (!GOOD.has(code)) return `exit ${code}: ${stderr.slice(0, 500)}`;
  const written = writes.filter((name) => existsSync(join(folder, name)));
  const texts = written.filter((name) => [".html", ".csv", ".json", ".yaml"].includes(extname(name)));
  const read = [
    stderr,
    stdout,
    ...texts.map((name) => readFileSync(join(folder, name), "utf8").replace(/<script[\s\S]*?<\/script>/g, "")),
  ];
  for (const word of WORDS)
    for (const text of read) {
      const found = word.exec(text);
      if (found && !word.test(put)) return `it says ${text.slice(Math.max(0, found.index - 100), found.index + 60)}`;
    }
  if (readdirSync(folder).some((name) => /^\..*\.tmp$/.test(name))) return "a temporary file is left";
  if (code !== 2) return undefined;
  if (written.length > 0) return `refused, and ${written} is written: ${stderr}`;
  const lines = stderr.split("\n");
  const last = lines.at(-2) ?? "";
  if (lines.at(-1) !== "" || !last.startsWith("torquelens: ") || !lines.slice(0, -2).every((text) => BEFORE.test(text)))
    return `not one line: ${stderr.slice(0, 1000)}`;
  return undefined;
}
