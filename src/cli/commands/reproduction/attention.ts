import * as z from "zod";
import { InputError } from "../../../errors.js";
import { ATTENTION } from "../../../evaluation/saliency/map-maker.js";
import { attentionPolicies, shippedPolicy } from "../../../package-files.js";
import { loadPolicy } from "../../../policy/policy.js";
import { figures } from "../../../reproduction/attention/figures.js";
import type { Workload } from "../../../reproduction/attention/items.js";
import { learningCurve } from "../../../reproduction/attention/learning-curve.js";
import { measurePolicies, totalWork } from "../../../reproduction/attention/measure.js";
import { page } from "../../../reproduction/attention/page/page.js";
import type { AttentionFindings, AttentionPaper, StudiedPolicy } from "../../../reproduction/attention/paper.js";
import { LOVERING, NIKULIN } from "../../../reproduction/attention/papers.js";
import { tables } from "../../../reproduction/attention/tables.js";
import { verdictsOf } from "../../../reproduction/attention/verdicts.js";
import { simulatedFor } from "../../input/sim-task.js";
import { type Asked, filesOf, type Paper, type Reproduced, type Reproduction } from "./paper.js";

/** C. Lovering et al. (2019), and D. Nikulin et al. (2019): the shipped policies with attention. */
export const lovering: Paper = (asked) => prepared(LOVERING, asked, asked.quick ? QUICK : FULL);
export const nikulin: Paper = (asked) => prepared(NIKULIN, asked, asked.quick ? QUICK : FULL);

type Extent = Omit<Workload, "seed">;

const FULL: Extent = { played: 100, mapped: 20, stride: 10 };
/** For a first look; too few episodes to judge statements. */
const QUICK: Extent = { played: 8, mapped: 4, stride: 25 };

/** Checks what is asked for, with another extent. @throws InputError */
export async function prepared(
  paper: AttentionPaper,
  { task: asked, seed, students, quick = false }: Asked,
  extent: Extent,
  files: readonly string[] = attentionPolicies(),
): Promise<Reproduction> {
  if (students !== undefined) throw new InputError(`--students: is for xing; ${paper.name} has no distilled policies`);
  const policies = await policiesFor(paper, asked, files);
  const workload = { seed, ...extent };
  return {
    what: [...new Set(policies.map(({ task }) => task))].join(", "),
    work: totalWork(policies, workload),
    async run(options) {
      const found = await measurePolicies(policies, workload, options);
      return reproduced({
        paper,
        policies: found,
        verdicts: verdictsOf(paper, found),
        workload,
        isQuick: quick,
      });
    },
  };
}

/** The shipped policies with attention, each task's followed by the one without. @throws InputError for an unknown task */
async function policiesFor(
  paper: AttentionPaper,
  asked: readonly string[],
  files: readonly string[],
): Promise<StudiedPolicy[]> {
  const all = await Promise.all(files.map((path) => studied(paper, path)));
  const known = [...new Set(all.map(({ task }) => task))];
  const unknown = asked.find((name) => !known.includes(name));
  if (unknown !== undefined)
    throw new InputError(`no policy with attention is shipped for "${unknown}"; expected ${known.join(", ")}`);
  const tasks = asked.length > 0 ? known.filter((name) => asked.includes(name)) : known;
  const found: StudiedPolicy[] = [];
  for (const task of tasks) {
    found.push(...all.filter((one) => one.task === task));
    if (paper.withBaseline) found.push(await studied(paper, shippedPolicy(task)));
  }
  return found;
}

const RECORD = z.object({
  task: z.string(),
  recipe_name: z.string().default("usual"),
  recipe: z.object({
    spec: z.object({ attention: z.object({ kind: z.enum(["fls", "query"]) }).optional() }).optional(),
    network: z.object({ attention: z.object({}).optional(), queries: z.number().optional() }).optional(),
  }),
});

/** @throws InputError for a policy whose card has no training record, or that does not fit its task */
async function studied(paper: AttentionPaper, path: string): Promise<StudiedPolicy> {
  const policy = await loadPolicy(path);
  const record = RECORD.safeParse(policy.card.training);
  if (!record.success) throw new InputError(`${path}: its card has no record of a training by torquelens`);
  const { task, recipe_name, recipe } = record.data;
  const { spec, network } = recipe;
  (await simulatedFor(policy, task, {})).delete();
  const attention = spec?.attention?.kind ?? (network?.queries ? "query" : network?.attention ? "fls" : "none");
  const isPlain = attention === "none";
  return {
    task,
    path,
    name: isPlain ? task : path.replace(/^.*[\\/]/, "").replace(/\.onnx$/, ""),
    sha256: policy.sha256,
    attention,
    recipe: recipe_name,
    learning: await learningCurve(path),
    maps: isPlain ? paper.maps.filter((kind) => kind !== ATTENTION) : paper.maps,
    changes: isPlain ? ["own"] : paper.changes,
  };
}

async function reproduced(findings: AttentionFindings): Promise<Reproduced> {
  const svgs = await figures(findings);
  const all = tables(findings);
  const { paper, workload, verdicts } = findings;
  return {
    page: page(findings, svgs),
    files: filesOf(svgs, all),
    json: { torquelens_reproduction: 1, paper: paper.citation, extent: workload, ...Object.fromEntries(all) },
    summary: Array.from(verdicts, ([name, found]) => {
      const holding = found.filter(({ holds }) => holds).length;
      return `${name}: ${holding} of ${found.length} statements hold.`;
    }),
  };
}
