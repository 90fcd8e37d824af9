import { InputError } from "../../errors.js";
import type { Observation } from "../../explain/observation.js";
import type { CameraView, Image } from "../../image/image.js";
import { own, put } from "../../own.js";
import type { Modality } from "../../policy/modalities.js";
import { readView } from "./image-file.js";
import { readState } from "./state-file.js";

/** The part of an observation that files on the command line hold. */
export type FileObservation = Pick<Observation, "images" | "cameras" | "values" | "joints">;

/**
 * Reads one observation from files: `images` as `path` (a policy with one camera) or `modality=path`, `state` as in
 * `readState`, none where a policy has nothing but a carried state, which is zero where it is left out.
 * @throws InputError for an extra file, a missing one, or one that does not fit the policy
 */
export async function readObservation(
  modalities: readonly Modality[],
  files: { readonly images: readonly string[]; readonly state?: string },
): Promise<FileObservation> {
  const paths = imagePaths(modalities, files.images);
  const images: Record<string, Image> = {};
  const cameras: Record<string, CameraView> = {};
  for (const modality of modalities) {
    if (modality.kind !== "image") continue;
    const path = paths.get(modality.name);
    if (path === undefined) {
      throw new InputError(`--image: missing, expected a file for the modality ${modality.name}`);
    }
    const { image, view } = await readView(path, modality);
    put(images, modality.name, image);
    if (view) put(cameras, modality.name, view);
  }
  const wanted = modalities.flatMap((m) => (m.kind === "values" && !m.isCarried ? [m.name] : []));
  if (files.state === undefined && wanted.length > 0) {
    throw new InputError(`--state: missing, expected a JSON file with ${wanted.join(", ")}`);
  }
  const values = files.state === undefined ? {} : await readState(files.state, modalities);
  return { images, cameras, values, joints: jointsOf(modalities, values) };
}

function imagePaths(modalities: readonly Modality[], images: readonly string[]): Map<string, string> {
  const names = modalities.filter((modality) => modality.kind === "image").map((modality) => modality.name);
  const paths = new Map<string, string>();
  for (const argument of images) {
    const named = names.find((name) => argument.startsWith(`${name}=`));
    const name = named ?? (names.length === 1 ? names[0]! : undefined);
    if (name === undefined) {
      const expected = names.length === 0 ? "none: the policy has no image" : `one of ${names.join(", ")} before a "="`;
      throw new InputError(`--image ${argument}: unknown camera, expected ${expected}`);
    }
    if (paths.has(name)) throw new InputError(`--image ${argument}: ${name} already has a file`);
    paths.set(name, named === undefined ? argument : argument.slice(name.length + 1));
  }
  return paths;
}

/** The joints that the state names, with their positions; velocities are 0 where the state has none. */
function jointsOf(
  modalities: readonly Modality[],
  values: Readonly<Record<string, Float64Array>>,
): Observation["joints"] {
  const by = (quantity: string) =>
    new Map(
      modalities.flatMap((modality) =>
        modality.kind === "values" && modality.quantity === quantity
          ? modality.elements.map((element, index) => [element, own(values, modality.name)![index]!] as const)
          : [],
      ),
    );
  const positions = by("joint_position");
  const velocities = by("joint_velocity");
  const names = [...positions.keys()];
  return {
    names,
    position: Float64Array.from(positions.values()),
    velocity: Float64Array.from(names, (name) => velocities.get(name) ?? 0),
  };
}
