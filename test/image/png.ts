import { crc32, deflateSync } from "node:zlib";

const chunk = (kind: string, data: Uint8Array): Buffer => {
  const body = Buffer.concat([Buffer.from(kind), data]);
  const frame = Buffer.alloc(8);
  frame.writeUInt32BE(data.length);
  frame.writeUInt32BE(crc32(body), 4);
  return Buffer.concat([frame.subarray(0, 4), body, frame.subarray(4)]);
};

/** A PNG by its definition, without filters. @param samples row-major, one or three a pixel */
export function encodePng(width: number, height: number, bits: 8 | 16, samples: readonly number[]): Buffer {
  const perRow = samples.length / height;
  const rows = Array.from({ length: height }, (_, y) => {
    const row = Buffer.alloc(1 + (perRow * bits) / 8);
    for (let i = 0; i < perRow; i++) {
      const sample = samples[y * perRow + i]!;
      if (bits === 16) row.writeUInt16BE(sample, 1 + 2 * i);
      else row.writeUInt8(sample, 1 + i);
    }
    return row;
  });
  const head = Buffer.alloc(13);
  head.writeUInt32BE(width);
  head.writeUInt32BE(height, 4);
  head[8] = bits;
  head[9] = perRow === width ? 0 : 2;
  const magic = Buffer.from("89504e470d0a1a0a", "hex");
  const idat = chunk("IDAT", deflateSync(Buffer.concat(rows)));
  return Buffer.concat([magic, chunk("IHDR", head), idat, chunk("IEND", Buffer.alloc(0))]);
}
