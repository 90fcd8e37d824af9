import { readFileSync } from "node:fs";
import { describe, expect, it } from "vitest";
import { gazeMeasures } from "#src/evaluation/saliency/gaze.js";
import type { MapMaker } from "#src/evaluation/saliency/map-maker.js";
import { MEASURES } from "#src/evaluation/saliency/measures.js";
import { Screen } from "#src/gaze/screen.js";
import { fixationsOf, stepsOf } from "#src/gaze/steps.js";
import { readTrial } from "#src/gaze/trial.js";
import { shippedPolicy } from "#src/package-files.js";
import type { ImageModality } from "#src/policy/modalities.js";
import { loadPolicy } from "#src/policy/policy.js";
import { MADE_UP, TRIALS } from "../../gaze/made-up.js";

interface GoldenStep {
  readonly first: boolean;
  readonly shown: number[];
  readonly seen: number[];
  readonly fixations: [pixel: number, count: number][];
  readonly nss: number | null;
  readonly kl: number | null;
  readonly sauc: number | null;
}

const golden = JSON.parse(readFileSync(`${TRIALS}/golden.json`, "utf8")) as {
  readonly images: string[];
  readonly windows: Record<string, GoldenStep[]>;
};
const trial = await readTrial(MADE_UP);
// It sees two pictures at once.
const policy = await loadPolicy(shippedPolicy("breakout"));
const image = policy.modalities[0] as ImageModality;
const FRAME = { width: 160, height: 210 };
const PIXELS = 84 * 84;

describe("a trial as a policy sees it", () => {
  it.each(["1", "2", "4"])("has the reference's steps and fixations with %s at once", (window) => {
    const steps = stepsOf(trial.labels, Number(window));
    const wanted = golden.windows[window]!;
    expect(steps).toEqual(wanted.map(({ first, shown, seen }) => ({ first, shown, seen })));
    for (const [k, { seen }] of steps.entries()) {
      const counts = [...fixationsOf(trial.labels, seen, FRAME).entries()].filter(([, count]) => count > 0);
      expect(counts).toEqual(wanted[k]!.fixations);
    }
  });

  it("has images that are OpenCV's, within one level of grey", async () => {
    const screen = new Screen(trial, image);
    for (const [k, { shown }] of stepsOf(trial.labels, 1).entries()) {
      const { data, width, height, encoding } = await screen.image(shown);
      expect({ width, height, encoding }).toEqual({ width: 84, height: 84, encoding: "rgb8" });
      const grey = Uint8Array.from({ length: PIXELS }, (_, i) =>
        Math.round(0.299 * data[3 * i]! + 0.587 * data[3 * i + 1]! + 0.114 * data[3 * i + 2]!),
      );
      const wanted = Buffer.from(golden.images[k]!, "base64");
      const worst = grey.reduce((most, value, i) => Math.max(most, Math.abs(value - wanted[i]!)), 0);
      expect(worst).toBeLessThanOrEqual(1);
    }
  });

  it("gives maps the reference's measures, and leaves steps out that nobody looked at", async () => {
    let step = 0;
    const feeds: Float32Array[] = [];
    const made: MapMaker = {
      async of(moment) {
        feeds.push(Float32Array.from(moment.feeds.image!.data as Uint8Array));
        const number = step++;
        return Float32Array.from({ length: PIXELS }, (_, i) => ((i * 7919 + number * 104729) % 1000) / 1000 + 0.01);
      },
      release: async () => {},
    };
    let done = 0;
    const [found] = await gazeMeasures(policy, [trial], {
      makers: new Map([["made", made]]),
      most: Number.POSITIVE_INFINITY,
      done: () => void done++,
    });
    const wanted = golden.windows["2"]!;
    expect(done).toBe(wanted.length);
    expect(found).toMatchObject({
      kind: "made",
      trial: MADE_UP,
      found: { frames: 6, undefined: { nss: 1, kl: 1, sauc: 1 } },
    });
    for (const name of MEASURES) {
      const values = wanted.flatMap((one) => one[name] ?? []);
      const mean = values.reduce((sum, value) => sum + value, 0) / values.length;
      expect(Math.abs(found!.found.means[name] - mean)).toBeLessThan(1e-5);
    }
    // The second game begins with its first picture twice: the policy's memory of the first one is gone.
    expect(feeds[4]!.subarray(0, PIXELS)).toEqual(feeds[4]!.subarray(PIXELS));
    expect(feeds[5]!.subarray(0, PIXELS)).toEqual(feeds[4]!.subarray(PIXELS));
    expect(feeds[3]!.subarray(0, PIXELS)).not.toEqual(feeds[3]!.subarray(PIXELS));
  });
});
