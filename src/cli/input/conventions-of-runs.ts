import { sum } from "d3-array";
import { difference } from "../../analysis/run-builder.js";
import type { Survey } from "../../analysis/survey.js";
import type { MessageFolders } from "../../bag/message-folders.js";
import { InputError } from "../../errors.js";
import { type SharesUnder, sharesUnderConventions } from "../../evaluation/shares-under.js";
import type { Convention } from "../../explain/explanation.js";
import { hasMemory } from "../../explain/memory.js";
import type { Policy } from "../../policy/policy.js";
import { hasQuantity } from "../../sensing/values.js";
import { methodOf } from "./method.js";
import { sampledObservations } from "./sampled-observations.js";

/** Ticks that are explained again under each convention, about. */
const SAMPLED = 200;

/** Shares of some of the survey's ticks under every convention. @throws InputError for another policy than theirs */
export async function conventionsOfRuns(
  bags: readonly string[],
  { identity, runs }: Survey,
  policy: Policy,
  { folders, done }: { readonly folders: MessageFolders | undefined; readonly done: () => void },
): Promise<SharesUnder[]> {
  const { path, sha256, card } = policy;
  if (sha256 !== identity.policySha256)
    throw new InputError(
      `--policy ${path}: its SHA-256 begins with ${sha256.slice(0, 12)}, expected that of the runs' policy, ${identity.policySha256.slice(0, 12)}`,
    );
  const problem = difference(identity, {
    ...identity,
    joints: policy.outputs.map(({ name }) => name),
    outputs: policy.outputs.map((output, j) => {
      const recorded = identity.outputs[j];
      // Older recordings have no units; shares do not depend on them.
      return recorded?.kind === output.kind ? { ...output, unit: recorded.unit } : output;
    }),
    modalities: policy.modalities.map(({ name }) => name),
  });
  if (problem !== undefined) throw new InputError(`--policy ${path}: its card is not that of the runs: ${problem}`);
  if (hasMemory(policy) || hasQuantity(policy, "previous_action"))
    throw new InputError(`--policy ${path}: ${card.name} remembers earlier ticks, expected one that does not`);
  const method = await methodOf(identity.method);
  const ticks = sum(runs, (run) => run.ticks.all);
  const every = Math.max(1, Math.floor(ticks / SAMPLED));
  const read = new Set(runs.map(({ bag }) => bag));
  const paths = bags.filter((bag) => read.has(bag));
  const observations = await sampledObservations(paths, policy, { every, folders, done });
  const { modalities, references, featurePoints } = identity;
  const reference = Object.fromEntries(modalities.map((modality, m) => [modality, references[m]!]));
  const theirs = { reference, featurePoints: featurePoints as Convention["featurePoints"] };
  return sharesUnderConventions(policy, method, observations, { runs: theirs, done });
}
