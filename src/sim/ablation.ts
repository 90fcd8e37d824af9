import { InputError } from "../errors.js";

/**
 * Replaces the camera's image for a whole episode, to test that the policy uses it: by the episode's first image
 * (`first`), by its first image with another goal (`frozen`), or by black (`black`).
 */
export type ImageAblation = "frozen" | "first" | "black";

/** `image=frozen`, `image=first` or `image=black` as given on a command line. Throws InputError. */
export function parseAblation(text: string): ImageAblation {
  const [modality, how] = text.split("=");
  if (modality === "image" && (how === "frozen" || how === "first" || how === "black")) return how;
  throw new InputError(`cannot ablate "${text}"; expected image=frozen, image=first or image=black`);
}
