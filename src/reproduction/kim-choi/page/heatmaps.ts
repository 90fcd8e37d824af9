import { breakable } from "../../../analysis/page/parts.js";
import { percent, plural, signed } from "../../../numbers/format.js";
import { own } from "../../../own.js";
import { figure, type Html, html, table } from "../../../page/html.js";
import { CONVENTIONS } from "../../../policy/conventions.js";
import { type Charted, DEFAULT_CONVENTION, measuredBy, type SetFindings, type TaskFindings } from "../findings.js";
import { METHODS, TESTED } from "../paper.js";
import type { Pictured } from "../picture.js";
import { PARTS } from "../relevance-mass.js";
import type { TorqueLikeness } from "../sanity.js";
import { opening } from "./set.js";
import type { Shown } from "./shown.js";

/** Parts of a task's section about heatmaps. */

export function picturesPart(
  findings: TaskFindings,
  _: Shown,
  sets: readonly { readonly findings: SetFindings }[],
): Html {
  return html`<h3>Where it looks (their Fig. 3)</h3>
${sets.map(({ findings: own }) => html`<h4>${opening(own.set)}</h4>${picturesOf(own)}`)}
${sets.length > 0 ? html`<h4>As we ship</h4>` : undefined}
${picturesOf(findings)}`;
}

const picturesOf = ({ pictures, modalities, period }: Pick<Charted, "pictures" | "modalities" | "period">) =>
  pictures.map(
    (pictured) => html`<h4>${pictured.condition}, ${(pictured.tick * period).toFixed(2)} s</h4>
<div class="row">${figure(pictured.camera.svg, "Camera image, feature points ringed")}${pictured.heatmaps.map(
      ({ method, panel }) => figure(panel.svg, `Heatmap by ${method}`),
    )}</div>
${elementsTable(pictured, modalities)}`,
  );

/** Relevance of each element of the configuration, of all of the configuration's. */
function elementsTable({ heatmaps }: Pictured, modalities: readonly string[]): Html {
  const values = modalities.filter((name) => own(heatmaps[0]!.explanation.relevance, name) !== undefined);
  const parts = heatmaps.map(({ explanation: { relevance } }) => {
    const all = values.flatMap((name) => Array.from(own(relevance, name)!, Math.abs));
    const sum = all.reduce((total, value) => total + value, 0);
    return (name: string) =>
      Array.from(own(relevance, name)!, (value) => ((100 * Math.abs(value)) / sum).toFixed(0)).join(" · ");
  });
  return table(
    ["% of the configuration’s relevance, element by element", ...heatmaps.map(({ method }) => method)],
    values.map((name) => [breakable(name), ...parts.map((part) => part(name))]),
  );
}

export function sanityPart(findings: TaskFindings, shown: Shown): Html {
  const [torqueLikeness, cascade] = [ofUsual(findings.torqueLikeness), ofUsual(findings.cascade)];
  return html`<h3>What the heatmaps depend on</h3>
<p>If the heatmaps of different torques are alike, they say nothing about a single torque (Sixt et al. 2020). Heatmaps that do not change when layers are randomised, from the torques down, do not depend on those layers (Adebayo et al. 2018). The last method is not in the paper: it is there for comparison.</p>
${table(
  ["heatmaps of two torques", "cosine", "least similar pair", "rank correlation", "structural similarity", "pairs"],
  torqueLikeness.map(({ method, torqueLikeness: { cosine, leastCosine, spearman, ssim, pairs } }) => [
    method,
    signed(cosine, 3),
    signed(leastCosine, 3),
    signed(spearman, 3),
    signed(ssim, 3),
    pairs,
  ]),
)}
<p>${likenessInWords(torqueLikeness)}</p>
${shown("cascade")}
${table(
  ["randomised down to", ...cascade.map(({ method }) => method)],
  cascade[0]!.steps.map(({ layer }, step) => [
    layer,
    ...cascade.map(({ steps }) => `${steps[step]!.spearman.toFixed(3)} / ${signed(steps[step]!.cosine, 3)}`),
  ]),
)}
<p class="note">Rank correlation of |R| / cosine similarity of R.</p>
<h4>Under every convention</h4>
${table(
  ["mean cosine of two torques’ heatmaps", ...conventions],
  TESTED.map((method) => [
    method,
    ...conventions.map((name) => signed(measuredBy(findings.torqueLikeness, method, name).torqueLikeness.cosine, 3)),
  ]),
)}
${table(
  ["rank correlation with layers randomised", "down to", ...conventions],
  TESTED.flatMap((method) => {
    const all = conventions.map((name) => measuredBy(findings.cascade, method, name).steps);
    return all[0]!.map(({ layer }, step) => [method, layer, ...all.map((steps) => signed(steps[step]!.spearman, 3))]);
  }),
  2,
)}`;
}

