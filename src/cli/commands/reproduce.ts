import { join } from "node:path";
import { InputError } from "../../errors.js";
import { assertWritable, writeAtomically } from "../../files/atomic.js";
import { makeFolder } from "../../files/folder.js";
import { duration } from "../../numbers/duration.js";
import type { PaperName } from "../../reproduction/papers.js";
import { writeOut } from "../../text/terminal.js";
import { Progress } from "../output/progress.js";
import { Interruption } from "../process/interruption.js";
import type { Asked, Paper, Reproduced } from "./reproduction/paper.js";

export interface ReproduceOptions extends Asked {
  /** Default: the paper's name. */
  readonly output?: string;
  readonly json?: boolean;
}

/** A paper's code is loaded where it is asked for. */
const PAPERS: Readonly<Record<PaperName, () => Promise<Paper>>> = {
  jain: async () => (await import("./reproduction/jain.js")).jain,
  "kim-choi": async () => (await import("./reproduction/kim-choi.js")).kimChoi,
  xing: async () => (await import("./reproduction/xing.js")).xing,
  lovering: async () => (await import("./reproduction/attention.js")).lovering,
  nikulin: async () => (await import("./reproduction/attention.js")).nikulin,
};

const PAGE = "index.html";

export async function reproduce(paper: PaperName, { output = paper, json, ...asked }: ReproduceOptions): Promise<void> {
  const reproduction = await (await PAPERS[paper]())(asked);
  await makeFolder(output).catch((error: NodeJS.ErrnoException) => {
    throw new InputError(`${output}: cannot make the folder (${error.code ?? error.message})`);
  });
  await assertWritable(join(output, PAGE));
  const interruption = new Interruption();
  const { signal } = interruption;
  const start = performance.now();
  const bar = new Progress(reproduction.work, reproduction.what);
  let found: Reproduced;
  try {
    found = await reproduction.run({ signal, watch: (done) => bar.update(done) });
  } catch (error) {
    if (signal.aborted) throw new Error("interrupted; no file was written", { cause: error });
    throw error;
  } finally {
    bar.stop();
    interruption.end();
  }
  const files = await write(output, found);
  const seconds = (performance.now() - start) / 1000;
  const last = `${files} files in ${output} after ${duration(seconds)}; see ${join(output, PAGE)}`;
  writeOut(json ? `${JSON.stringify(found.json)}\n` : `${[...found.summary, last].join("\n")}\n`);
}

/** Writes everything into the folder; returns how many files. */
async function write(output: string, { page, files, json }: Reproduced): Promise<number> {
  const all = new Map([...files, ["reproduction.json", `${JSON.stringify(json, null, 1)}\n`], [PAGE, page]]);
  for (const [name, text] of all) await writeAtomically(join(output, name), text);
  return all.size;
}
