/** Bilinear demosaicing by its definition: the mean of a pixel's own colour's nearest samples, the image mirrored. */
export function slowDemosaic(data: ArrayLike<number>, width: number, height: number, pattern: string): number[] {
  const mirror = (i: number, n: number) => (i < 0 ? -i : i >= n ? 2 * n - 2 - i : i);
  const letter = (x: number, y: number) => pattern[2 * (y % 2) + (x % 2)]!;
  const result: number[] = [];
  for (let y = 0; y < height; y++)
    for (let x = 0; x < width; x++)
      for (const colour of "rgb") {
        for (const reach of [0, 1, 2]) {
          const near: number[] = [];
          for (let dy = -1; dy <= 1; dy++)
            for (let dx = -1; dx <= 1; dx++) {
              const [a, b] = [mirror(x + dx, width), mirror(y + dy, height)];
              if (Math.abs(dx) + Math.abs(dy) === reach && letter(a, b) === colour) near.push(data[b * width + a]!);
            }
          if (near.length === 0) continue;
          result.push(Math.floor(near.reduce((sum, value) => sum + value, 0) / near.length + 0.5));
          break;
        }
      }
  return result;
}
