// Draws the simulated worlds and their segmentation for docs/worlds.md: part of `npm run pictures`.
import sharp from "sharp";
import { pictureLength, pixels } from "../dist/sim/worlds/canvas.js";
import { worldNamed } from "../dist/sim/worlds/worlds.js";

/** Pixels of a panel, and between panels. */
const [SIDE, GAP] = [256, 8];
/** Colours of labels, in the order of a world's classes. */
const COLOURS = ["#14171c", "#4b5563", "#0072b2", "#009e73", "#e69f00", "#cc79a7", "#d55e00"];

/** Episode of a world, and the actions that lead to the moment that is shown. */
const SHOWN = [
  { world: "red-fetch-green", episode: 0, actions: [[2], [2], [0]] },
  { world: "breakout", episode: 0, actions: Array.from({ length: 34 }, (_, t) => [t === 0 ? 1 : t < 20 ? 3 : 0]) },
  { world: "highway", episode: 12, actions: Array.from({ length: 20 }, () => [0, 2]) },
  { world: "tabletop", episode: 8, actions: [] },
];

const image = (data, width, height, channels) =>
  sharp(Buffer.from(data), { raw: { width, height, channels } })
    .toColourspace("srgb")
    .resize(SIDE, SIDE, { kernel: "nearest" })
    .png()
    .toBuffer();

const panels = [];
for (const [column, { world, episode, actions }] of SHOWN.entries()) {
  const { facts, load } = worldNamed(world);
  const { width, height, channels } = facts.picture;
  const picture = new Uint8Array(pictureLength(facts.picture));
  const shown = (await load())(pixels(picture, facts.picture));
  shown.reset(0, episode);
  for (const action of actions) shown.step(action);
  const labels = new Uint8Array(width * height);
  shown.segmentation(labels);
  const colours = COLOURS.map((colour) => [1, 3, 5].map((at) => Number.parseInt(colour.slice(at, at + 2), 16)));
  const painted = Uint8Array.from([...labels].flatMap((label) => colours[label]));
  const left = column * (SIDE + GAP);
  panels.push({ input: await image(picture, width, height, channels), left, top: 0 });
  panels.push({ input: await image(painted, width, height, 3), left, top: SIDE + GAP });
}
const width = SHOWN.length * (SIDE + GAP) - GAP;
await sharp({ create: { width, height: 2 * SIDE + GAP, channels: 3, background: "#ffffff" } })
  .composite(panels)
  .png({ palette: true })
  .toFile(new URL("../docs/images/worlds.png", import.meta.url).pathname);
