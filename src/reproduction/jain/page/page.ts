import { type Estimate, estimate } from "../../../analysis/bootstrap.js";
import { wordsSection } from "../../../analysis/page/words.js";
import { percent, plural, signed } from "../../../numbers/format.js";
import { own } from "../../../own.js";
import { figure, type Html, html, pageOf, table } from "../../../page/html.js";
import { agreementOf, EFFECTS, type Effect, lossesOf, pointsOf, weighedOf } from "../agreement.js";
import { FIGURES, fileOf, MODALITY_NAMES } from "../figures.js";
import { type ArchitectureFindings, type Findings, meanShares } from "../findings.js";
import { CITATION, KINDS, MODALITIES, POOLS, TARGET_NAMES, TARGETS } from "../paper.js";

/**
 * The reproduction as one self-contained HTML page: no network, no script.
 * @param svgs the figures by the names of their files
 */
export function page({ architectures, workload }: Findings, svgs: ReadonlyMap<string, string>): string {
  const missing = architectures.filter(({ trained }) => trained === undefined);
  const content = html`<h1>Jain et al.’s figures, from torquelens’ policies</h1>
<p>${CITATION}. The paper looks at published policies of ALFRED; these are small networks of the same four kinds, trained by torquelens in its tabletop world. So what counts most can be compared, values cannot.</p>
<p class="note">Gradient × value where the modalities’ features join, on the expert’s own episodes: ${plural(workload.trained, "episode")} of each trained policy, ${plural(workload.random, "episode")} of each of ${plural(workload.seeds, "random initialisation")}; seed ${workload.seed}.${workload.trained < MEANT ? " This is a quick run: with so few episodes the verdicts mean little." : ""}</p>
${missing.map(({ title }) => html`<p class="note">Not in this run: a trained policy of ${title} (none is shipped).</p>`)}
<h2>Policies</h2>
${policiesTable(architectures)}
<h2>Which of the paper’s statements hold</h2>
<p>Each is one number an episode; it holds if the 95 % interval of its mean (bootstrap over episodes) lies wholly above zero.</p>
${verdictsTable(architectures)}
${wordLines(architectures)}
${regionsTable(architectures)}
${worthSection(architectures)}
<h2>Figures</h2>
${(Object.keys(FIGURES) as (keyof typeof FIGURES)[]).map((name) => {
  const svg = svgs.get(fileOf(name));
  const { number, description } = FIGURES[name];
  const title = number === name ? name : `Fig. ${number}`;
  return svg === undefined ? undefined : html`<h3>${title}</h3>${figure(svg, description)}`;
})}`;
  return pageOf("torquelens: Jain et al. reproduced", STYLE, content);
}

/** Episodes of a full run. */
const MEANT = 100;

function policiesTable(architectures: readonly ArchitectureFindings[]): Html {
  return table(
    [
      "kind",
      "parameters",
      "success, seen",
      "unseen",
      ...MODALITIES.map((modality) => `${MODALITY_NAMES[modality]}, random → trained`),
    ],
    architectures.map(({ title, parameters, random, trained }) => {
      const [before, after] = [random.flat(), trained?.episodes].map(
        (episodes) => episodes && meanShares(episodes, "likely", "l2"),
      );
      const figures = trained?.figures ?? {};
      const part = (key: string): string => {
        const [count, of] = [own(figures, key), own(figures, "episodes")];
        return count === undefined || !of ? "–" : percent(count / of);
      };
      return [
        title,
        parameters.toLocaleString("en"),
        part("success"),
        part("unseen"),
        ...MODALITIES.map(
          (modality) => `${before ? percent(before[modality]) : "–"} → ${after ? percent(after[modality]) : "–"}`,
        ),
      ];
    }),
  );
}

function verdictsTable(architectures: readonly ArchitectureFindings[]): Html {
  return table(
    ["the paper says", "measured", "here"],
    architectures.flatMap(({ verdicts }) =>
      verdicts.map(({ claim, estimate, holds }) => [
        claim.text,
        claim.measure,
        html`<span class="${holds ? "yes" : "no"}">${holds ? "holds" : "does not hold"}</span><br>${estimated(estimate, claim.unit === "points")}`,
      ]),
    ),
    2,
  );
}

