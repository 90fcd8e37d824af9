import { existsSync } from "node:fs";
import { readIdentity } from "../../analysis/read-runs.js";
import { datasetIn } from "../../bag/dataset/path.js";
import { InputError } from "../../errors.js";
import { shippedPolicy } from "../../package-files.js";
import { type CardOptions, loadPolicy, type Policy } from "../../policy/policy.js";
import { simulatedNames } from "../../sim/names.js";

/**
 * The policy of a recording: the given one, else the shipped one whose SHA-256 its explanations name.
 * @throws InputError where none is known, or the given one is another
 */
export async function policyOfRecording(
  bag: string,
  { policy: path, card, shape }: CardOptions & { readonly policy?: string | undefined },
): Promise<Policy> {
  if (path !== undefined) return loadPolicy(path, { card, shape, dataset: (await datasetIn(bag))?.folder });
  if (card !== undefined) throw new InputError("--card: the card of no policy, expected --policy too");
  const { policySha256 } = await readIdentity(bag);
  for (const name of simulatedNames) {
    const shipped = shippedPolicy(name);
    if (!existsSync(shipped)) continue;
    const policy = await loadPolicy(shipped);
    if (policy.sha256 === policySha256) return policy;
  }
  throw new InputError(
    `${bag}: its policy ${policySha256.slice(0, 12)}… is none of the shipped ones; give it with --policy`,
  );
}
