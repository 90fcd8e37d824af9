import type { Ranking } from "./ranking.js";
import { type Comparison, compareSurveys, type Survey } from "./survey.js";

/** All that a report says in numbers. */
export interface Findings {
  /** One set of runs, or two that are compared. */
  readonly sets: readonly { readonly survey: Survey; readonly ranking: Ranking }[];
  /** Second set less the first; empty where there is one. */
  readonly comparison: readonly Comparison[];
  /** What the reader must know. */
  readonly notes: readonly string[];
}

/** @param limit so many moments of each reason are listed */
export function findings(surveys: readonly Survey[], notes: readonly string[], limit: number): Findings {
  const [a, b] = surveys;
  return {
    sets: surveys.map((survey) => ({ survey, ranking: survey.ranking(limit) })),
    comparison: a && b ? compareSurveys(a, b) : [],
    notes: [...notes, ...(a && b ? conventions(a, b) : [])],
  };
}

function conventions(a: Survey, b: Survey): string[] {
  const of = ({ identity }: Survey) => {
    const references = identity.modalities.map(
      (modality, m) => `${modality} ${identity.references[m] || "not stated"}`,
    );
    return `method ${identity.method}, references ${references.join(", ")}, feature points ${identity.featurePoints}`;
  };
  if (of(a) === of(b)) return [];
  return [
    `The two sets are not explained alike, and part of the difference is that: ${a.name}: ${of(a)}; ${b.name}: ${of(b)}.`,
  ];
}
