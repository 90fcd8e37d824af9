import type { Findings } from "../../analysis/findings.js";
import { countsOf, nothingOf } from "../../analysis/page/why.js";
import type { WhyFindings } from "../../analysis/why/why-of.js";
import type { SharesUnder } from "../../evaluation/shares-under.js";
import { percent, plural, wholePercent } from "../../numbers/format.js";
import { columns } from "./table.js";

/** A report's findings for a terminal, and the files it wrote. */
export function reportText(
  { sets, comparison, why }: Findings,
  files: { readonly output?: string; readonly csv?: string; readonly parquet?: string },
): string {
  const parts = sets.map(({ survey, ranking, conventions }) => {
    const { runs, identity } = survey;
    const ticks = runs.reduce((sum, run) => sum + run.ticks.all, 0);
    const shares = identity.modalities.map((modality, m) => {
      const { mean, std } = survey.shares()[m]!;
      return [modality, percent(mean), `± ${percent(std)}`];
    });
    const moments = ranking.moments.map(({ run, seek, what }) => [runs[run]!.name, `at ${seek.toFixed(2)} s`, what]);
    return [
      `${survey.name}: ${plural(runs.length, "run")}, ${plural(ticks, "tick")}, method ${identity.method}; mean shares, ± between runs (of one run: between ticks):`,
      columns(shares),
      ...(conventions.length > 0 ? [`\n${underConventions(conventions, identity.modalities)}`] : []),
      ...(moments.length > 0 ? ["\nlook at these first (seconds from the start of the bag):", columns(moments)] : []),
    ].join("\n");
  });
  parts.unshift(whyText(why));
  const [a, b] = sets;
  if (a && b && sets.length === 2) {
    const rows = comparison.map(({ modality, difference }) => {
      if (!difference) return [modality, "in one set only"];
      const { difference: by, interval } = difference;
      const range = interval ? `95 %: ${percent(interval[0])} to ${percent(interval[1])}` : "";
      return [modality, percent(by), range];
    });
    parts.push(`${b.survey.name} − ${a.survey.name}:\n${columns(rows)}`);
  }
  const written = Object.entries({ report: files.output, csv: files.csv, parquet: files.parquet });
  const names = written.flatMap(([kind, path]) => (path === undefined ? [] : [[kind, path]]));
  if (names.length > 0) parts.push(columns(names));
  return parts.join("\n\n");
}

/** How many runs failed, and the likeliest reasons. */
function whyText(why: WhyFindings): string {
  if (why.reasons.length === 0) return `${countsOf(why)} ${nothingOf(why)}`;
  const rows = why.reasons.map(({ words, confidence, evidence }) => [
    words,
    wholePercent(confidence),
    evidence[0] ?? "",
  ]);
  return `${countsOf(why)} The likeliest reasons, with their confidence:\n${columns(rows)}`;
}

function underConventions(rows: readonly SharesUnder[], modalities: readonly string[]): string {
  const cells = rows.map(({ convention, shares }) => [convention, ...shares.map(percent)]);
  return `the same ${plural(rows[0]!.ticks, "tick")} under every convention:\n${columns([["", ...modalities], ...cells])}`;
}
