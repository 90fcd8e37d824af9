import { IMPORTANT, UNIMPORTANT } from "../../evaluation/regions.js";
import { encodePng } from "../../image/encode.js";
import type { RgbImage } from "../../image/image.js";
import { colorize } from "../../image/overlay.js";
import { INKS } from "../../page/inks.js";
import { type RowFound, rowNamed, type WorldFindings } from "./findings.js";
import type { DrawnState } from "./states.js";

/** Columns of a picture of states and maps. */
interface Column {
  readonly title: string;
  image(state: DrawnState): RgbImage;
}

/** Width of an image, and the space between two, pixels. */
const WIDTH = 96;
const GAP = 6;
/** Height of a line of the head, and lines. */
const LINE = 13;

/** States and maps in rows, as one SVG. */
async function gridOf(columns: readonly Column[], states: readonly DrawnState[]): Promise<string> {
  const { width, height } = states[0]!.picture;
  const tall = Math.round((WIDTH * height) / width);
  const titles = columns.map(({ title }) => linesOf(title));
  const head = LINE * Math.max(...titles.map(({ length }) => length)) + GAP;
  const left = (column: number) => column * (WIDTH + GAP);
  const texts = titles.flatMap((lines, c) =>
    lines.map(
      (line, l) =>
        `<text x="${left(c) + WIDTH / 2}" y="${LINE * (l + 0.8)}" text-anchor="middle" font-size="11" font-family="system-ui, sans-serif" fill="${INKS.text.light}">${line}</text>`,
    ),
  );
  const images = await Promise.all(
    states.flatMap((state, s) =>
      columns.map(async ({ image }, c) => {
        const source = Buffer.from(await encodePng(image(state))).toString("base64");
        return `<image href="data:image/png;base64,${source}" x="${left(c)}" y="${head + s * (tall + GAP)}" width="${WIDTH}" height="${tall}" preserveAspectRatio="none" style="image-rendering:pixelated"/>`;
      }),
    ),
  );
  const size = [left(columns.length) - GAP, head + states.length * (tall + GAP) - GAP];
  return `<svg xmlns="http://www.w3.org/2000/svg" width="${size[0]}" height="${size[1]}" viewBox="0 0 ${size[0]} ${size[1]}"><rect width="${size[0]}" height="${size[1]}" fill="${INKS.paper.light}"/>${texts.join("")}${images.join("")}</svg>`;
}

/** A title in lines that fit over an image. */
function linesOf(title: string): string[] {
  const lines: string[] = [];
  for (const word of title.split(" ")) {
    const last = lines.at(-1);
    if (last !== undefined && last.length + word.length < 15) lines[lines.length - 1] = `${last} ${word}`;
    else lines.push(word);
  }
  return lines;
}

const STATE: Column = { title: "state", image: ({ picture }) => picture };

const mapColumn = (
  { width, height }: Pick<WorldFindings, "width" | "height">,
  { found }: RowFound,
  title: string,
): Column => ({
  title,
  image: ({ row }) => colorize({ width, height, data: found.drawn.get(row)! }, { scale: 1 }),
});

/** States of the paper's figure of examples. */
const EXAMPLES = 4;

/** Fig. 3–5: states with the maps that the paper compares first. */
export function examples(findings: WorldFindings): Promise<string> {
  const columns = [
    ["vg", "original VG"],
    ["gb", "GB Perturbation"],
    ["digr", "DIGR"],
    ["written-vg", "DIGR by Eq. 4"],
  ].flatMap(([id, title]) => {
    const found = rowNamed(findings, id!);
    return found ? [mapColumn(findings, found, title!)] : [];
  });
  const { drawn } = findings;
  const count = Math.min(EXAMPLES, drawn.length);
  const spread = Array.from({ length: count }, (_, k) => drawn[Math.floor(((k + 0.5) * drawn.length) / count)]!);
  return gridOf([STATE, ...columns], spread);
}

/** Order of the methods in the paper's appendix. */
const SUPPLEMENT = [
  "digr",
  "gb",
  "sarfa",
  "vg",
  "guided-bp",
  "grad-cam",
  "integrated",
  "smooth",
  "distilled-vg",
  "written-vg",
];

/** Fig. 10–12: more states, with the maps of all methods. */
export function supplement(findings: WorldFindings): Promise<string> {
  const columns = SUPPLEMENT.flatMap((id) => {
    const found = rowNamed(findings, id);
    return found ? [mapColumn(findings, found, found.row.name)] : [];
  });
  return gridOf([STATE, ...columns], findings.drawn);
}

/** Fig. 7: a state with the regions whose saliency is certain. */
export function regionPicture({ drawn }: WorldFindings): Promise<string> {
  const only = (kind: number) => (state: DrawnState) => masked(state, kind);
  const columns = [
    STATE,
    { title: "important", image: only(IMPORTANT) },
    { title: "unimportant", image: only(UNIMPORTANT) },
  ];
  return gridOf(columns, drawn.slice(0, 1));
}

/** Brightness of pixels outside of a region, and inside. */
const [OUTSIDE, INSIDE] = [0, 255];

const masked = ({ picture, regions }: DrawnState, kind: number): RgbImage => ({
  ...picture,
  data: picture.data.map((_, at) => (regions[Math.floor(at / 3)] === kind ? INSIDE : OUTSIDE)),
});
