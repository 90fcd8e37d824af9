import { existsSync } from "node:fs";
import * as z from "zod";
import { InputError } from "../../../errors.js";
import { packagePath } from "../../../package-files.js";
import { loadPolicy } from "../../../policy/policy.js";
import { figures } from "../../../reproduction/jain/figures.js";
import type { Findings } from "../../../reproduction/jain/findings.js";
import { page } from "../../../reproduction/jain/page/page.js";
import { CITATION } from "../../../reproduction/jain/paper.js";
import { reproduceJain, type TrainedFile, WORLD, workOf } from "../../../reproduction/jain/reproduce.js";
import { tables } from "../../../reproduction/jain/tables.js";
import { FULL, QUICK, type Workload } from "../../../reproduction/jain/workload.js";
import { LISTENING_ARCHITECTURES } from "../../../train/listening/architectures.js";
import { type Asked, filesOf, type Paper, type Reproduced, type Reproduction } from "./paper.js";

/** V. Jain et al. (2022): networks of the four kinds, randomly initialised and those that are shipped. */
export const jain: Paper = (asked) => prepared(asked, asked.quick ? QUICK : FULL);

/** Checks what is asked for, with another extent. @throws InputError */
export async function prepared({ task, seed, students }: Asked, extent: Omit<Workload, "seed">): Promise<Reproduction> {
  if (students !== undefined) throw new InputError("--students: is for xing; jain has no distilled policies");
  const other = task.find((name) => name !== WORLD);
  if (other !== undefined) throw new InputError(`no task named "${other}" in jain; expected ${WORLD}`);
  const workload = { ...extent, seed };
  const names = Object.keys(LISTENING_ARCHITECTURES);
  const files = new Map<string, TrainedFile>();
  for (const name of names) {
    const path = packagePath(`models/${WORLD}/${name}.onnx`);
    if (!existsSync(path)) continue;
    const policy = await loadPolicy(path);
    files.set(name, { path: `models/${WORLD}/${name}.onnx`, policy, figures: figuresOf(policy.card.training) });
  }
  return {
    what: WORLD,
    work: workOf(names, files, workload),
    run: async (options) =>
      reproduced({ workload, architectures: await reproduceJain(names, files, workload, options) }),
  };
}

const RECORD = z.object({ figures: z.record(z.string(), z.number()) });
const figuresOf = (training: unknown): Readonly<Record<string, number>> =>
  RECORD.safeParse(training).data?.figures ?? {};

async function reproduced(findings: Findings): Promise<Reproduced> {
  const svgs = await figures(findings.architectures);
  const all = tables(findings);
  const verdicts = findings.architectures.flatMap((one) => one.verdicts);
  const missing = findings.architectures.filter(({ trained }) => trained === undefined);
  return {
    page: page(findings, svgs),
    files: filesOf(svgs, all),
    json: {
      torquelens_reproduction: 1,
      paper: CITATION,
      extent: findings.workload,
      missing: missing.map(({ name }) => ({ architecture: name, why: "no trained policy is shipped" })),
      shares: all.get("shares")!,
      verdicts: all.get("verdicts")!,
    },
    summary: [
      `${WORLD}: ${verdicts.filter(({ holds }) => holds).length} of ${verdicts.length} of the paper’s statements hold.`,
      ...missing.map(({ title }) => `Not included: a trained policy of ${title} (none is shipped).`),
    ],
  };
}