/** Fig. 1b: words of the first episode of each trained policy. */
function wordLines(architectures: readonly ArchitectureFindings[]): Html | undefined {
  const sections = architectures.flatMap(({ title, trained }) => {
    const steps = trained?.episodes[0];
    if (!steps) return [];
    const every = Math.max(1, Math.ceil(steps.length / LINES));
    const lines = steps
      .filter(({ step }) => step % every === 0)
      .map(({ step, tokens, signed }) => ({ head: `step ${step + 1}`, tokens, relevance: signed }));
    return [html`<h3>${title}</h3>${wordsSection(lines)}`];
  });
  return sections.length === 0 ? undefined : html`<h2>Words (Fig. 1b)</h2>${sections}`;
}

/** Steps of an episode whose words are shown. */
const LINES = 8;

/** Fig. 4 in numbers: do the regions of the image that speak for an interaction lie on what is interacted with? */
function regionsTable(architectures: readonly ArchitectureFindings[]): Html | undefined {
  const rows = architectures.flatMap(({ title, trained }) =>
    [true, false].flatMap((right) => {
      const own = trained?.regions.filter((one) => one.right === right) ?? [];
      if (own.length === 0) return [];
      const [overlap, chance] = [own.map((one) => one.overlap), own.map((one) => one.chance)].map(estimate);
      return [[title, right ? "right" : "wrong", String(own.length), percents(overlap!), percents(chance!)]];
    }),
  );
  if (rows.length === 0) return undefined;
  return html`<h2>Regions and masks</h2>
<p>Intersection over union of what the expert interacts with and the regions of highest relevance (XRAI, likeliest action) that cover at least as many pixels; as many random pixels beside it. A policy’s mask is right where its largest cell is one of the expert’s.</p>
${table(["kind", "policy’s mask", "interactions", "regions", "random pixels"], rows)}`;
}

/** Does the attribution mean anything: shares beside what is lost without the modality. */
function worthSection(architectures: readonly ArchitectureFindings[]): Html | undefined {
  const policies = weighedOf(architectures);
  const trained = policies.filter(({ kind }) => kind === "trained");
  const effects = Object.keys(EFFECTS) as Effect[];
  const titleOf = (name: string) => architectures.find((one) => one.name === name)!.title;
  const losses = trained.flatMap((policy) =>
    pointsOf(policy, "likely", "l2", "changes").map(({ modality, share }) => [
      titleOf(policy.architecture),
      MODALITY_NAMES[modality],
      percent(share),
      ...effects.map((effect) => percents(estimate(lossesOf(policy, effect, modality)))),
    ]),
  );
  const rows = KINDS.flatMap((kind) => {
    const own = policies.filter((policy) => policy.kind === kind);
    return TARGETS.flatMap((target) =>
      (target === "likely" ? POOLS : (["l2"] as const)).flatMap((pool) => {
        const cells = effects.map((effect) => agreementOf(own, target, pool, effect));
        if (cells[0]!.policies === 0) return [];
        return [[`${kind} (${cells[0]!.policies})`, TARGET_NAMES[target], pool, ...cells.map(correlated)]];
      }),
    );
  });
  if (rows.length === 0) return undefined;
  return html`<h2>Does the attribution mean anything?</h2>
<p>Each modality is taken away (no words, a black image, no previous action) at the expert’s steps, and in episodes that the policy plays itself. What has more of the attribution should be missed more.</p>
${losses.length > 0 ? table(["kind", "modality", "share", ...Object.values(EFFECTS)], losses, 2) : undefined}
<p class="note">Rank correlation of shares with losses over policies and modalities (95 % interval: policies drawn anew). With three modalities of one policy it says little: it is one of −1, −0.5, 0.5 and 1, but for ties.</p>
${table(["policies", "target", "norm", ...Object.values(EFFECTS)], rows, 3)}`;
}

function correlated({ correlation, interval, policies }: ReturnType<typeof agreementOf>): string {
  if (policies === 0) return "–";
  const shown = (value: number) => signed(value, 2);
  return `${shown(correlation)}${interval ? ` (${shown(interval[0])} to ${shown(interval[1])})` : ""}`;
}

const percents = (found: Estimate): string => estimated(found, true);

function estimated({ mean, interval }: Estimate, isPart: boolean): string {
  const shown = (value: number) => (isPart ? `${signed(100 * value, 1)} %` : signed(value, 3));
  return `${shown(mean)}${interval ? ` (${shown(interval[0])} to ${shown(interval[1])})` : ""}`;
}

const STYLE = `
.yes { color: var(--good); } .no { color: var(--bad); }
td .yes, td .no { white-space: nowrap; }
`;
