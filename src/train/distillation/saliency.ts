import type { Image } from "../../image/image.js";
import { own } from "../../own.js";
import type { Policy } from "../../policy/policy.js";
import type { TensorData } from "../../runtime/session.js";
import { maskName } from "./steps.js";
import { imagesOf } from "./student.js";

/** The teacher's saliency of one state, a value a pixel and image, by image modality. */
export type SaliencyMaps = Readonly<Record<string, ArrayLike<number>>>;

/**
 * The indicator of Eq. 4, by name among a state's tensors: 1 where M_p, the saliency's magnitude as a part of the map's
 * largest, is at most `threshold`. Of a map of zeros everything is penalised.
 * @throws RangeError for a map of another size
 */
export function masksOf(policy: Policy, maps: SaliencyMaps, threshold: number): Record<string, TensorData> {
  const images = imagesOf(policy);
  const peak = images.reduce((most, { name }) => largest(own(maps, name)!, most), 0);
  return Object.fromEntries(
    images.map(({ name, input, width, height }) => {
      const map = own(maps, name)!;
      if (map.length !== width * height)
        throw new RangeError(`the saliency of ${name} has ${map.length} pixels, expected ${width * height}`);
      const data = Float32Array.from(map, (value) => Number(Math.abs(value) <= threshold * peak));
      return [maskName(input), { dtype: "float32", shape: [height, width], data }] as const;
    }),
  );
}

function largest(map: ArrayLike<number>, least: number): number {
  let most = least;
  for (let i = 0; i < map.length; i++) most = Math.max(most, Math.abs(map[i]!));
  return most;
}

/** An expert's mask, the same for all states: the brightness of a picture. */
export function brightnessOf({ data, width, height }: Image): Float32Array {
  const bytes = data.length / (width * height);
  return Float32Array.from({ length: width * height }, (_, pixel) => {
    let sum = 0;
    for (let i = 0; i < Math.min(3, bytes); i++) sum += data[pixel * bytes + i]!;
    return sum;
  });
}
