import type { Sensed } from "../simulated.js";
import type { FaultPlace, FaultRow } from "./fault.js";

type Picture = (image: Uint8Array, past: readonly Sensed[]) => Uint8Array;

/** A fault of the image alone. */
const ofImage = (text: string, begin: (place: FaultPlace) => Picture, amount?: FaultRow["amount"]): FaultRow => ({
  of: "image",
  text,
  ...(amount && { amount }),
  begin: (place) => {
    const change = begin(place);
    return (sensed, past) => ({ sensed: { ...sensed, image: change(sensed.image, past) } });
  },
});

const part = (value: number, [low, high]: readonly [number, number]) =>
  ({ unit: "part of the width", default: value, range: [low, high] }) as const;

/** Faults of the camera. */
export const IMAGE_FAULTS = {
  frozen: ofImage("the image stays as it was", ({ past }) => {
    let held = past.at(-1)?.image;
    return (image) => {
      held ??= image;
      return held.slice();
    };
  }),
  black: ofImage("the image is black", () => (image) => image.fill(0)),
  overexposed: ofImage(
    "the image is too bright",
    ({ amount }) =>
      (image) =>
        image.map((value) => Math.min(255, Math.round(value * amount))),
    { unit: "times as bright", default: 12, range: [1, 100] },
  ),
  blurred: ofImage(
    "the image is out of focus",
    ({ amount, width, height, bytes }) => blurBy(amount, width, height, bytes),
    {
      unit: "standard deviation, pixels",
      default: 3,
      range: [0.5, 20],
    },
  ),
  shifted: ofImage(
    "the image is moved sideways, as after a knock at the camera",
    ({ amount, random, width, height, bytes }) => {
      const angle = 2 * Math.PI * random.uniform();
      const by = amount * width;
      return sampled(width, height, bytes, (x, y) => [x - by * Math.cos(angle), y - by * Math.sin(angle)]);
    },
    part(0.15, [0.02, 0.5]),
  ),
  cropped: ofImage(
    "the image shows only the middle of what it should",
    ({ amount, width, height, bytes }) => {
      const [cx, cy] = [(width - 1) / 2, (height - 1) / 2];
      return sampled(width, height, bytes, (x, y) => [cx + (x - cx) * amount, cy + (y - cy) * amount]);
    },
    part(0.75, [0.1, 0.98]),
  ),
  other_camera: ofImage(
    "the image is of a camera that stands elsewhere",
    ({ otherView }) =>
      () =>
        otherView(),
  ),
  late: ofImage(
    "the image is that of some ticks before",
    ({ amount }) => {
      const images: Uint8Array[] = [];
      return (image, past) => {
        if (images.length === 0) images.push(...past.map((sensed) => sensed.image));
        images.push(image);
        return images[Math.max(0, images.length - 1 - Math.round(amount))]!.slice();
      };
    },
    { unit: "ticks", default: 4, range: [1, 20] },
  ),
  occluded: ofImage(
    "something dark is before a part of the lens",
    ({ amount, random, width, height, bytes }) => {
      const [w, h] = [Math.round(amount * width), Math.round(amount * height)];
      const [left, top] = [random.integer(width - w + 1), random.integer(height - h + 1)];
      const grey = 6 + random.integer(6);
      return (image) => {
        for (let y = top; y < top + h; y++)
          image.fill(grey, bytes * (y * width + left), bytes * (y * width + left + w));
        return image;
      };
    },
    part(0.5, [0.05, 1]),
  ),
} as const satisfies Readonly<Record<string, FaultRow>>;

/** Samples the picture at places, the nearest pixel; the edge is repeated beyond it. */
function sampled(
  width: number,
  height: number,
  bytes: number,
  from: (x: number, y: number) => readonly [number, number],
): Picture {
  const at = (value: number, size: number) => Math.max(0, Math.min(size - 1, Math.round(value)));
  const origin = Int32Array.from({ length: width * height }, (_, pixel) => {
    const [x, y] = from(pixel % width, Math.floor(pixel / width));
    return at(y, height) * width + at(x, width);
  });
  return (image) => image.map((_, k) => image[bytes * origin[Math.floor(k / bytes)]! + (k % bytes)]!);
}

/** A Gaussian in both directions. */
function blurBy(deviation: number, width: number, height: number, bytes: number): Picture {
  const reach = Math.ceil(2.5 * deviation);
  const raw = Array.from({ length: 2 * reach + 1 }, (_, k) => Math.exp(-0.5 * ((k - reach) / deviation) ** 2));
  const sum = raw.reduce((all, weight) => all + weight, 0);
  const weights = raw.map((weight) => weight / sum);
  const along = (image: ArrayLike<number>, [dx, dy]: readonly [number, number]) =>
    Float32Array.from({ length: width * height * bytes }, (_, k) => {
      const [x, y] = [Math.floor(k / bytes) % width, Math.floor(k / bytes / width)];
      return weights.reduce((all, weight, tap) => {
        const px = Math.max(0, Math.min(width - 1, x + dx * (tap - reach)));
        const py = Math.max(0, Math.min(height - 1, y + dy * (tap - reach)));
        return all + weight * image[bytes * (py * width + px) + (k % bytes)]!;
      }, 0);
    });
  return (image) => Uint8Array.from(along(along(image, [1, 0]), [0, 1]), Math.round);
}
