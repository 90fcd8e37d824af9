import { setImmediate } from "node:timers/promises";
import { describe, expect, it } from "vitest";
import { overlay } from "#src/image/overlay.js";
import { discard } from "#src/messages/discard.js";
import { drawingOf } from "#src/messages/drawing.js";
import { sampleExplanation } from "./sample.js";

const OPTIONS = {};
const explained = () => {
  const explanation = sampleExplanation();
  const exact = overlay(explanation.observation.images.image!, explanation.heatmaps.image!).data;
  return { explanation, exact, draw: () => drawingOf(explanation, "image", OPTIONS)! };
};

describe("a drawing", () => {
  it("is shared by its users, and freed after the last of them", async () => {
    const { exact, draw } = explained();
    let endFirst = () => {};
    const held = new Promise<void>((resolve) => {
      endFirst = resolve;
    });
    const first = draw().use(async (image) => {
      await held;
      return { image, seen: image.data.slice() };
    });
    const second = await draw().use(async (image) => ({ image, seen: image.data.slice() }));
    expect(second.seen).toEqual(exact);
    expect(second.image.data).toHaveLength(exact.length);
    endFirst();
    const { image, seen } = await first;
    expect(image).toBe(second.image);
    expect(seen).toEqual(exact);
    await setImmediate();
    expect(image.data).toHaveLength(0);
  });

  it("is drawn again after it was freed", async () => {
    const { exact, draw } = explained();
    await draw().use(async () => undefined);
    expect((await draw().use(async (image) => ({ ...image, data: image.data.slice() }))).data).toEqual(exact);
  });

  it("is not freed when a user keeps it", async () => {
    const { exact, draw } = explained();
    const used = draw().use(async () => undefined);
    const kept = await draw().keep();
    await used;
    await setImmediate();
    expect(kept.data).toEqual(exact);
  });

  it("is freed when its user fails", async () => {
    const { draw } = explained();
    let seen = new Uint8Array(0) as Uint8Array;
    const failing = draw().use(async ({ data }) => {
      seen = data;
      throw new Error("no JPEG");
    });
    await expect(failing).rejects.toThrow("no JPEG");
    await setImmediate();
    expect(seen).toHaveLength(0);
  });
});

describe("discard", () => {
  it("frees memory at once", () => {
    const before = process.memoryUsage().arrayBuffers;
    const bytes = new Uint8Array(2 ** 24);
    expect(process.memoryUsage().arrayBuffers).toBeGreaterThanOrEqual(before + 2 ** 24);
    discard(bytes);
    expect(bytes).toHaveLength(0);
    expect(process.memoryUsage().arrayBuffers).toBeLessThan(before + 2 ** 23);
  });
});
