import { colorize } from "../../image/overlay.js";
import { draw, type Row } from "../../page/draw.js";
import { PALETTE } from "../../page/inks.js";
import { type Column, gridOf } from "../worlds/grid.js";
import { pointsOf, weighedOf } from "./agreement.js";
import { type ArchitectureFindings, meanShares } from "./findings.js";
import { focusCentre, type StepFound } from "./measure.js";
import { MODALITIES, type Modality, POOLS, TARGET_NAMES, TARGETS } from "./paper.js";
import type { RegionsFound } from "./regions.js";

/** Figures of the paper, made again for all architectures. */

export const MODALITY_NAMES: Readonly<Record<Modality, string>> = {
  language: "language",
  image: "image",
  previous_action: "previous action",
};

const COLOR = {
  field: "modality",
  type: "nominal",
  scale: { domain: MODALITIES.map((modality) => MODALITY_NAMES[modality]), range: PALETTE.slice(0, MODALITIES.length) },
} as const;

type All = readonly ArchitectureFindings[];

/** Kinds of policies of an architecture that were measured, and their episodes. */
const kindsOf = ({ random, trained }: ArchitectureFindings) => [
  { kind: "random", episodes: random.flat() },
  ...(trained ? [{ kind: "trained", episodes: trained.episodes }] : []),
];

/** A figure, and its number in the paper. */
interface Figure {
  readonly number: string;
  readonly description: string;
  /** Undefined where there is nothing to show. */
  svg(findings: All): Promise<string> | undefined;
}

export const FIGURES = {
  shares: {
    number: "2",
    description:
      "Percentage of the attribution (gradient × value where the modalities join, L2 norm, most likely action), randomly initialised and trained.",
    svg: (all) =>
      draw(
        stacked(
          all.flatMap((one) => kindsOf(one).flatMap(shareRows(one.title))),
          "title",
          "kind",
        ),
      ),
  },
  focus: {
    number: "3",
    description: "Focus centre of the words over the part of the episode that is done, trained policies.",
    svg: (all) => lines(all, focusRows, "focus centre, part of the sentence"),
  },
  regions: {
    number: "4",
    description:
      "Steps at which the expert interacts, the upper two with the policy’s mask right, the others with it wrong: what it interacts with, the policy’s mask, and regions of the image by XRAI for the likeliest action.",
    svg: (all) => regionPictures(trainedOf(all).flatMap(({ trained }) => trained!.regions)),
  },
  interactions: {
    number: "5",
    description: "L2 norm of the attribution by kind of action and by whether the likeliest action is the expert’s.",
    svg: (all) => interactions(all),
  },
  course: {
    number: "6",
    description: "L2 norm of each modality’s attribution over the part of the episode that is done, trained policies.",
    svg: (all) => course(all),
  },
  pools: {
    number: "pools",
    description: "The same shares by other norms, trained policies.",
    svg: (all) => variants(all, "pool"),
  },
  targets: {
    number: "targets",
    description: "The same shares of other targets (their Appendix B), trained policies.",
    svg: (all) => variants(all, "target"),
  },
  worth: {
    number: "worth",
    description:
      "Shares (L2 norm, most likely action) beside what is lost without the modality at the expert’s steps: a point is a modality of one policy.",
    svg: (all) => worth(all),
  },
} satisfies Readonly<Record<string, Figure>>;

/** Figures as SVG, by the name of their files without ending. */
export async function figures(findings: All): Promise<Map<string, string>> {
  const found = new Map<string, string>();
  for (const [name, { svg }] of Object.entries(FIGURES)) {
    const drawn = await svg(findings);
    if (drawn !== undefined) found.set(fileOf(name as keyof typeof FIGURES), drawn);
  }
  return found;
}

export const fileOf = (name: keyof typeof FIGURES): string => {
  const { number } = FIGURES[name];
  return number === name ? name : `fig${number}-${name}`;
};

/** Steps with a right mask, and with a wrong one. */
const EXAMPLES = 2;

function regionPictures(all: readonly RegionsFound[]): Promise<string> | undefined {
  const shown = [true, false].flatMap((right) => all.filter((one) => one.right === right).slice(0, EXAMPLES));
  if (shown.length === 0) return undefined;
  const map = (title: string, data: (one: RegionsFound) => ArrayLike<number>): Column<RegionsFound> => ({
    title,
    image: (one) => colorize({ ...one.picture, data: Float32Array.from(data(one)) }),
  });
  return gridOf<RegionsFound>(
    [
      { title: "image", image: ({ picture }) => picture },
      map("expert’s mask", ({ expert }) => expert),
      map("policy’s mask", ({ predicted }) => predicted),
      map("XRAI", ({ regions }) => regions),
    ],
    shown,
  );
}

const shareRows =
  (title: string) =>
  ({ kind, episodes }: { readonly kind: string; readonly episodes: readonly (readonly StepFound[])[] }): Row[] => {
    const shares = meanShares(episodes, "likely", "l2");
    if (!shares) return [];
    return MODALITIES.map((modality) => ({
      title,
      kind,
      modality: MODALITY_NAMES[modality],
      percent: 100 * shares[modality],
    }));
  };

/** Bars of 100 %, one a row in each column. */
function stacked(values: readonly Row[], column: string, row: string): object {
  return {
    data: { values },
    facet: { column: { field: column, type: "nominal", sort: null } },
    spec: {
      width: 150,
      height: { step: 26 },
      mark: { type: "bar" },
      encoding: {
        y: { field: row, type: "nominal", sort: null, title: null },
        x: { field: "percent", type: "quantitative", title: "percent", scale: { domain: [0, 100] } },
        color: COLOR,
        order: { field: "modality", sort: MODALITIES.map((modality) => MODALITY_NAMES[modality]) },
      },
    },
  };
}

