import { ATTENTION, RANDOM } from "../../evaluation/saliency/map-maker.js";
import { draw } from "../../page/draw.js";
import { PALETTE } from "../../page/inks.js";
import type { AttentionFindings, PartName, PolicyFindings } from "./paper.js";

/** Kinds of maps whose curves are drawn: more lines cannot be told apart. */
const DRAWN = [ATTENTION, "dtd", "gradient-x-input", RANDOM];

/** Name of a figure's file, without ending. */
export const deletionFigure = (policy: string): string => `deletion-${policy}`;
export const learningFigure = (task: string): string => `learning-${task}`;

/** Figures of the paper's parts as SVG, by the name of their files. */
export async function figures({ paper, policies }: AttentionFindings): Promise<Map<string, string>> {
  const svgs = new Map<string, string>();
  const has = (part: PartName) => paper.parts.includes(part);
  if (has("deletion"))
    for (const found of policies) svgs.set(deletionFigure(found.policy.name), await draw(deletionLines(found)));
  if (has("learning"))
    for (const task of new Set(policies.map(({ policy }) => policy.task))) {
      const known = policies.filter(({ policy }) => policy.task === task && policy.learning);
      if (known.length > 0) svgs.set(learningFigure(task), await draw(learningLines(known)));
    }
  return svgs;
}

/** What stays of the command while pixels are removed. */
function deletionLines({ maps }: PolicyFindings): object {
  const drawn = maps.filter(({ kind }) => DRAWN.includes(kind));
  const values = drawn.flatMap(({ kind, curve }) =>
    curve.map((kept, step) => ({ kind, removed: (step + 1) / curve.length, kept })),
  );
  return {
    width: 520,
    height: 200,
    data: { values },
    mark: { type: "line", strokeWidth: 2 },
    encoding: {
      x: { field: "removed", type: "quantitative", title: "part of the pixels removed", axis: { format: "%" } },
      y: { field: "kept", type: "quantitative", title: "command that stays", scale: { zero: false } },
      color: { field: "kind", type: "nominal", scale: { domain: DRAWN, range: PALETTE.slice(0, DRAWN.length) } },
    },
  };
}

function learningLines(policies: readonly PolicyFindings[]): object {
  const values = policies.flatMap(({ policy }) =>
    policy.learning!.points.map(({ at, success }) => ({ policy: policy.name, at, success })),
  );
  const names = policies.map(({ policy }) => policy.name);
  return {
    width: 520,
    height: 200,
    data: { values },
    mark: { type: "line", point: true, strokeWidth: 2 },
    encoding: {
      x: { field: "at", type: "quantitative", title: policies[0]!.policy.learning!.axis, axis: { tickMinStep: 1 } },
      y: {
        field: "success",
        type: "quantitative",
        title: "episodes that succeed",
        scale: { domain: [0, 1] },
      },
      color: { field: "policy", type: "nominal", scale: { domain: names, range: PALETTE.slice(0, names.length) } },
    },
  };
}
