import fc from "fast-check";
import { expect, test } from "vitest";
import { CHANGES, shiftBy } from "#src/detectors/camera-moves.js";
import { cellsUnder } from "#src/detectors/cells-under.js";
import { CELLS, cellsOf, originsOf } from "#src/detectors/look.js";

test("cells of a picture whose shift or cut is undone are those of its pixels, moved one by one", () => {
  const picture = fc.record({ width: fc.integer({ min: 3, max: 70 }), height: fc.integer({ min: 3, max: 70 }) });
  const part = fc.double({ min: -0.6, max: 0.6, noNaN: true });
  const change = fc.oneof(
    fc.constantFrom(...CHANGES),
    fc.tuple(part, part).map(([dx, dy]) => shiftBy(dx, dy)),
  );
  fc.assert(
    fc.property(picture, change, ({ width, height }, change) => {
      const data = Uint8Array.from({ length: 3 * width * height }, (_, k) => (k * 7919 + ((k * k) % 251)) % 256);
      const image = { width, height, data };
      const cells = cellsUnder(image, change);
      const expected = cellsOf(image, originsOf(width, height, change.place(width, height)));
      expect(cells).toHaveLength(3 * CELLS * CELLS);
      for (const [k, value] of expected.entries())
        if (Number.isNaN(value)) expect(cells[k]).toBeNaN();
        else expect(cells[k]).toBeCloseTo(value, 3);
    }),
  );
});
