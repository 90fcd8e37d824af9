import type { Seen } from "#src/detectors/seen.js";

const PERIOD = 50_000_000n;
const SIZE = 48;

export interface Pose {
  readonly q: number;
  readonly v: number;
}

/** A run of one joint that swings a bright bar over a ground with a pattern, seen by one camera, and a second joint. */
export function swing(run: number, ticks = 36): Seen[] {
  return Array.from({ length: ticks }, (_, i) => {
    const time = i * 0.05;
    const phase = 0.15 * ((run % 5) - 2);
    const at = (rate: number, size: number): Pose => ({
      q: size * Math.sin(rate * time + phase),
      v: size * rate * Math.cos(rate * time + phase),
    });
    const [a, b] = [at(3, 0.9), at(2, 0.6)];
    return {
      stamp: BigInt(i) * PERIOD,
      first: i === 0,
      images: { image: { width: SIZE, height: SIZE, data: picture(a.q) } },
      joints: ["a", "b"],
      position: [a.q, b.q + 2],
      velocity: [a.v, b.v],
      torque: [],
    };
  });
}

/** The bar at an angle, before a ground of two greys and an orange goal. */
export function picture(q: number, goal: readonly [number, number] = [10, 38]): Uint8Array {
  const data = new Uint8Array(3 * SIZE * SIZE);
  for (let y = 0; y < SIZE; y++) {
    for (let x = 0; x < SIZE; x++) {
      const along = (x - 24) * Math.sin(q) + (40 - y) * Math.cos(q);
      const across = Math.abs((x - 24) * Math.cos(q) - (40 - y) * Math.sin(q));
      const isGoal = Math.hypot(x - goal[0], y - goal[1]) < 4;
      const isBar = across < 3 && along > 0 && along < 26;
      const ground = x < 20 ? 70 : 95;
      const colour = isGoal ? [230, 120, 20] : isBar ? [210, 215, 225] : [ground, ground, ground + 10];
      for (let c = 0; c < 3; c++) data[3 * (y * SIZE + x) + c] = colour[c]!;
    }
  }
  return data;
}

/** A run whose ticks are changed from one on. */
export const from = (run: readonly Seen[], tick: number, change: (seen: Seen, i: number) => Partial<Seen>): Seen[] =>
  run.map((seen, i) => (i < tick ? seen : { ...seen, ...change(seen, i) }));

/** A change of the picture's pixels. */
export const pixels = (change: (data: Uint8Array) => Uint8Array) => (seen: Seen) => ({
  images: { image: { width: SIZE, height: SIZE, data: change(seen.images.image!.data.slice()) } },
});

/** Pixels moved by whole numbers; the edge is repeated. */
export const moved = (dx: number, dy: number) => (data: Uint8Array) =>
  data.map((_, k) => {
    const [x, y] = [Math.floor(k / 3) % SIZE, Math.floor(k / 3 / SIZE)];
    const at = (value: number) => Math.max(0, Math.min(SIZE - 1, value));
    return data[3 * (at(y - dy) * SIZE + at(x - dx)) + (k % 3)]!;
  });

/** Means over a square of pixels. */
export const blurred = (reach: number) => (data: Uint8Array) =>
  data.map((_, k) => {
    const [x, y] = [Math.floor(k / 3) % SIZE, Math.floor(k / 3 / SIZE)];
    let [sum, count] = [0, 0];
    for (let py = y - reach; py <= y + reach; py++)
      for (let px = x - reach; px <= x + reach; px++) {
        if (px < 0 || py < 0 || px >= SIZE || py >= SIZE) continue;
        sum += data[3 * (py * SIZE + px) + (k % 3)]!;
        count++;
      }
    return sum / count;
  });
