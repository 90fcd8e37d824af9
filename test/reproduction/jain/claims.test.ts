import { expect, test } from "vitest";
import { agreementOf, episodeAgreement, lossesOf, type Weighed } from "#src/reproduction/jain/agreement.js";
import { verdictsOf, worthVerdicts } from "#src/reproduction/jain/claims.js";
import { figures } from "#src/reproduction/jain/figures.js";
import { episodeShares, meanShares } from "#src/reproduction/jain/findings.js";
import type { StepFound } from "#src/reproduction/jain/measure.js";
import { page } from "#src/reproduction/jain/page/page.js";
import { MODALITIES, type Modality } from "#src/reproduction/jain/paper.js";
import { overlapOf, type RegionsFound } from "#src/reproduction/jain/regions.js";
import { tables } from "#src/reproduction/jain/tables.js";
import type { StepWorth, Trials } from "#src/reproduction/jain/without.js";

/** A step with these sizes by every norm and target, and all weight on one of four words. */
function step(
  sizes: Readonly<Record<Modality, number>>,
  at: { step: number; length: number; word?: number },
): StepFound {
  const words = Float32Array.from({ length: 4 }, (_, i) => (i === (at.word ?? 0) ? 2 : 0));
  return {
    step: at.step,
    length: at.length,
    interacts: at.step === 1,
    right: at.step > 0,
    action: 0,
    cell: 0,
    sizeOf: (_, modality) => sizes[modality],
    tokens: ["close", "the", "red", "drawer"],
    words,
    signed: words.map((x) => -x),
  };
}

const PREVIOUS = { language: 1, image: 2, previous_action: 5 };
const IMAGE = { language: 2, image: 5, previous_action: 1 };
const steps = (sizes: typeof PREVIOUS, moving = 0): StepFound[] =>
  [0, 1, 2, 3].map((t) => step(sizes, { step: t, length: 4, word: moving * t }));

test("shares are means of an episode's steps, and of episodes", () => {
  expect(
    episodeShares([step(PREVIOUS, { step: 0, length: 2 }), step(IMAGE, { step: 1, length: 2 })], "loss", "l1"),
  ).toEqual({
    language: (1 + 2) / 16,
    image: 7 / 16,
    previous_action: 6 / 16,
  });
  expect(meanShares([steps(PREVIOUS), steps(IMAGE)], "likely", "l2")!.image).toBeCloseTo((2 / 8 + 5 / 8) / 2, 12);
  const nothing = { language: 0, image: 0, previous_action: 0 };
  expect(episodeShares([step(nothing, { step: 0, length: 1 })], "likely", "l2")).toBeUndefined();
});

test("statements hold where the shares are as the paper says, and not where they are the other way round", () => {
  const of = (name: string, random: typeof PREVIOUS, trained: typeof PREVIOUS, moving = 0) =>
    Object.fromEntries(
      verdictsOf(name, [steps(random), steps(random)], [steps(trained, moving), steps(trained, moving)]).map(
        ({ claim, holds }) => [claim.text, holds],
      ),
    );
  expect(of("seq2seq", PREVIOUS, IMAGE)).toEqual({
    "Baseline begins with most on the previous action": true,
    "Baseline prefers the image after training": true,
  });
  expect(Object.values(of("seq2seq", IMAGE, PREVIOUS))).toEqual([false, false]);
  expect(of("moca", PREVIOUS, IMAGE, 1)).toMatchObject({
    "MOCA prefers language after training": false,
    "MOCA’s focus on the words moves on as the episode does (Fig. 3)": true,
  });
  expect(of("moca", PREVIOUS, IMAGE, 0)["MOCA’s focus on the words moves on as the episode does (Fig. 3)"]).toBe(false);
});

/** Losses that go with sizes: the likeliest action changes where the size is more than 4. */
const worths = (sizes: typeof PREVIOUS): StepWorth[] =>
  [0, 1, 2, 3].map(
    () =>
      Object.fromEntries(
        MODALITIES.map((modality) => {
          const size = sizes[modality];
          return [modality, { likely: size / 10, expert: 0, changes: Number(size > 4), loses: 0, losesAlong: 0 }];
        }),
      ) as StepWorth,
  );

/** Two episodes, of which one succeeds without words. */
const TRIALS: Trials = {
  all: [true, true],
  language: [true, false],
  image: [false, false],
  previous_action: [true, true],
};

test("what is missed more has more of the attribution, or less", () => {
  const of = (architecture: string, sizes: typeof PREVIOUS, worth: typeof PREVIOUS): Weighed => ({
    ...{ architecture, kind: "trained", seed: undefined, trials: TRIALS },
    ...{ steps: [steps(sizes), steps(sizes)], worth: [worths(worth), worths(worth)] },
  });
  const [like, unlike] = [of("a", IMAGE, IMAGE), of("b", IMAGE, { language: 2, image: 1, previous_action: 5 })];
  expect(MODALITIES.map((modality) => lossesOf(like, "success", modality))).toEqual([
    [0, 1],
    [1, 1],
    [0, 0],
  ]);
  expect(agreementOf([like], "likely", "l2", "likely")).toMatchObject({ policies: 1, interval: undefined });
  expect(agreementOf([like], "likely", "l2", "likely").correlation).toBeCloseTo(1, 12);
  expect(agreementOf([like], "likely", "l2", "success").correlation).toBeCloseTo(1, 12);
  expect(agreementOf([unlike], "likely", "l2", "likely").correlation).toBeCloseTo(-1, 12);
  const both = agreementOf([like, unlike], "likely", "l2", "likely");
  expect(both.correlation).toBeCloseTo(0, 12);
  expect(both.interval![0]).toBeCloseTo(-1, 12);
  expect(both.interval![1]).toBeCloseTo(1, 12);
  expect(agreementOf([{ ...like, trials: undefined }], "likely", "l2", "success").policies).toBe(0);
  expect(episodeAgreement(steps(IMAGE), worths(IMAGE))).toBeCloseTo(1, 12);
  const holds = (worth: typeof PREVIOUS) =>
    worthVerdicts("moca", {
      random: [
        [steps(IMAGE), steps(IMAGE)],
        [worths(worth), worths(worth)],
      ],
      trained: undefined,
    }).map((one) => one.holds);
  expect([holds(IMAGE), holds(PREVIOUS)]).toEqual([[true], [false]]);
});

