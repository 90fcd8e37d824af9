import { breakable } from "../../../analysis/page/parts.js";
import { percent, plural } from "../../../numbers/format.js";
import { figure, type Html, html } from "../../../page/html.js";
import type { Verdict } from "../../verdict.js";
import { filesOf, type SetFigure, setFile } from "../figures.js";
import type { SetFindings, SetMeasured } from "../findings.js";
import { METHODS } from "../paper.js";
import { SETS } from "../sets.js";
import { meanOverEpisodes } from "../share-rows.js";

/** Parts of the page about policies beside the shipped ones, which were trained otherwise. */

/** Words as the beginning of a sentence. */
export const opening = (words: string): string => `${words[0]!.toUpperCase()}${words.slice(1)}`;

/** Shows a figure of a set, a picture a method. */
export const setShown =
  (findings: SetFindings, svgs: ReadonlyMap<string, string>) =>
  (name: SetFigure): Html[] =>
    filesOf(name, findings).map(({ file, method }) =>
      figure(svgs.get(setFile(file, findings))!, `${opening(findings.set)}: ${SET_CAPTIONS[name](method)}`),
    );

const SET_CAPTIONS: Readonly<Record<SetFigure, (method: string) => string>> = {
  fig4: () => "mean share along the trajectories of all policies; whiskers: ± one standard deviation over ticks.",
  fig5: (method) =>
    `shares over time by ${method}, mean over the episodes of all policies, band: ± one standard deviation.`,
  fig6: (method) => `shares by ${method} where the target moves.`,
};

export function policiesLine(findings: SetFindings): Html {
  const { name, set, policies, episodesEach } = findings;
  return html`<p>${opening(set)}: ${policies.length} ${policies.length === 1 ? "policy" : "policies"} (recipe <code>${SETS[name].recipe}</code>, ${policies.length === 1 ? "seed" : "seeds"} ${policies.map(({ seed }) => seed).join(", ")}), ${plural(episodesEach, "episode")} each from the conditions of their training: ${policies.map(({ successes }) => successes).join(", ")} succeeded, ${policies.map(({ changedSuccesses }) => changedSuccesses).join(", ")} where the target moves.</p>`;
}

/** Mean share of a row, and its standard deviation over episodes of all policies. */
export function setShare(findings: SetFindings, method: string, name: string): string {
  const { courses } = findings.measured.find((one) => one.method === method)!;
  const { mean, std } = meanOverEpisodes(courses, findings.modalities, name);
  return `${percent(mean)} ± ${percent(std)}`;
}

/** All of a set's verdicts by a method, of usual episodes and of those whose target changes. */
export const setVerdicts = (
  { measured, change }: SetFindings,
  method: string,
): { readonly verdict: Verdict; readonly holding: number; readonly policies: number }[] =>
  [measured, change.measured].flatMap((all) => {
    const { verdicts, each }: SetMeasured = all.find((one) => one.method === method)!;
    return verdicts.map((verdict, c) => ({
      verdict,
      holding: each.filter((own) => own[c]!.holds).length,
      policies: each.length,
    }));
  });

export const setHead = ({ set }: SetFindings): (string | Html)[] =>
  METHODS.map((method) => html`${breakable(method)}, ${set}`);