const trainedOf = (all: All) => all.filter(({ trained }) => trained !== undefined);

function variants(all: All, of: "pool" | "target"): Promise<string> | undefined {
  const rows = trainedOf(all).flatMap(({ title, trained }): Row[] => {
    const each =
      of === "pool"
        ? POOLS.map((pool) => ["likely", pool, pool] as const)
        : TARGETS.map((target) => [target, "l2", TARGET_NAMES[target]] as const);
    return each.flatMap(([target, pool, name]) => {
      const shares = meanShares(trained!.episodes, target, pool);
      if (!shares) return [];
      return MODALITIES.map((modality) => ({
        title,
        variant: name,
        modality: MODALITY_NAMES[modality],
        percent: 100 * shares[modality],
      }));
    });
  });
  return rows.length > 0 ? draw(stacked(rows, "title", "variant")) : undefined;
}

/** Part of the episode that is done, in tenths: the middle of the tenth, percent. */
const tenthOf = ({ step, length }: StepFound): number => 10 * Math.floor((10 * step) / length) + 5;

function focusRows({ title, trained }: ArchitectureFindings): Row[] {
  return trained!.episodes.flat().flatMap((step) => {
    const centre = focusCentre(step);
    return Number.isFinite(centre) ? [{ title, done: tenthOf(step), value: centre }] : [];
  });
}

const X = {
  field: "done",
  type: "quantitative",
  title: "percent of the episode",
  scale: { domain: [0, 100] },
} as const;

function lines(all: All, rowsOf: (one: ArchitectureFindings) => Row[], title: string): Promise<string> | undefined {
  const values = trainedOf(all).flatMap(rowsOf);
  if (values.length === 0) return undefined;
  const color = { field: "title", type: "nominal", sort: null, scale: { range: [...PALETTE] } };
  return draw({
    width: 460,
    height: 190,
    data: { values },
    layer: [
      {
        mark: { type: "errorband", extent: "ci", opacity: 0.15 },
        encoding: { x: X, y: { field: "value", type: "quantitative", title }, color },
      },
      {
        mark: { type: "line", point: true },
        encoding: { x: X, y: { field: "value", aggregate: "mean", type: "quantitative" }, color },
      },
    ],
  });
}

const sizes = (step: StepFound): Row[] =>
  MODALITIES.map((modality) => ({ modality: MODALITY_NAMES[modality], value: step.sizeOf("likely", modality, "l2") }));

function course(all: All): Promise<string> | undefined {
  const values = trainedOf(all).flatMap(({ title, trained }) =>
    trained!.episodes.flat().flatMap((step) => sizes(step).map((row) => ({ ...row, title, done: tenthOf(step) }))),
  );
  if (values.length === 0) return undefined;
  return draw({
    data: { values },
    columns: 2,
    facet: { field: "title", type: "nominal", sort: null },
    resolve: { scale: { y: "independent" } },
    spec: {
      width: 300,
      height: 150,
      mark: { type: "line", point: true },
      encoding: {
        x: X,
        y: { field: "value", aggregate: "mean", type: "quantitative", title: "L2 norm" },
        color: COLOR,
      },
    },
  });
}

function interactions(all: All): Promise<string> | undefined {
  const values = trainedOf(all).flatMap(({ title, trained }) =>
    trained!.episodes.flat().flatMap((step) =>
      sizes(step).map((row) => ({
        ...row,
        title,
        action: `${step.interacts ? "interacts" : "moves, stops"}, ${step.right ? "right" : "wrong"}`,
      })),
    ),
  );
  if (values.length === 0) return undefined;
  return draw({
    data: { values },
    columns: 2,
    facet: { field: "title", type: "nominal", sort: null },
    resolve: { scale: { x: "independent" } },
    spec: {
      width: 260,
      height: { step: 10 },
      mark: { type: "bar" },
      encoding: {
        y: { field: "action", type: "nominal", title: null },
        yOffset: { field: "modality", sort: MODALITIES.map((modality) => MODALITY_NAMES[modality]) },
        x: { field: "value", aggregate: "mean", type: "quantitative", title: "mean L2 norm" },
        color: COLOR,
      },
    },
  });
}

/** Shares beside how often another action becomes the likeliest without the modality. */
function worth(all: All): Promise<string> | undefined {
  const values = weighedOf(all).flatMap((policy) =>
    pointsOf(policy, "likely", "l2", "changes").map(
      ({ modality, share, loss }): Row => ({
        title: all.find(({ name }) => name === policy.architecture)!.title,
        kind: policy.kind,
        modality: MODALITY_NAMES[modality],
        share: 100 * share,
        loss: 100 * loss,
      }),
    ),
  );
  if (values.length === 0) return undefined;
  return draw({
    data: { values },
    columns: 2,
    facet: { field: "title", type: "nominal", sort: null },
    spec: {
      width: 260,
      height: 160,
      mark: { type: "point", filled: true, size: 60, opacity: 0.8 },
      encoding: {
        x: { field: "share", type: "quantitative", title: "share, percent", scale: { domain: [0, 100] } },
        y: {
          field: "loss",
          type: "quantitative",
          title: "likeliest action changes, percent",
          scale: { domain: [0, 100] },
        },
        color: COLOR,
        shape: { field: "kind", type: "nominal", sort: null },
      },
    },
  });
}
