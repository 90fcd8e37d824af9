import { InputError } from "../../errors.js";
import { checkedSubject, type HeatmapSubject } from "../../explain/heatmap-subject.js";
import { areActions, doingOf } from "../../outputs/kinds.js";
import type { SubjectOptions } from "../../parameters/subject.js";
import type { Policy } from "../../policy/policy.js";

/**
 * What heatmaps explain, by the options.
 * @throws InputError for a name that is no output's, an action of a policy that has none, or parts that do not go together
 */
export function subjectOf({ outputs }: Policy, { action, contrast, against }: SubjectOptions): HeatmapSubject {
  if (action !== undefined && !areActions(outputs))
    throw new InputError(`--action ${action}: the policy ${doingOf(outputs)}, expected one that chooses among actions`);
  return checkedSubject({ heatmapOf: action, contrast, against }, outputs);
}
