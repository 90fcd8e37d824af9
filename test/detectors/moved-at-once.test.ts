import { describe, expect, it } from "vitest";
import { tickOf } from "#src/detectors/moment.js";
import { movedAtOnce } from "#src/detectors/moved-at-once.js";
import { ReferenceBuilder } from "#src/detectors/reference-builder.js";
import { moved, picture, pixels, swing } from "./scene.js";

const SIZE = 48;
const builder = new ReferenceBuilder();
for (let run = 0; run < 8; run++) for (const tick of swing(run)) builder.add(tick);
const reference = builder.build()!;

/** What is found where the picture of tick 12 is changed; the arm is as far from every good run's pose as it can be. */
function found(change: (data: Uint8Array) => Uint8Array) {
  const ticks = swing(3)
    .slice(0, 13)
    .map((seen, i) => tickOf({ ...(i < 12 ? seen : { ...seen, ...pixels(change)(seen) }), position: [3, -3] }));
  const moment = { ticks, index: 12, period: 0.05, reference };
  return movedAtOnce(moment, "image", ticks[12]!.looks.image!, reference.cameras.image!);
}

/** The middle of a picture, as large as the whole. */
const cut = (part: number) => (data: Uint8Array) =>
  data.map((_, k) => {
    const from = (value: number) => Math.round((SIZE - 1) / 2 + (value - (SIZE - 1) / 2) * part);
    const [x, y] = [Math.floor(k / 3) % SIZE, Math.floor(k / 3 / SIZE)];
    return data[3 * (from(y) * SIZE + from(x)) + (k % 3)]!;
  });

describe("a picture that is that of the tick before after a move", () => {
  it.each([
    [6, 5],
    [-8, 0],
    [3, 7],
  ])("tells a shift by %d, %d pixels to a cell", (x, y) => {
    const { change, left } = found(moved(x, y))!;
    expect(left).toBeLessThan(0.4);
    expect(change.kind === "shift" && [SIZE * change.dx - x, SIZE * change.dy - y].map(Math.abs)).toSatisfy(
      (off: number[]) => Math.max(...off) < 2,
    );
  });

  it.each([0.6, 0.7])("tells a cut to %d of the width", (part) => {
    const { change } = found(cut(part))!;
    expect(change.kind === "zoom" && Math.abs(change.zoom - part)).toBeLessThan(0.05);
  });

  it.each<[string, (data: Uint8Array) => Uint8Array]>([
    ["that goes on", (data) => data],
    ["whose goal is elsewhere", () => picture(swing(3)[12]!.position[0]!, [40, 10])],
    ["of which a part is covered", (data) => data.slice().fill(8, 0, 3 * SIZE * 16)],
    ["of an arm that is elsewhere", () => picture(swing(3)[12]!.position[0]! + 1.5)],
    ["that is upside down", (data) => data.map((_, k) => data[data.length - 3 - 3 * Math.floor(k / 3) + (k % 3)]!)],
  ])("is not one %s", (_, change) => {
    expect(found(change)).toBeUndefined();
  });
});
