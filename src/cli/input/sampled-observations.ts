import { BagSource } from "../../bag/bag-source.js";
import type { MessageFolders } from "../../bag/message-folders.js";
import { openBag } from "../../bag/open-bag.js";
import { InputError } from "../../errors.js";
import type { Observation } from "../../explain/observation.js";
import type { Policy } from "../../policy/policy.js";

export interface SamplingOptions {
  /** Takes every `every`th image of each recording. */
  readonly every: number;
  readonly folders?: MessageFolders | undefined;
  /** Called after each recording. */
  readonly done: () => void;
}

/**
 * What the policy saw in recordings, at every so manyth image.
 * @throws InputError for a recording that is none, lacks what the policy needs, or has no image that it can be run on
 */
export async function sampledObservations(
  paths: readonly string[],
  policy: Policy,
  { every, folders, done }: SamplingOptions,
): Promise<Observation[]> {
  const found: Observation[] = [];
  for (const path of paths) {
    const before = found.length;
    const bag = await openBag(path, folders);
    try {
      const source = await BagSource.open(bag, policy, { every });
      try {
        for await (const observation of source.observations()) found.push(observation);
      } finally {
        await source.close();
      }
    } finally {
      await bag.close();
    }
    if (found.length === before)
      throw new InputError(
        `${path}: no image with the joint states of its time, expected what ${policy.card.name} saw`,
      );
    done();
  }
  return found;
}
