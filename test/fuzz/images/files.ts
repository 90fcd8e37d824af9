import fc from "fast-check";
import sharp from "sharp";
import { decodeImage } from "#src/image/decode.js";
import type { Image } from "#src/image/image.js";
import { ImageError } from "#src/image/image-error.js";
import { uniform } from "../../evaluate.js";
import { header } from "../../sensing/messages.js";
import { failed } from "../failed.js";

/** A compressed image. */
export interface FileCase {
  readonly kind: "png" | "jpeg" | "depth png";
  readonly width: number;
  readonly height: number;
  readonly grey: boolean;
  readonly format: number;
  readonly option: number;
  readonly seed: number;
  /** Where the file is cut, in thousandths of its length; null for nowhere. */
  readonly cut: number | null;
  readonly flips: readonly (readonly [place: number, bit: number])[];
}

export const fileCases: fc.Arbitrary<FileCase> = fc.record({
  kind: fc.constantFrom("png", "jpeg", "depth png"),
  width: fc.integer({ min: 1, max: 24 }),
  height: fc.integer({ min: 1, max: 24 }),
  grey: fc.boolean(),
  format: fc.nat(5),
  option: fc.nat(7),
  seed: fc.nat(1e6),
  cut: fc.option(fc.nat(999), { freq: 2 }),
  flips: fc.oneof(
    { weight: 2, arbitrary: fc.constant([]) },
    { weight: 1, arbitrary: fc.array(fc.tuple(fc.nat(10_000), fc.nat(7)), { minLength: 1, maxLength: 3 }) },
  ),
});

/** A JPEG of smooth colours is as near to them as its quality promises. */
const JPEG_TOLERANCE = 10;

/** PNG is exact, JPEG near; what is damaged is an image of the same size, or refused in one line. */
export async function checkFile(made: FileCase): Promise<string> {
  const { kind, width, height, cut, flips } = made;
  const { pixels, file, format } = await encoded(made);
  const message = (data: Uint8Array) => ({ header: header(), format, data });
  const image = await decodeImage(message(file));
  if (image.width !== width || image.height !== height)
    failed(`${format} of ${width}×${height}: ${image.width}×${image.height}`);
  const found = image.encoding === "16UC1" ? new Uint16Array(image.data.slice().buffer) : image.data;
  const expected =
    image.encoding === "bgr8" ? pixels.map((_, i) => pixels[3 * Math.floor(i / 3) + 2 - (i % 3)]!) : pixels;
  const tolerance = kind === "jpeg" ? JPEG_TOLERANCE : 0;
  if (found.length !== expected.length) failed(`${format}: ${found.length} numbers, expected ${expected.length}`);
  const wrong = expected.findIndex((x, i) => Math.abs(x - found[i]!) > tolerance);
  if (wrong >= 0)
    failed(`${format} as ${image.encoding}: number ${wrong} is ${found[wrong]}, expected ${expected[wrong]}`);
  let outcome: string = kind;
  if (cut !== null)
    outcome += await orRefused(message(file.subarray(0, Math.floor((file.length * cut) / 1000))), image, "cut");
  if (flips.length === 0) return outcome;
  const flipped = Uint8Array.from(file);
  for (const [place, bit] of flips) flipped[Math.floor((file.length * place) / 10_001)]! ^= 1 << bit;
  return outcome + (await orRefused(message(flipped), undefined, "damaged"));
}

/** Decodes what may be damaged: an image of the same size, or one line. */
export async function orRefused(
  message: Parameters<typeof decodeImage>[0],
  size: Image | undefined,
  how: string,
): Promise<string> {
  const found = await Promise.resolve(decodeImage(message)).catch((error: unknown) => error);
  if (found instanceof ImageError) {
    if (found.message.includes("\n")) failed(`${how}: refused in several lines: ${found.message}`);
    return `, ${how} and refused`;
  }
  if (found instanceof Error) throw found;
  const image = found as Image;
  const channels = { mono8: 1, "16UC1": 2, rgb8: 3, bgr8: 3 }[image.encoding as "rgb8"];
  if (image.data.length !== image.width * image.height * channels)
    failed(`${how}: ${image.data.length} bytes of ${image.encoding}`);
  if (size && (image.width !== size.width || image.height !== size.height))
    failed(`${how}: ${image.width}×${image.height}`);
  return `, ${how} and read`;
}

interface Encoded {
  readonly pixels: number[];
  readonly file: Uint8Array;
  readonly format: string;
}

const COLOUR_FORMATS = ["rgb8; png compressed bgr8", "bgr8; png compressed bgr8", "png"];

async function encoded({ kind, width, height, grey, format, option, seed }: FileCase): Promise<Encoded> {
  const next = uniform(seed);
  const [a, b, c] = [next(), next(), next()];
  if (kind === "depth png") {
    const words = Uint16Array.from({ length: width * height }, () => Math.floor(65536 * next()));
    const png = await sharp(words, { raw: { width, height, channels: 1 } })
      .toColourspace("grey16")
      .png({ compressionLevel: option, adaptiveFiltering: option % 2 === 0 })
      .toBuffer();
    const isDepth = format % 2 === 0;
    const file = isDepth ? Uint8Array.from([...new Uint8Array(12), ...png]) : Uint8Array.from(png);
    return { pixels: [...words], file, format: isDepth ? "16UC1; compressedDepth png" : "16UC1; png compressed " };
  }
  const channels = grey ? 1 : 3;
  const smooth = (i: number) => {
    const [x, y] = [Math.floor(i / channels) % width, Math.floor(i / channels / width)];
    return Math.floor(30 + 100 * a + 4 * x * b + 4 * y * c + 20 * (i % channels) * c);
  };
  const pixels = Array.from({ length: width * height * channels }, (_, i) =>
    kind === "png" ? Math.floor(256 * next()) : Math.min(255, smooth(i)),
  );
  const raw = sharp(Uint8Array.from(pixels), { raw: { width, height, channels } }).toColourspace(grey ? "b-w" : "srgb");
  if (kind === "jpeg") {
    const file = await raw
      .jpeg({
        quality: 95 + (option % 6),
        chromaSubsampling: "4:4:4",
        progressive: option % 2 === 1,
        mozjpeg: option > 5,
      })
      .toBuffer();
    return {
      pixels,
      file: Uint8Array.from(file),
      format: grey
        ? "mono8; jpeg compressed "
        : ["jpeg", "rgb8; jpeg compressed bgr8", "bgr8; jpeg compressed bgr8"][format % 3]!,
    };
  }
  const file = await raw
    .png({ compressionLevel: option, progressive: option % 2 === 1, adaptiveFiltering: option > 3 })
    .toBuffer();
  const name = grey ? ["mono8; png compressed ", "png"][format % 2]! : COLOUR_FORMATS[format % 3]!;
  return { pixels, file: Uint8Array.from(file), format: name };
}