const conventions = CONVENTIONS.map(({ name }) => name);
const ofUsual = <T extends { readonly convention: string }>(all: readonly T[]) =>
  all.filter(({ convention }) => convention === DEFAULT_CONVENTION);

/** Least mean cosine of alike heatmaps; least rank correlation of |R| if they are alike but for signs. */
const ALIKE = 0.95;

function likenessInWords(all: TaskFindings["torqueLikeness"]): string {
  const named = (of: (torqueLikeness: TorqueLikeness) => boolean) =>
    all
      .filter(({ torqueLikeness }) => of(torqueLikeness))
      .map(({ method }) => method)
      .join(", ");
  const isAlike = ({ cosine }: TorqueLikeness) => cosine >= ALIKE;
  const isTurned = (torqueLikeness: TorqueLikeness) => !isAlike(torqueLikeness) && torqueLikeness.spearman >= ALIKE;
  const alike = named(isAlike);
  const turned = named(isTurned);
  const different = named((torqueLikeness) => !isAlike(torqueLikeness) && !isTurned(torqueLikeness));
  return [
    alike &&
      `By ${alike} the heatmaps of different torques are alike (mean cosine at least ${ALIKE}): they show what the policy looks at, not what a single torque is based on.`,
    turned &&
      `By ${turned} they differ in sign: |R| has a rank correlation of at least ${ALIKE}, so the relevance lies on the same pixels.`,
    different && `By ${different} they differ.`,
  ]
    .filter(Boolean)
    .join(" ");
}

export function massPart(
  { mass: all }: TaskFindings,
  _: Shown,
  sets: readonly { readonly findings: SetFindings }[],
): Html {
  const mass = ofUsual(all);
  return html`<h3>Where the image’s relevance lies</h3>
${table(
  ["method", ...PARTS, "ticks"],
  [
    ...sets.flatMap(({ findings: { mass, set } }) =>
      mass.map(({ method, relevance }) => [`${method}, ${set}`, ...PARTS.map((part) => percent(relevance[part])), ""]),
    ),
    ...mass.map(({ method, mass: { relevance, ticks } }) => [
      method,
      ...PARTS.map((part) => percent(relevance[part])),
      ticks,
    ]),
    ["part of the image’s area", ...PARTS.map((part) => percent(mass[0]!.mass.area[part])), mass[0]!.mass.ticks],
  ],
)}
${table(
  ["part on arm and target, under every convention", ...conventions],
  METHODS.map((method) => [
    method,
    ...conventions.map((name) => {
      const { arm, target } = measuredBy(all, method, name).mass.relevance;
      return percent(arm + target);
    }),
  ]),
)}`;
}

export function alphaPart({ alpha: { weighted: all, free, held } }: TaskFindings): Html {
  const weighted = ofUsual(all);
  return html`<h3>Importance α, by ${METHODS[0]}</h3>
${table(
  ["α", "image", "position", "velocity", "difference of a tick’s image share (mean)", "(largest)"],
  weighted.map(({ weighting, groups, difference }) => [
    weighting,
    percent(groups.image.mean),
    percent(groups.position.mean),
    percent(groups.velocity.mean),
    percent(difference.mean),
    percent(difference.max),
  ]),
)}
${table(
  ["image share by α, under every convention", ...conventions],
  weighted.map(({ weighting }) => [
    weighting,
    ...all.filter((one) => one.weighting === weighting).map(({ groups }) => percent(groups.image.mean)),
  ]),
)}
<p class="note">Cosine similarity of α by rollouts and by the analytic form: ${[
    ["moving freely", free] as const,
    ["in contact or at a limit", held] as const,
  ]
    .map(([where, { ticks, median, low }]) =>
      ticks === 0
        ? `${where}: no ticks`
        : `${where}: median ${median.toFixed(4)}, 5 % quantile ${low.toFixed(4)} (${plural(ticks, "tick")})`,
    )
    .join("; ")}.</p>`;
}
