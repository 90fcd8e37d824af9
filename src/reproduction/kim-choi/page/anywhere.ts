import { figure, type Html } from "../../../page/html.js";
import type { Verdict } from "../../verdict.js";
import { anywhereFile, filesOf } from "../figures.js";
import { type AnywhereFindings, DEFAULT_CONVENTION, measuredBy } from "../findings.js";

/** Parts of the page about policies that were trained with goals anywhere. */

/** The charts where the target moves, one a method. */
export const anywhereShown = (findings: AnywhereFindings, svgs: ReadonlyMap<string, string>): Html[] =>
  filesOf("fig6", findings).map(({ file, method }) =>
    figure(
      svgs.get(anywhereFile(file))!,
      `Trained with goals anywhere: shares by ${method} where the target moves, mean and ± one standard deviation over episodes.`,
    ),
  );

/** Verdicts by a method on the statements about a target that moves. */
export const anywhereVerdicts = ({ change }: AnywhereFindings, method: string): readonly Verdict[] =>
  measuredBy(change.measured, method, DEFAULT_CONVENTION).verdicts;