/** An interaction in a picture of 4 × 2 pixels: the best two share one with the expert's two. */
function region(right: boolean): RegionsFound {
  const expert = Uint8Array.of(1, 1, 0, 0, 0, 0, 0, 0);
  const regions = Float32Array.of(0, 5, 5, 1, 0, 0, 0, 0);
  const picture = { width: 4, height: 2, data: new Uint8Array(24) };
  const predicted = new Float32Array(8).fill(1 / 8);
  return { episode: 0, step: 1, right, picture, expert, predicted, regions, ...overlapOf(regions, expert) };
}

test("regions and a mask: whole regions until they cover as many pixels, beside random pixels", () => {
  expect(overlapOf([0, 5, 5, 1, 0, 0, 0, 0], [1, 1, 0, 0, 0, 0, 0, 0])).toEqual({ overlap: 1 / 3, chance: 0.5 / 3.5 });
  // The best region has four pixels, and holds the mask.
  const four = overlapOf([3, 3, 3, 3, 1, 1, 0, 0], [1, 0, 0, 0, 0, 0, 0, 0]);
  expect(four).toEqual({ overlap: 1 / 4, chance: 0.5 / 4.5 });
  // As often as random pixels say, over all places of a mask of one pixel.
  const rows = Array.from({ length: 8 }, (_, at) =>
    overlapOf(
      [8, 7, 6, 5, 4, 3, 2, 1],
      Array.from({ length: 8 }, (_, i) => Number(i === at)),
    ),
  );
  expect(rows.filter(({ overlap }) => overlap === 1)).toHaveLength(1);
  expect(overlapOf([1, 2], [0, 0])).toEqual({ overlap: Number.NaN, chance: Number.NaN });
});

test("page, figures and tables name what there is and what is missing", async () => {
  const workload = { trained: 2, random: 2, regions: 1, trials: 2, seeds: 1, seed: 0 };
  const trained = { path: "a.onnx", sha256: "0".repeat(64), figures: { episodes: 50, success: 40, unseen: 10 } };
  const one = {
    parameters: 1234,
    random: [[steps(PREVIOUS), steps(PREVIOUS)]],
    randomWorth: [[worths(PREVIOUS), worths(PREVIOUS)]],
  };
  const tried = { worth: [worths(IMAGE), worths(IMAGE)], trials: TRIALS };
  const findings = {
    workload,
    architectures: [
      {
        ...one,
        name: "moca",
        title: "MOCA",
        trained: {
          ...{ ...trained, ...tried },
          ...{ episodes: [steps(IMAGE, 1), steps(IMAGE, 1)], regions: [region(true), region(false)] },
        },
        verdicts: verdictsOf("moca", one.random.flat(), [steps(IMAGE, 1), steps(IMAGE, 1)]),
      },
      { ...one, name: "et", title: "ET", trained: undefined, verdicts: [] },
    ],
  };
  const svgs = await figures(findings.architectures);
  expect([...svgs.keys()]).toEqual([
    "fig2-shares",
    "fig3-focus",
    "fig4-regions",
    "fig5-interactions",
    "fig6-course",
    "pools",
    "targets",
    "worth",
  ]);
  const text = page(findings, svgs);
  expect(text).toContain("Not in this run: a trained policy of ET");
  expect(text).toContain("80");
  expect(text).toContain("MOCA prefers language after training");
  expect(text).toContain("Regions and masks");
  expect(text).toMatch(
    /<td>MOCA<\/td><td[^>]*>wrong<\/td><td[^>]*>1<\/td><td[^>]*>33\.3 %<\/td><td[^>]*>14\.3 %<\/td>/,
  );
  expect(text).toContain('<b>step 1</b> <span style="background:');
  const all = tables(findings);
  expect(all.get("regions")).toEqual([
    { architecture: "moca", episode: 0, step: 1, right: true, overlap: 0.333333, chance: 0.142857 },
    { architecture: "moca", episode: 0, step: 1, right: false, overlap: 0.333333, chance: 0.142857 },
  ]);
  const shares = all.get("shares")!;
  // Two norms' worth of everything: kinds and seeds × targets × pools × modalities.
  expect(shares).toHaveLength(3 * 4 * 5 * MODALITIES.length);
  expect(shares.find((row) => row.kind === "trained" && row.modality === "image")!.mean).toBe(62.5);
  expect(all.get("worth")!.find((row) => row.kind === "trained" && row.modality === "language")).toMatchObject({
    ...{ architecture: "moca", seed: null, share: 0.25, changes: 0, success: 0.5 },
  });
  expect(all.get("agreement")).toContainEqual({
    ...{ kind: "trained", target: "likely", pool: "l2", effect: "success", policies: 1 },
    ...{ rank_correlation: 1, low: null, high: null },
  });
  expect(text).toContain("Does the attribution mean anything?");
  expect(all.get("steps")).toHaveLength(8);
  expect(
    all
      .get("steps")!
      .map(({ focus_centre }) => focus_centre)
      .slice(0, 4),
  ).toEqual([0.25, 0.5, 0.75, 1]);
});
