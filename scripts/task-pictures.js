// Draws the picture of docs/simulation.md: the experts of the tasks with 7 joints at work, and the camera's segmentation.
import sharp from "sharp";
import { ARM, TARGET } from "../dist/sim/render/sight.js";
import { loadTask } from "../dist/sim/tasks/tasks.js";

const [WIDTH, HEIGHT] = [240, 192];
const GAP = 6;
const TICKS = { peg: [0, 12, 22, 60], door: [0, 15, 24, 60], baxter: [0, 6, 10, 40] };
const COLOURS = { [ARM]: [90, 140, 255], [TARGET]: [255, 120, 60] };

const cells = [];
for (const [row, [name, ticks]] of Object.entries(TICKS).entries()) {
  const task = await loadTask(name, { width: WIDTH, height: HEIGHT });
  task.reset(0, 0);
  const add = (image, column) =>
    cells.push({
      input: Buffer.from(image),
      raw: { width: WIDTH, height: HEIGHT, channels: 3 },
      left: column * (WIDTH + GAP),
      top: row * (HEIGHT + GAP),
    });
  for (let tick = 0; tick <= ticks.at(-1); tick++) {
    if (ticks.includes(tick)) add(task.observe().image, ticks.indexOf(tick));
    if (tick < ticks.at(-1)) task.step(task.expert());
  }
  const { segmentation } = task.sight();
  add(
    Uint8Array.from(
      { length: segmentation.length * 3 },
      (_, at) => COLOURS[segmentation[Math.floor(at / 3)]]?.[at % 3] ?? 30,
    ),
    ticks.length,
  );
  task.delete();
}
const [columns, rows] = [5, Object.keys(TICKS).length];
await sharp({
  create: {
    width: columns * (WIDTH + GAP) - GAP,
    height: rows * (HEIGHT + GAP) - GAP,
    channels: 3,
    background: "white",
  },
})
  .composite(cells)
  .png({ palette: true })
  .toFile(new URL("../docs/images/tasks.png", import.meta.url).pathname);
