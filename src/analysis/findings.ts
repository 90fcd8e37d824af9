import type { SharesUnder } from "../evaluation/shares-under.js";
import type { Ranking } from "./ranking.js";
import { type Comparison, compareSurveys, type Survey } from "./survey.js";
import type { WhatIfFindings } from "./what-if-findings.js";
import type { WhyFindings } from "./why/why-of.js";

export interface SetFindings {
  readonly survey: Survey;
  readonly ranking: Ranking;
  /** Shares of some of its ticks under every convention; empty if the policy was not given. */
  readonly conventions: readonly SharesUnder[];
}

/** The numbers of a report. */
export interface Findings {
  /** One set of runs, two that are compared, or one for each group. */
  readonly sets: readonly SetFindings[];
  /** Second set less the first; empty where there are not two. */
  readonly comparison: readonly Comparison[];
  /** Notes for the reader. */
  readonly notes: readonly string[];
  readonly why: WhyFindings;
  /** Left out where they were not asked for. */
  readonly whatIf?: WhatIfFindings | undefined;
}

/**
 * @param limit most moments that are listed for each reason
 * @param under shares under every convention, for each set
 */
export function findings(
  surveys: readonly Survey[],
  notes: readonly string[],
  limit: number,
  why: WhyFindings,
  under: readonly (readonly SharesUnder[])[] = [],
): Findings {
  const [a, b] = surveys.length === 2 ? surveys : [];
  return {
    sets: surveys.map((survey, s) => ({ survey, ranking: survey.ranking(limit), conventions: under[s] ?? [] })),
    comparison: a && b ? compareSurveys(a, b) : [],
    why,
    notes: [...notes, ...(a && b ? conventions(a, b) : [])],
  };
}

function conventions(a: Survey, b: Survey): string[] {
  const of = ({ identity }: Survey) => {
    const references = identity.modalities.map(
      (modality, m) => `${modality} ${identity.references[m] || "not stated"}`,
    );
    const commands = new Set(
      identity.outputs.map(({ kind, reference }) => (reference === "zero" ? kind : `${kind} from ${reference}`)),
    );
    return `kinds ${[...commands].join(" and ")}, method ${identity.method}, references ${references.join(", ")}, feature points ${identity.featurePoints}`;
  };
  if (of(a) === of(b)) return [];
  return [
    `The two sets are explained differently, which is part of their difference: ${a.name}: ${of(a)}; ${b.name}: ${of(b)}.`,
  ];
}
