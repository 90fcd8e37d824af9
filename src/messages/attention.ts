import type { Explanation } from "../explain/explanation.js";
import { encodeJpeg } from "../image/encode.js";
import { normalize, peak } from "../image/heatmap.js";
import { own } from "../own.js";
import { DEFAULT_JPEG_QUALITY, type DisplayOptions } from "./display.js";
import { litBy } from "./drawing.js";
import { GREY_ENCODING, greyOf, HEATMAP_ENCODING, JPEG_FORMAT, raw } from "./images.js";
import { offsetsOf } from "./offsets.js";
import { toHeader } from "./robot.js";
import type { CompressedImageMessage, ExplanationMessage, ImageMessage } from "./types.js";

/** Grey has no sign, and attention below zero is none. */
const SHOWN = { negative: "hide" } as const;

/** The fields of an explanation's message that say which maps its topics of attention hold. */
export function attentionFields({
  modalities,
  attention,
}: Pick<Explanation, "modalities" | "attention">): Required<
  Pick<ExplanationMessage, "attention_offsets" | "attention_queries" | "attention_peak">
> {
  const maps = modalities.map((modality) => own(attention, modality) ?? []);
  return {
    attention_offsets: offsetsOf(maps.map(({ length }) => length)),
    attention_queries: maps.flat().map(({ query }) => query),
    attention_peak: Float32Array.from(maps.flat(), (map) => peak(map, SHOWN)),
  };
}

/** The maps of a camera one below another, as floats, little-endian; undefined where there are none. */
export function toAttention({ observation, attention }: Explanation, camera: string): ImageMessage | undefined {
  const maps = own(attention, camera);
  if (!maps) return undefined;
  const [{ width, height }] = maps as [(typeof maps)[number]];
  const data = new Float32Array(maps.length * width * height);
  for (const [q, map] of maps.entries()) data.set(map.data, q * width * height);
  return raw(toHeader(observation, camera), {
    height: maps.length * height,
    width,
    encoding: HEATMAP_ENCODING,
    step: 4 * width,
    data: new Uint8Array(data.buffer),
  });
}

/** `toAttention` as grey 0..65535, little-endian; each map has its own scale. */
export function toGreyAttention({ observation, attention }: Explanation, camera: string): ImageMessage | undefined {
  const maps = own(attention, camera);
  if (!maps) return undefined;
  const [{ width, height }] = maps as [(typeof maps)[number]];
  const grey = new Uint16Array(maps.length * width * height);
  for (const [q, map] of maps.entries()) grey.set(greyOf(normalize(map, SHOWN)), q * width * height);
  return raw(toHeader(observation, camera), {
    height: maps.length * height,
    width,
    encoding: GREY_ENCODING,
    step: 2 * width,
    data: new Uint8Array(grey.buffer),
  });
}

/** The camera's whole image in the light of each map, side by side, as JPEG; undefined where there are none. */
export function toBlendedAttention(
  explanation: Explanation,
  camera: string,
  options: DisplayOptions,
): Promise<CompressedImageMessage> | undefined {
  return litBy(explanation, camera)?.use(async (image) => ({
    header: toHeader(explanation.observation, camera),
    format: JPEG_FORMAT,
    data: await encodeJpeg(image, options.jpegQuality ?? DEFAULT_JPEG_QUALITY),
  }));
}
