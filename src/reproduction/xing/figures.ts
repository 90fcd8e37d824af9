import { meanStd } from "../../numbers/mean.js";
import { median } from "../../numbers/quantile.js";
import { draw } from "../../page/draw.js";
import { INKS, PALETTE } from "../../page/inks.js";
import type { WorldFindings } from "./findings.js";
import { POLICY_KINDS, POLICY_NAMES, type PolicyKind } from "./paper.js";
import { examples, regionPicture, supplement } from "./pictures.js";

/** A figure of the paper, made again for a world. */
export interface Figure {
  /** The paper's number of it. */
  number(findings: WorldFindings): string;
  /** SVG; undefined where the world has none. */
  svg(findings: WorldFindings): Promise<string> | undefined;
}

export type FigureName = "regions" | "times" | "examples" | "supplement" | "attacks" | "distillation";

export const FIGURES: Readonly<Record<FigureName, Figure>> = {
  regions: { number: () => "7", svg: regionPicture },
  times: { number: () => "1b", svg: (findings) => draw(timeBars(findings)) },
  examples: { number: ({ paper }) => String(paper.examples), svg: examples },
  supplement: { number: ({ paper }) => String(paper.moreExamples), svg: supplement },
  attacks: {
    number: () => "8",
    svg: (findings) => (findings.attacked.length > 0 ? draw(attackLines(findings)) : undefined),
  },
  distillation: {
    number: () => "9",
    svg: (findings) => (findings.distillation?.length ? draw(distillationLine(findings)) : undefined),
  },
};

/** Name of a figure's file, without ending. */
export const fileOf = (name: FigureName, findings: WorldFindings): string =>
  `fig${FIGURES[name].number(findings)}-${findings.world}`;

/** Figures of a world as SVG, by the name of their files (without ending). */
export async function figures(findings: WorldFindings): Promise<Map<string, string>> {
  const found = new Map<string, string>();
  for (const name of Object.keys(FIGURES) as FigureName[]) {
    const svg = await FIGURES[name].svg(findings);
    if (svg !== undefined) found.set(fileOf(name, findings), svg);
  }
  return found;
}

/** The paper's colours of Fig. 1b are red, green and purple; these can be told apart by everyone. */
const GROUP_COLORS = { gradient: PALETTE[0], perturbation: PALETTE[1], DIGR: PALETTE[3] };

/** Fig. 1b: milliseconds of a map, by method. */
function timeBars({ rows }: WorldFindings): object {
  const values = rows.flatMap(({ row: { name, group }, times }) => (group ? [{ name, group, ms: median(times) }] : []));
  const least = Math.min(...values.map(({ ms }) => ms)) / 2;
  return {
    width: 520,
    height: { step: 24 },
    data: { values },
    mark: { type: "bar" },
    encoding: {
      y: { field: "name", type: "nominal", sort: null, title: null },
      x: {
        field: "ms",
        type: "quantitative",
        title: "time of a map, ms (logarithmic)",
        scale: { type: "log", domainMin: least },
      },
      x2: { datum: least },
      color: {
        field: "group",
        type: "nominal",
        scale: { domain: Object.keys(GROUP_COLORS), range: Object.values(GROUP_COLORS) },
      },
    },
  };
}

const POLICY_SCALE = {
  domain: POLICY_KINDS.map((kind) => POLICY_NAMES[kind]),
  range: [PALETTE[0], PALETTE[1], PALETTE[2], PALETTE[3]],
};

/** Fig. 8: return against strength, mean ± one deviation over episodes. */
function attackLines({ attacked, played }: WorldFindings): object {
  const point = (policy: PolicyKind, attack: string, level: number, sums: readonly number[]) => {
    const { mean, std } = meanStd(sums);
    return { policy: POLICY_NAMES[policy], attack, level, mean, low: mean - std, high: mean + std };
  };
  const attacks = [...new Set(attacked.map(({ attack }) => attack))];
  const count = attacked[0]!.played.length;
  const without = attacks.flatMap((attack) =>
    Array.from(played, ([policy, ends]) => {
      const sums = ends.slice(0, count).map(({ sum }) => sum);
      return point(policy, attack, 0, sums);
    }),
  );
  const under = attacked.map(({ policy, attack, level, played: ends }) =>
    point(
      policy,
      attack,
      level,
      ends.map(({ sum }) => sum),
    ),
  );
  const x = {
    field: "level",
    type: "quantitative",
    title: "strength, levels of 255",
    scale: { type: "symlog" },
    axis: { values: [0, ...new Set(attacked.map(({ level }) => level))] },
  };
  const color = { field: "policy", type: "nominal", scale: POLICY_SCALE };
  return {
    data: { values: [...without, ...under] },
    columns: 2,
    facet: { field: "attack", type: "nominal", sort: attacks },
    spec: {
      width: 330,
      height: 170,
      layer: [
        {
          mark: { type: "area", opacity: 0.15 },
          encoding: { x, y: { field: "low", type: "quantitative", title: "return" }, y2: { field: "high" }, color },
        },
        {
          mark: { type: "line", point: true, strokeWidth: 2 },
          encoding: {
            x,
            y: { field: "mean", type: "quantitative" },
            color,
            strokeDash: {
              field: "policy",
              type: "nominal",
              scale: {
                domain: POLICY_SCALE.domain,
                range: [
                  [2, 2],
                  [6, 2],
                  [1, 0],
                ],
              },
            },
          },
        },
      ],
    },
  };
}

/** Fig. 9: success of the student in the rounds of its distillation; dashed: the original's. */
function distillationLine({ distillation = [], played }: WorldFindings): object {
  const original = played.get("original")!;
  const values = distillation.map(({ episodes, successes }, round) => ({
    round: round + 1,
    success: successes / episodes,
  }));
  const of = original.filter(({ success }) => success).length / original.length;
  const y = { type: "quantitative", title: "part of episodes that succeed", scale: { domain: [0, 1] } };
  return {
    width: 520,
    height: 180,
    layer: [
      {
        data: { values: [{ of }] },
        mark: { type: "rule", strokeDash: [6, 3], color: INKS.grey.light },
        encoding: { y: { field: "of", ...y } },
      },
      {
        data: { values },
        mark: { type: "line", point: { color: PALETTE[3] }, color: PALETTE[3] },
        encoding: {
          x: { field: "round", type: "quantitative", title: "round of the distillation", axis: { tickMinStep: 1 } },
          y: { field: "success", ...y },
        },
      },
    ],
  };
}
