import type { CompressedImage, Unpacked } from "./camera-message.js";
import { checkSize, ImageError } from "./image-error.js";
import { isPng, metadataOf, pictureOf, pixelsOfFile } from "./picture.js";
import { decodeRvl } from "./rvl.js";

/** Bytes of the header: an enumeration that nobody reads, and A and B of 32FC1 as float32. */
const HEADER = 12;
const [A_AT, B_AT] = [4, 8];
/** Bytes of width and height before RVL's code. */
const SIZE = 8;

/** Encodings that the plugin compresses, and what their words of 16 bits become. */
const ENCODINGS = { "16UC1": asTheyAre, mono16: asTheyAre, "32FC1": fromInverse };
const CODES = { png: fromPng, rvl: fromRvl };

/** Decoded words of 16 bits, little-endian. */
interface Words {
  readonly width: number;
  readonly height: number;
  readonly data: Uint8Array;
  readonly fault?: string;
}

/** True for the format of compressed_depth_image_transport: `ENCODING; compressedDepth CODE`, once the encoding alone. */
export const isCompressedDepth = (format: string): boolean =>
  format.includes("compressedDepth") || format === "16UC1" || format === "32FC1";

/**
 * Decodes what compressed_depth_image_transport writes: 16UC1 and mono16 as they are; 32FC1 as inverse depth,
 * A / (word − B) metres, NaN where the word is 0. The code is PNG where the format names none.
 * @throws ImageError (as a rejection) for another encoding or code, and for damaged bytes
 */
export async function unpackDepth({ format, data }: Pick<CompressedImage, "format" | "data">): Promise<Unpacked> {
  const [encoding = "", ...rest] = format.split(";");
  const code = /compressedDepth +(\S+)/.exec(rest.join(";"))?.[1] ?? "png";
  if (!isIn(ENCODINGS, encoding) || !isIn(CODES, code)) {
    const known = `${Object.keys(ENCODINGS).join(", ")} with compressedDepth ${Object.keys(CODES).join(" or ")}`;
    throw new ImageError("encoding", `found the format ${JSON.stringify(format.slice(0, 60))}, expected ${known}`);
  }
  if (data.length <= HEADER)
    throw new ImageError("damaged", `${data.length} bytes, expected a header of ${HEADER} and a compressed image`);
  const words = await CODES[code](data.subarray(HEADER));
  return ENCODINGS[encoding](words, new DataView(data.buffer, data.byteOffset, HEADER));
}

const isIn = <Table extends object>(table: Table, key: string): key is Extract<keyof Table, string> =>
  Object.hasOwn(table, key);

function asTheyAre(words: Words): Unpacked {
  return { ...words, encoding: "16UC1", step: 2 * words.width, is_bigendian: 0 };
}

/** In float32, as the plugin computes. */
function fromInverse({ data, ...words }: Words, header: DataView): Unpacked {
  const [a, b] = [header.getFloat32(A_AT, true), header.getFloat32(B_AT, true)];
  if (!(a > 0 && Number.isFinite(a) && Number.isFinite(b)))
    throw new ImageError("damaged", `the header's A is ${a} and B is ${b}, expected finite numbers and A above 0`);
  const metres = new DataView(new ArrayBuffer(2 * data.length));
  for (let i = 0; i < data.length / 2; i++) {
    const word = data[2 * i]! + 256 * data[2 * i + 1]!;
    if (word !== 0 && word <= b)
      throw new ImageError("damaged", `an inverse depth of ${word}, expected more than the header's B, ${b}`);
    metres.setFloat32(4 * i, word === 0 ? Number.NaN : a / Math.fround(word - b), true);
  }
  const pixels = new Uint8Array(metres.buffer);
  return { ...words, encoding: "32FC1", step: 4 * words.width, is_bigendian: 0, data: pixels };
}

async function fromPng(file: Uint8Array): Promise<Words> {
  if (!isPng(file)) throw new ImageError("damaged", `no PNG after the header of ${HEADER} bytes`);
  const metadata = await metadataOf(file);
  const picture = pictureOf(metadata);
  if (picture?.bits !== 16 || picture.channels !== 1)
    throw new ImageError("encoding", `found a ${metadata.space} PNG of ${metadata.depth}, expected 16 bits of grey`);
  const { width, height } = picture;
  return { width, height, ...(await pixelsOfFile(file, metadata, picture)) };
}

function fromRvl(file: Uint8Array): Words {
  if (file.length < SIZE) throw new ImageError("damaged", `${file.length} bytes of RVL, expected ${SIZE} of its size`);
  const size = new DataView(file.buffer, file.byteOffset, SIZE);
  const [width, height] = [size.getUint32(0, true), size.getUint32(4, true)];
  checkSize(width, height);
  return { width, height, data: new Uint8Array(decodeRvl(file.subarray(SIZE), width * height).buffer) };
}
