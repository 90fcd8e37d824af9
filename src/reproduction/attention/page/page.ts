import { plural } from "../../../numbers/format.js";
import { figure, type Html, html, pageOf, table } from "../../../page/html.js";
import { playedWith } from "../estimates.js";
import { learningFigure } from "../figures.js";
import { LOST, WEAK } from "../lovering-claims.js";
import type { AttentionFindings, PolicyFindings } from "../paper.js";
import { outcomesOf, PARTS } from "./parts.js";

/**
 * The findings as one self-contained HTML page: no network, no script.
 * @param svgs the figures by name
 */
export function page(findings: AttentionFindings, svgs: ReadonlyMap<string, string>): string {
  const { paper, policies, workload, isQuick } = findings;
  const tasks = [...new Set(policies.map(({ policy }) => policy.task))];
  const content = html`<h1>${paper.title}</h1>
<p>${paper.citation}.</p>
<p>${paper.intro}</p>
<p class="note">${plural(workload.played, "episode")} are played; maps are of ${plural(workload.mapped, "episode")}, one every ${plural(workload.stride, "control step")}; seed ${workload.seed}. A statement holds if the 95 % interval of its measure’s mean (bootstrap over episodes) lies wholly on the stated side. Choices: a rank correlation below ${WEAK} is weak; performance is kept where no more than ${100 * LOST} % is lost.${isQuick ? " This is a quick run: with so few episodes the verdicts mean little." : ""}</p>
${tasks.map((task) => taskPart(task, findings, svgs))}`;
  return pageOf(`torquelens: ${paper.title}`, STYLE, content);
}

function taskPart(task: string, findings: AttentionFindings, svgs: ReadonlyMap<string, string>): Html {
  const policies = findings.policies.filter(({ policy }) => policy.task === task);
  const learning = svgs.get(learningFigure(task));
  return html`<section><h2>${task}</h2>
${table(
  ["policy", "attention", "recipe", "success", "return, mean ± deviation", "mean distance at the end"],
  policies.map((found) => [
    `${found.policy.name} (${found.policy.sha256.slice(0, 8)})`,
    KINDS[found.policy.attention],
    found.policy.recipe,
    ...outcomesOf(playedWith(found, "own")!),
  ]),
  3,
)}
${learning && figure(learning, `Success in the episodes of the trainings, as their records beside the policies say.`)}
${policies.map((found) => policyPart(found, findings, svgs))}</section>`;
}

const KINDS = { fls: "Free-Lunch Saliency", query: "queries", none: "none" } as const;

function policyPart(
  found: PolicyFindings,
  findings: AttentionFindings,
  svgs: ReadonlyMap<string, string>,
): Html | undefined {
  const parts = findings.paper.parts.flatMap((name) => (name === "learning" ? [] : [PARTS[name]]));
  return html`<h3>${found.policy.name}</h3>
${parts.map((part) => part(found, findings, svgs))}`;
}

const STYLE = `
.yes { color: var(--good); } .no { color: var(--bad); }
td .yes, td .no { white-space: nowrap; }
`;
