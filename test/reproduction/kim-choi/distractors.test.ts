import { expect, it } from "vitest";
import { DISTRACTORS, partsOn, withDistractor } from "#src/reproduction/kim-choi/distractors.js";
import { loadTask } from "#src/sim/tasks/tasks.js";

it("counts the relevance and the pixels of the distractor", () => {
  expect(partsOn([1, -3, 4, 0], Uint8Array.of(0, 3, 2, 3))).toEqual([3 / 8, 2 / 4]);
  expect(partsOn([0, 0], Uint8Array.of(3, 0))[0]).toBeNaN();
});

it("paints a disc behind arm and target, which moves where it is asked to, and changes nothing else", async () => {
  const size = { width: 60, height: 50 };
  const plain = await loadTask("reacher", size);
  const color = DISTRACTORS.green;
  const seen: number[][] = [];
  for (const moves of [false, true]) {
    const task = withDistractor(await loadTask("reacher", size), color, moves);
    plain.reset(3, 1);
    task.reset(3, 1);
    for (let tick = 0; tick < task.ticks; tick++) {
      const [image, usual] = [task.observe().image, plain.observe().image];
      const labels = plain.sight().segmentation;
      const marks = task.sight().segmentation;
      const marked = [...marks.keys()].filter((pixel) => marks[pixel] === 3);
      for (let pixel = 0; pixel < labels.length; pixel++) {
        const rgb = [...image.subarray(3 * pixel, 3 * pixel + 3)];
        const isMarked = marked.includes(pixel);
        expect(rgb).toEqual(isMarked ? [...color] : [...usual.subarray(3 * pixel, 3 * pixel + 3)]);
        if (isMarked) expect(labels[pixel]).toBe(0);
      }
      // A disc of 3 pixels' radius has 28 pixels; the image's edge and the arm hide some.
      expect(marked.length).toBeLessThanOrEqual(40);
      if (tick % 14 === 0) seen.push(marked);
      const torque = [0.02, -0.02];
      task.step(torque);
      plain.step(torque);
    }
    task.delete();
  }
  plain.delete();
  const [still, moving] = [seen.slice(0, seen.length / 2), seen.slice(seen.length / 2)];
  expect(still[0]!.length).toBeGreaterThan(10);
  expect(moving[0]).toEqual(still[0]);
  expect(moving.at(-1)).not.toEqual(still.at(-1));
});
