import { type BayerPattern, demosaic } from "./bayer.js";
import { toMillimetres } from "./depth.js";
import { type Rows, toBytes, withoutPadding, words } from "./rows.js";
import { unpack, type YuvOrder } from "./yuv.js";

/** A row of the table. */
interface Format {
  /** Bytes of one pixel in a message's row. */
  readonly bytes: number;
  /** Smallest width and height, pixels; default 1 × 1. */
  readonly least?: readonly [width: number, height: number];
  /** True where the width must be even. */
  readonly hasEvenWidth?: true;
  /** Decodes to pixels without padding. May return the bytes of the message. */
  readonly decode: (rows: Rows) => Uint8Array;
}

/** Samples of a pixel. Those of 16 bits are depth, little-endian. */
type Samples = { readonly channels: 1 | 3 | 4; readonly bits: 8 } | { readonly channels: 1; readonly bits: 16 };

/** A format in which images are kept. */
type Kept = Format &
  Samples & {
    /** Index of red, green and blue among the samples of a pixel; all 0 where it is grey or depth. */
    readonly rgb: readonly [red: number, green: number, blue: number];
    /** True where a policy card may name it as what the policy sees. */
    readonly inCards: boolean;
  };

/** A format that is decoded to another one. */
interface Converted extends Format {
  readonly becomes: string;
}

const bytes = <const InCards extends boolean>(channels: Kept["channels"], rgb: Kept["rgb"], inCards: InCards) =>
  ({
    bytes: channels,
    channels,
    bits: 8,
    rgb,
    inCards,
    decode: (rows: Rows) => withoutPadding(rows, channels),
  }) as const;

const deepColours = <const Becomes extends string>(channels: 3 | 4, becomes: Becomes) =>
  ({ becomes, bytes: 2 * channels, decode: (rows: Rows) => toBytes(rows, channels) }) as const;

const yuv422 = (order: YuvOrder) =>
  ({ becomes: "rgb8", bytes: 2, hasEvenWidth: true, decode: (rows: Rows) => unpack(rows, order) }) as const;

const bayer = (pattern: BayerPattern) =>
  ({ becomes: "rgb8", bytes: 1, least: [2, 2], decode: (rows: Rows) => demosaic(rows, pattern) }) as const;

/** Every pixel format, by its name in sensor_msgs/image_encodings. A new format is a row here. */
const TABLE = {
  rgb8: bytes(3, [0, 1, 2], true),
  bgr8: bytes(3, [2, 1, 0], true),
  rgba8: bytes(4, [0, 1, 2], false),
  bgra8: bytes(4, [2, 1, 0], false),
  mono8: bytes(1, [0, 0, 0], true),
  "16UC1": { bytes: 2, channels: 1, bits: 16, rgb: [0, 0, 0], inCards: true, decode: words },
  mono16: { becomes: "16UC1", bytes: 2, decode: words },
  "32FC1": { becomes: "16UC1", bytes: 4, decode: toMillimetres },
  rgb16: deepColours(3, "rgb8"),
  bgr16: deepColours(3, "bgr8"),
  rgba16: deepColours(4, "rgba8"),
  bgra16: deepColours(4, "bgra8"),
  yuv422: yuv422("uyvy"),
  uyvy: yuv422("uyvy"),
  yuv422_yuy2: yuv422("yuyv"),
  yuyv: yuv422("yuyv"),
  bayer_rggb8: bayer("rggb"),
  bayer_bggr8: bayer("bggr"),
  bayer_gbrg8: bayer("gbrg"),
  bayer_grbg8: bayer("grbg"),
} as const satisfies Readonly<Record<string, Kept | Converted>>;

type Table = typeof TABLE;
type NamesOf<Row> = { [Name in keyof Table]: Table[Name] extends Row ? Name : never }[keyof Table];

/** Formats in which images are kept. */
export type ImageEncoding = NamesOf<{ readonly bits: number }>;
/** Formats that a policy card may name. */
export type CardEncoding = NamesOf<{ readonly inCards: true }>;

/** A format that a camera's message may have. */
export interface MessageFormat extends Format {
  /** The format that it is decoded to. */
  readonly becomes: ImageEncoding;
}

/** Every format that a camera's message may have, by name. */
export const PIXEL_FORMATS: ReadonlyMap<string, MessageFormat> = new Map(
  Object.entries(TABLE).map(([name, row]) => [name, { becomes: name as ImageEncoding, ...row }]),
);

/** Layout of the pixels of an image. */
export const pixelsOf = (encoding: ImageEncoding): Kept => TABLE[encoding];

const namesWhere = (test: (row: Kept) => boolean) =>
  Object.entries(TABLE).flatMap(([name, row]) => ("bits" in row && test(row) ? [name] : []));

export const IMAGE_ENCODINGS = namesWhere(() => true) as readonly ImageEncoding[];
export const CARD_ENCODINGS = namesWhere(({ inCards }) => inCards) as readonly CardEncoding[];

/** True where pixels of one encoding can be shown to a policy that sees another: both are depth, or neither is. */
export const fits = (found: ImageEncoding, expected: ImageEncoding): boolean =>
  pixelsOf(found).bits === pixelsOf(expected).bits;

/** The largest number that a sample can hold. */
export const largestSample = (encoding: ImageEncoding): number => 2 ** pixelsOf(encoding).bits - 1;
