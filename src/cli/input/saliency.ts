import { createHash } from "node:crypto";
import { InputError } from "../../errors.js";
import { Explainer } from "../../explain/explainer.js";
import { readWhole } from "../../files/reading.js";
import type { Policy } from "../../policy/policy.js";
import type { Teaching } from "../../train/distillation/collect.js";
import { brightnessOf } from "../../train/distillation/saliency.js";
import { imagesOf } from "../../train/distillation/student.js";
import { readView } from "./image-file.js";
import { methodOf } from "./method.js";

/** Name of the ground truth among the teachers of saliency. */
const SEGMENTATION = "segmentation";

/** True where `--saliency` names an image file. */
export const isMask = (name: string): boolean => /\.(png|jpe?g|webp)$/i.test(name);

/** A teacher's saliency, and the hash of its file where it is one. */
export interface ChosenTeaching {
  readonly teaching: Teaching;
  readonly sha256?: string;
}

/**
 * What `--saliency` names.
 * @throws InputError for an unknown name, a method that cannot explain the policy, or a mask that does not fit it or has
 *   no bright pixel
 */
export async function teachingOf(name: string, policy: Policy): Promise<ChosenTeaching> {
  if (name === SEGMENTATION) return { teaching: { kind: "segmentation" } };
  if (isMask(name)) return maskOf(name, policy);
  try {
    // Methods alone: a composite's file would be a part of the recipe that its name does not hold.
    const method = await methodOf(name.replace(/\.ya?ml$/i, ".file"));
    const explainer = await Explainer.create(policy, { method, levels: ["full"], threads: 1, worker: false });
    await explainer.close();
  } catch (error) {
    if (!(error instanceof InputError)) throw error;
    throw new InputError(`--saliency ${name}: ${error.message}; or ${SEGMENTATION}, or an image file`);
  }
  return { teaching: { kind: "method", method: name } };
}

async function maskOf(file: string, policy: Policy): Promise<ChosenTeaching> {
  const [image, ...others] = imagesOf(policy);
  if (image === undefined || others.length > 0)
    throw new InputError(
      `--saliency ${file}: one mask is for a policy with one image, ${policy.path} has ${1 + others.length}`,
    );
  const { image: mask } = await readView(file, image);
  const map = brightnessOf(mask);
  if (map.every((value) => value === 0))
    throw new InputError(`--saliency ${file}: all black, expected a picture that is bright where the gradient may be`);
  const sha256 = createHash("sha256")
    .update(await readWhole(file, "the mask"))
    .digest("hex");
  return { teaching: { kind: "mask", maps: { [image.name]: map } }, sha256 };
}
