import { encodePng } from "../../image/encode.js";
import type { RgbImage } from "../../image/image.js";
import { INKS } from "../../page/inks.js";
import type { DrawnState } from "./states.js";

/** Columns of a picture of states and maps. */
export interface Column<S extends Pictured = DrawnState> {
  readonly title: string;
  image(state: S): RgbImage;
}

interface Pictured {
  readonly picture: RgbImage;
}

/** Width of an image, and the space between two, pixels. */
const WIDTH = 96;
const GAP = 6;
/** Height of a line of the head, and lines. */
const LINE = 13;

/** States and maps in rows, as one SVG. */
export async function gridOf<S extends Pictured>(columns: readonly Column<S>[], states: readonly S[]): Promise<string> {
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

export const STATE: Column = { title: "state", image: ({ picture }) => picture };
