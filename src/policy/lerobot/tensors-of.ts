import { InputError } from "../../errors.js";
import type { Tensor } from "../tensors.js";
import { tensorText } from "../tensors.js";

/** `observation.images.top`, `observation_images_top` and `Observation/images/top` are one name. */
const plain = (name: string) => name.toLowerCase().replace(/[^a-z0-9]+/g, "_");

/** The last part of a feature's name: `top` of `observation.images.top`. */
const last = (name: string) => plain(name.split(".").at(-1)!);

/**
 * The model's tensor of a feature: by its name, by the last part of it, or because no other one is left.
 * @param fits true for a tensor that can hold the feature
 * @throws InputError that names the feature and the tensors, where none or several fit
 */
export function tensorOf(
  feature: string,
  tensors: readonly Tensor[],
  fits: (tensor: Tensor) => boolean,
  source: string,
): Tensor {
  const possible = tensors.filter(fits);
  const named = possible.filter(({ name }) => plain(name) === plain(feature));
  const alike = possible.filter(({ name }) => isAlike(plain(name), last(feature)));
  const found = [named, alike, possible].find((list) => list.length > 0);
  if (found?.length === 1) return found[0]!;
  const known = tensors.map((tensor) => `${tensor.name} ${tensorText(tensor)}`).join(", ");
  const problem = found ? "fits several of the model's tensors" : "fits none of the model's tensors";
  throw new InputError(`${source}: ${feature} ${problem}: ${known}; expected one of its name`);
}

/** True for a tensor's name that is a feature's, or holds the last part of it. */
export const isNamed = (name: string, feature: string) =>
  plain(name) === plain(feature) || isAlike(plain(name), last(feature));

const isAlike = (name: string, part: string) => new RegExp(`(^|_)${part}s?($|_)`).test(name);
