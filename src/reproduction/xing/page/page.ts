import { plural } from "../../../numbers/format.js";
import { type Html, html, pageOf } from "../../../page/html.js";
import type { Findings, WorldFindings } from "../findings.js";
import { CITATION } from "../paper.js";
import { policiesPart, tablePart, timesPart, verdictsPart } from "./numbers.js";
import { attacksPart, distillationPart, picturesPart, regionsPart } from "./pictures.js";

/** Parts of a world's section, in their order. */
const PARTS: readonly ((findings: WorldFindings, svgs: ReadonlyMap<string, string>) => Html | undefined)[] = [
  policiesPart,
  verdictsPart,
  tablePart,
  regionsPart,
  timesPart,
  picturesPart,
  attacksPart,
  distillationPart,
];

/**
 * The reproduction as one self-contained HTML page: no network, no script.
 * @param svgs the figures by name
 */
export function page({ worlds, missing, workload }: Findings, svgs: ReadonlyMap<string, string>): string {
  const content = html`<h1>Xing et al.’s tables and figures, from torquelens’ policies</h1>
<p>${CITATION}. Their policies are not published: these are torquelens’ own, trained and distilled by the paper’s recipes in worlds of its own (its Breakout and its driving task stand for the paper’s). So orderings can be compared, values cannot.</p>
<p class="note">${worlds.map(({ world, states }) => `${world}: ${plural(states, "state")}`).join("; ")}; seed ${workload.seed}.${workload.mostPlayed < MEANT ? " This is a quick run: with so few episodes the verdicts mean little." : ""}</p>
${worlds.flatMap(({ world, missing: students }) =>
  students.map(
    ({ path }) =>
      html`<p class="note">Not in this run: rows and lines of ${path} (there is no such student of ${world}).</p>`,
  ),
)}
${missing.map(({ world, why }) => html`<p class="note">Not in this run: ${world} (${why}).</p>`)}
${worlds.map(
  (findings) => html`<section><h2>${findings.paper.title}</h2>
${PARTS.map((part) => part(findings, svgs))}</section>`,
)}`;
  return pageOf("torquelens: Xing et al. reproduced", STYLE, content);
}

/** Episodes of a full run. */
const MEANT = 1000;

const STYLE = `
.yes { color: var(--good); } .no { color: var(--bad); }
td .yes, td .no { white-space: nowrap; }
`;
