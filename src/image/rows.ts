/** Pixels as a driver sends them: rows of `step` bytes, the first width × bytes per pixel of which are pixels. */
export interface Rows {
  readonly width: number;
  readonly height: number;
  readonly step: number;
  readonly data: Uint8Array;
  readonly isBigEndian: boolean;
}

/** The pixels without padding; `data` itself where there is none. */
export function withoutPadding({ width, height, step, data }: Rows, bytesPerPixel: number): Uint8Array {
  const row = width * bytesPerPixel;
  if (step === row) return data;
  const result = new Uint8Array(row * height);
  for (let y = 0; y < height; y++) result.set(data.subarray(y * step, y * step + row), y * row);
  return result;
}

/** Words of 16 bits without padding, little-endian; `data` itself where it is that already. */
export function words(rows: Rows, wordsPerPixel = 1): Uint8Array {
  const data = withoutPadding(rows, 2 * wordsPerPixel);
  return rows.isBigEndian ? swapped(data) : data;
}

/** Samples of 16 bits → 8 bits, [height × width × channels]: 65535 becomes 255, rounded, as in cv_bridge. */
export function toBytes(rows: Rows, channels: number): Uint8Array {
  const data = words(rows, channels);
  const result = new Uint8Array(data.length / 2);
  for (let i = 0; i < result.length; i++) result[i] = Math.round((data[2 * i]! + 256 * data[2 * i + 1]!) / 257);
  return result;
}

function swapped(data: Uint8Array): Uint8Array {
  const result = new Uint8Array(data.length);
  for (let i = 0; i < data.length; i += 2) {
    result[i] = data[i + 1]!;
    result[i + 1] = data[i]!;
  }
  return result;
}
