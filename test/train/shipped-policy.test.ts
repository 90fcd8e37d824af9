import { expect, test } from "vitest";
import { nearShare, policyFigures } from "#src/cli/policy-figures.js";
import { parseCard } from "#src/policy/card.js";
import { CARD_METADATA, loadPolicy } from "#src/policy/policy.js";

test("the shipped reacher sees: it reaches what the camera shows and fails where the camera lies", async () => {
  const policy = await loadPolicy("models/reacher.onnx");
  const figures = await policyFigures(policy, "reacher", { episodes: 8 });
  expect(figures.four).toBeGreaterThanOrEqual(7);
  expect(figures.random).toBeGreaterThanOrEqual(7);
  expect(figures.image_frozen).toBeLessThanOrEqual(1);
  expect(figures.image_first).toBeGreaterThanOrEqual(6);
  expect(figures.focus).toBeGreaterThanOrEqual(0.35);
}, 60_000);

test("the shipped reacher's record meets what is asked of it, and is the same in the card and in the model", async () => {
  const { card, graph } = await loadPolicy("models/reacher.onnx");
  expect(parseCard(graph.metadata.get(CARD_METADATA)!, "metadata")).toEqual(card);
  const { figures, control } = card.training as Record<"figures" | "control", Record<string, number>>;
  expect(figures.episodes).toBe(100);
  expect(figures.four).toBeGreaterThanOrEqual(98);
  expect(figures.random).toBeGreaterThanOrEqual(93);
  expect(figures.image_frozen).toBeLessThanOrEqual(10);
  expect(figures.image_first).toBeGreaterThanOrEqual(70);
  expect(figures.focus).toBeGreaterThanOrEqual(0.35);
  expect(Object.keys(control)).toEqual(Object.keys(figures));
});

test("the share near points counts every pixel once, within an eighth of the image's height", () => {
  const data = new Float32Array(64 * 64).fill(1);
  const disc = (radius: number): number => {
    let pixels = 0;
    for (let y = 0; y < 64; y++)
      for (let x = 0; x < 64; x++) if (Math.hypot(x + 0.5 - 32, y + 0.5 - 32) <= radius) pixels++;
    return pixels;
  };
  const point = { x: 32, y: 32, depth: 1 };
  const heatmap = { width: 64, height: 64, data };
  expect(nearShare(heatmap, [point])).toBeCloseTo(disc(8) / 4096, 9);
  expect(nearShare(heatmap, [point, point])).toBeCloseTo(disc(8) / 4096, 9);
  data.fill(0);
  data[10 * 64 + 20] = 3;
  data[50 * 64 + 50] = 1;
  expect(nearShare(heatmap, [{ x: 21, y: 11, depth: 1 }])).toBeCloseTo(0.75, 9);
});
