import { filesOfModel } from "../../arm/model-files.js";
import { cardFile, type Policy } from "../../policy/policy.js";

/**
 * All files that a policy consists of: the model and its data, its card, what that was made from, and the one beside it, the arm's model and what
 * that names. A card in the model's metadata has no file: its origin is no path then.
 */
export async function filesOfPolicy({
  path,
  dataFiles = [],
  cardSource,
  cardFiles = [],
  tokenizerFiles = [],
  armFile,
}: Policy): Promise<string[]> {
  const arm = armFile === undefined ? [] : (await filesOfModel(armFile)).keys();
  return [path, ...dataFiles, cardSource, ...cardFiles, ...tokenizerFiles, cardFile(path), ...arm];
}
