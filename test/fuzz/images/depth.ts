import fc from "fast-check";
import { decodeImage } from "#src/image/decode.js";
import { uniform } from "../../evaluate.js";
import { encodePng } from "../../image/png.js";
import { encodeRvl } from "../../image/rvl-encoder.js";
import { header } from "../../sensing/messages.js";
import { failed } from "../failed.js";
import { orRefused } from "./files.js";

/** Depth as compressed_depth_image_transport writes it. */
export interface DepthCase {
  readonly encoding: "16UC1" | "mono16" | "32FC1";
  readonly code: "png" | "rvl";
  readonly width: number;
  readonly height: number;
  readonly seed: number;
  /** Part of the pixels without depth, in tenths. */
  readonly holes: number;
  /** Largest depth and quantisation of inverse depth. */
  readonly farthest: number;
  readonly quantisation: number;
  readonly cut: number | null;
}

export const depthCases: fc.Arbitrary<DepthCase> = fc.record({
  encoding: fc.constantFrom("16UC1", "mono16", "32FC1"),
  code: fc.constantFrom("png", "rvl"),
  width: fc.integer({ min: 1, max: 20 }),
  height: fc.integer({ min: 1, max: 20 }),
  seed: fc.nat(1e6),
  holes: fc.nat(10),
  farthest: fc.integer({ min: 2, max: 60 }),
  quantisation: fc.integer({ min: 50, max: 200 }),
  cut: fc.option(fc.nat(999), { freq: 2 }),
});

/** Words are millimetres, or inverse depth with the header's A and B; 0 is no depth. */
export async function checkDepth(made: DepthCase): Promise<string> {
  const { encoding, code, width, height, seed, holes, farthest, quantisation, cut } = made;
  const next = uniform(seed);
  const isInverse = encoding === "32FC1";
  const words = Array.from({ length: width * height }, () =>
    10 * next() < holes ? 0 : 1 + Math.floor((isInverse ? 2000 : 65_534) * next()),
  );
  const a = quantisation * (quantisation + 1);
  const b = 1 - a / farthest;
  const head = Buffer.alloc(12);
  head.writeFloatLE(a, 4);
  head.writeFloatLE(b, 8);
  const size = Buffer.from(Uint32Array.of(width, height).buffer);
  const body = code === "png" ? encodePng(width, height, 16, words) : Buffer.concat([size, encodeRvl(words)]);
  const format = `${encoding}; compressedDepth ${code}`;
  const message = (data: Uint8Array) => ({ header: header(), format, data });
  const file = Uint8Array.from(Buffer.concat([head, body]));
  const image = await decodeImage(message(file));
  const found = new Uint16Array(image.data.slice().buffer);
  if (image.encoding !== "16UC1" || image.width !== width || found.length !== words.length)
    failed(`${format} became ${image.encoding} of ${image.width}×${image.height}`);
  const expected = words.map((word) => (isInverse && word > 0 ? (1000 * a) / (word - b) : word));
  // A float32 of metres may round to the next millimetre.
  const wrong = expected.findIndex((depth, i) => Math.abs(depth - found[i]!) > (isInverse ? 0.51 : 0));
  if (wrong >= 0) failed(`${format}: pixel ${wrong} is ${found[wrong]}, expected ${expected[wrong]}`);
  if (cut === null) return format;
  return format + (await orRefused(message(file.subarray(0, Math.floor((file.length * cut) / 1000))), image, "cut"));
}
