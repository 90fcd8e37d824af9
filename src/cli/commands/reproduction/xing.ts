import { existsSync } from "node:fs";
import { join } from "node:path";
import * as z from "zod";
import { InputError } from "../../../errors.js";
import { packagePath, shippedPolicy } from "../../../package-files.js";
import { loadPolicy, type Policy } from "../../../policy/policy.js";
import type { Verdict } from "../../../reproduction/verdict.js";
import { distillationCurve } from "../../../reproduction/xing/distillation-curve.js";
import { figures } from "../../../reproduction/xing/figures.js";
import type { Findings, PolicyFile, WorldPolicies } from "../../../reproduction/xing/findings.js";
import { page } from "../../../reproduction/xing/page/page.js";
import { CITATION, PAPER_WORLDS, POLICY_NAMES, type StudentKind } from "../../../reproduction/xing/paper.js";
import { prepare } from "../../../reproduction/xing/reproduce.js";
import { tables } from "../../../reproduction/xing/tables.js";
import { FULL, QUICK, type Workload } from "../../../reproduction/xing/workload.js";
import { simulatedFor } from "../../input/sim-task.js";
import { type Asked, chosenOf, filesOf, NO_POLICY, type Paper, type Reproduced, type Reproduction } from "./paper.js";

/** J. Xing et al. (2022): the shipped policies of the worlds, and their students. */
export const xing: Paper = (asked) => prepared(asked, asked.quick ? QUICK : FULL);

/** Checks what is asked for, with another extent. @throws InputError */
export async function prepared({ task: asked, seed, students }: Asked, extent: Workload): Promise<Reproduction> {
  const names = chosenOf(asked, Object.keys(PAPER_WORLDS), "world");
  const workload = { ...extent, seed };
  const folder = students ?? packagePath("models/xing");
  const worlds = await Promise.all(names.shipped.map((world) => policiesOf(world, folder)));
  if (students !== undefined && worlds.every(({ policies }) => policies.length === 1))
    throw new InputError(
      `--students ${students}: holds no student; expected ${names.shipped.flatMap((world) => STUDENTS.toReversed().map((kind) => studentFile(world, kind))).join(" or ")}`,
    );
  const { work, run } = await prepare(worlds, workload);
  return {
    what: names.shipped.join(", "),
    work,
    run: async (options) =>
      reproduced({
        workload,
        worlds: await run(options),
        missing: names.missing.map((world) => ({ world, why: NO_POLICY })),
      }),
  };
}

const STUDENTS = ["distilled", "written", "digr"] as const satisfies readonly StudentKind[];
const studentFile = (world: string, kind: StudentKind) => `${world}-${kind}.onnx`;

/** The policies of a world. @throws InputError for one that does not fit the world, or is distilled from another */
async function policiesOf(world: string, folder: string): Promise<WorldPolicies> {
  const original = await loadPolicy(shippedPolicy(world));
  await assertFits(original, world);
  const policies: PolicyFile[] = [{ kind: "original", path: original.path, sha256: original.sha256 }];
  const missing: WorldPolicies["missing"][number][] = [];
  let distillation: WorldPolicies["distillation"];
  for (const kind of STUDENTS) {
    const path = join(folder, studentFile(world, kind));
    if (!existsSync(path)) {
      missing.push({ kind, path });
      continue;
    }
    const student = await loadPolicy(path);
    await assertFits(student, world);
    assertStudentOf(student, original);
    policies.push({ kind, path, sha256: student.sha256 });
    if (kind === "digr") distillation = await distillationCurve(path);
  }
  return { world, policies, distillation, missing };
}

async function assertFits(policy: Policy, world: string): Promise<void> {
  (await simulatedFor(policy, world, {})).delete();
}

const RECORD = z.object({ distilled_from: z.string() });

/** @throws InputError for a policy whose card does not say that it was distilled from the original */
function assertStudentOf({ path, card }: Policy, original: Policy): void {
  const from = RECORD.safeParse(card.training).data?.distilled_from;
  if (from === original.sha256) return;
  const found = from === undefined ? "its card names no teacher" : `its teacher is another (${from.slice(0, 8)}…)`;
  throw new InputError(`${path}: ${found}, expected a student of ${original.path} (${original.sha256.slice(0, 8)}…)`);
}

async function reproduced(findings: Findings): Promise<Reproduced> {
  const svgs = new Map<string, string>();
  for (const world of findings.worlds) for (const [name, svg] of await figures(world)) svgs.set(name, svg);
  const all = tables(findings);
  return {
    page: page(findings, svgs),
    files: filesOf(svgs, all),
    json: {
      torquelens_reproduction: 1,
      paper: CITATION,
      extent: findings.workload,
      missing: [
        ...findings.missing,
        ...findings.worlds.flatMap(({ world, missing }) =>
          missing.map(({ kind }) => ({ world, why: `no ${POLICY_NAMES[kind]} policy` })),
        ),
      ],
      ...Object.fromEntries(all),
    },
    summary: summaryOf(findings),
  };
}

function holding(world: string, verdicts: readonly Verdict[]): string {
  const count = verdicts.filter(({ holds }) => holds).length;
  return `${world}: ${count} of ${verdicts.length} of the paper’s orderings hold.`;
}

function summaryOf({ worlds, missing }: Findings): string[] {
  return [
    ...worlds.flatMap(({ world, verdicts, robustness, missing: students }) => [
      holding(world, [...verdicts, ...robustness]),
      ...students.map(
        ({ kind, path }) => `Not included: rows and lines of ${POLICY_NAMES[kind]} in ${world} (no ${path}).`,
      ),
    ]),
    ...missing.map(({ world, why }) => `Not included: ${world} (${why}).`),
  ];
}
