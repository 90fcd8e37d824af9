import { IMPORTANT, UNIMPORTANT } from "../../evaluation/regions.js";
import type { RgbImage } from "../../image/image.js";
import { colorize } from "../../image/overlay.js";
import { type Column, gridOf, STATE } from "../worlds/grid.js";
import type { DrawnState } from "../worlds/states.js";
import { type RowFound, rowNamed, type WorldFindings } from "./findings.js";

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
