import { plural } from "../../../numbers/format.js";
import { figure, type Html, html } from "../../../page/html.js";
import { FIGURES, type FigureName, fileOf } from "../figures.js";
import type { WorldFindings } from "../findings.js";

/** Parts of a world's section that are pictures. */

type Svgs = ReadonlyMap<string, string>;

const shown = (name: FigureName, findings: WorldFindings, svgs: Svgs, caption: string): Html | undefined => {
  const svg = svgs.get(fileOf(name, findings));
  return svg === undefined ? undefined : figure(svg, caption);
};

export const regionsPart = (findings: WorldFindings, svgs: Svgs): Html =>
  html`<h4>Regions (their Fig. ${FIGURES.regions.number(findings)})</h4>
${shown("regions", findings, svgs, "A state of the saliency set; white: the pixels of the objects that decide, and those that say nothing. The others are left out.")}`;

export const picturesPart = (findings: WorldFindings, svgs: Svgs): Html =>
  html`<h3>Maps (their Fig. ${FIGURES.examples.number(findings)} and ${FIGURES.supplement.number(findings)})</h3>
${shown("examples", findings, svgs, "States, the Vanilla Gradient and the perturbation map of the original policy, and the Vanilla Gradient of the DIGR policy; each map divided by its largest.")}
${shown("supplement", findings, svgs, "More states, spread over the saliency set, with the maps of all methods.")}`;

export function attacksPart(findings: WorldFindings, svgs: Svgs): Html | undefined {
  const [cell] = findings.attacked;
  if (!cell) return undefined;
  return html`<h3>Under attack (their Fig. ${FIGURES.attacks.number(findings)})</h3>
<p>Every image of an episode is changed by the attack before the policy sees it, by at most the strength in each pixel (docs/attacks.md). The attacker knows the policy that it attacks.</p>
${shown("attacks", findings, svgs, `Return against strength, mean over ${plural(cell.played.length, "episode")}, the same for all policies; band: ± one standard deviation.`)}`;
}

export function distillationPart(findings: WorldFindings, svgs: Svgs): Html | undefined {
  const svg = shown(
    "distillation",
    findings,
    svgs,
    "Success of the DIGR policy in its own episodes, a point a round of its distillation; dashed: the original policy’s.",
  );
  return svg && html`<h3>Performance in distillation (their Fig. ${FIGURES.distillation.number(findings)})</h3>${svg}`;
}
