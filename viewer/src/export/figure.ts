import { nanoseconds } from "#src/messages/stamp.js";
import { visibleLine } from "#src/text/visible.js";
import type { Model } from "../model/model.js";
import { modalityColor, resolved } from "../ui/colors.js";
import { percent, quantity } from "../ui/numbers.js";
import { allOf, isChoice, unitFor, wordsFor } from "../ui/outputs.js";
import { flagText, heatmapSubject } from "../ui/words.js";

const WIDTH = 720;
const PICTURE = 300;
const LINE = 20;

/** The tick that is shown as a figure for a paper or a note: cameras, shares of each torque, and a caption. SVG text. */
export function figureOf(model: Model): string {
  const explanation = model.explanation.value;
  if (!explanation) throw new Error("There is no explained tick to export yet.");
  const { modalities, torques, shares, method, references, flags } = explanation;
  const words = wordsFor(explanation);
  const cameras = [...model.pictures].map(([name, draw]) => ({ name, canvas: draw() }));
  const rows = [
    { name: allOf(explanation), torque: undefined, probability: undefined, shares },
    ...torques.map(({ joint: name, torque, probability, shares }) => ({ name, torque, probability, shares })),
  ];
  const parts: string[] = [];
  let y = 16;
  for (const [i, { name, canvas }] of cameras.entries()) {
    const x = 16 + (i % 2) * (PICTURE + 24);
    if (i > 0 && i % 2 === 0) y += PICTURE + 24;
    parts.push(
      text(x, y + 4, `camera ${name}`),
      `<image x="${x}" y="${y + 12}" width="${PICTURE}" height="${PICTURE}" href="${canvas.toDataURL("image/png")}" style="image-rendering:pixelated"/>`,
    );
  }
  if (cameras.length > 0) y += PICTURE + 40;
  let left = 16;
  for (const [m, name] of modalities.entries()) {
    parts.push(
      `<rect x="${left}" y="${y - 10}" width="10" height="10" fill="${fill(modalities, m)}"/>`,
      text(left + 14, y, name),
    );
    left += 26 + 7.2 * name.length;
  }
  for (const { name, torque, probability = Number.NaN, shares } of rows) {
    y += LINE;
    const value = torque === undefined ? "" : quantity(torque, unitFor(explanation, name));
    parts.push(
      text(16, y, name),
      text(150, y, Number.isFinite(probability) ? `${value} (${percent(probability)})` : value),
    );
    let x = 260;
    for (const [m, share] of shares.entries()) {
      const width = (Number.isFinite(share) ? share : 0) * (WIDTH - 280);
      parts.push(`<rect x="${x}" y="${y - 13}" width="${width}" height="16" fill="${fill(modalities, m)}"/>`);
      if (share >= 0.12) parts.push(text(x + 4, y, percent(share), "#fff"));
      x += width;
    }
  }
  const all = isChoice(explanation)
    ? `the chosen action, ${explanation.chosen_action}`
    : `all ${words.plural}, weighted by their importance`;
  const caption = [
    `${model.source.name}, stamp ${nanoseconds(explanation.header.stamp)} ns. Method ${method}; ${heatmapSubject(explanation, all)}.`,
    `References: ${modalities.map((name, m) => `${name} ${references[m] || "none"}`).join(", ")}.`,
    ...(flags.length > 0 ? [`Beware: ${flags.map((flag) => flagText(flag, words)).join("; ")}.`] : []),
  ];
  y += 12;
  for (const line of caption.flatMap(wrapped)) {
    y += LINE;
    parts.push(text(16, y, line));
  }
  const height = y + 16;
  return `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 ${WIDTH} ${height}" width="${WIDTH}" height="${height}" font-family="sans-serif" font-size="13"><rect width="100%" height="100%" fill="#fff"/>${parts.join("")}</svg>`;
}

/** A figure's SVG as PNG, twice as fine. */
export async function pngOf(svg: string): Promise<Blob> {
  const image = new Image();
  image.src = `data:image/svg+xml;charset=utf-8,${encodeURIComponent(svg)}`;
  await image.decode();
  const canvas = document.createElement("canvas");
  canvas.width = 2 * image.width;
  canvas.height = 2 * image.height;
  canvas.getContext("2d")!.drawImage(image, 0, 0, canvas.width, canvas.height);
  return new Promise((resolve, reject) => {
    canvas.toBlob(
      (blob) => (blob ? resolve(blob) : reject(new Error("the figure cannot be written as PNG"))),
      "image/png",
    );
  });
}

/** Offers a file to the user. */
export function download(name: string, content: Blob): void {
  const link = document.createElement("a");
  link.href = URL.createObjectURL(content);
  link.download = name;
  link.click();
  URL.revokeObjectURL(link.href);
}

const fill = (modalities: readonly string[], m: number): string => resolved(modalityColor(modalities, m));

const text = (x: number, y: number, content: string, color = "#111"): string =>
  `<text x="${x}" y="${y}" fill="${color}">${escaped(content)}</text>`;

const escaped = (content: string): string =>
  visibleLine(content).replace(/[&<>"]/g, (character) => `&#${character.charCodeAt(0)};`);

/** Lines of at most 100 characters. */
function wrapped(line: string): string[] {
  const lines = [""];
  for (const word of line.split(" ")) {
    const last = lines.at(-1)!;
    if (last.length + word.length < 100) lines[lines.length - 1] = last === "" ? word : `${last} ${word}`;
    else lines.push(word);
  }
  return lines;
}
