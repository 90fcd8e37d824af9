import { expect, it } from "vitest";
import type { Explanation } from "#src/explain/explanation.js";
import { Monitor } from "#src/health/monitor.js";
import { sampleExplanation } from "../messages/sample.js";

/** An explanation whose image is black, or has a colour of its own; the arm rests. */
const seen = (i: number, isBlack: boolean): Explanation => {
  const sample = sampleExplanation(i, 16, 12);
  const { observation } = sample;
  const image = observation.images.image!;
  const rest = new Float64Array(observation.joints.names.length);
  const data = image.data.map((_, k) => (isBlack ? 0 : 60 + ((i * 7 + k) % 90)));
  return {
    ...sample,
    observation: {
      ...observation,
      first: i === 0,
      stamp: BigInt(i) * 50_000_000n,
      images: { image: { ...image, data } },
      joints: { ...observation.joints, position: rest, velocity: rest },
    },
  };
};

const facts: Parameters<Monitor["report"]>[0] = {
  active: true,
  ...{ expectedRate: 20, deadlineMs: 40, wantedLevel: "full", continuous: [], replaced: 0, outputs: {} },
  clock: { seconds: 1, isSimulated: true },
  pauses: { total: 0, current: 0 },
  inputs: { topics: {}, matched: 1, syncMisses: 0, tooOld: 0, clockJumps: 0 },
};

it("warns of what the policy sees, and forgets it after a restart", () => {
  let now = 0;
  const monitor = new Monitor({ name: "n", hardwareId: "n", now: () => now });
  const status = () => monitor.report(facts).find(({ name }) => name === "n: input faults")!;
  const explain = (i: number, isBlack: boolean) => {
    now = 50 * i;
    monitor.explained(seen(i, isBlack));
  };
  for (let i = 0; i < 4; i++) explain(i, false);
  expect(status()).toMatchObject({ level: 0, message: "no fault in images, joint states and stamps" });
  for (let i = 4; i < 7; i++) explain(i, true);
  expect(status()).toMatchObject({ level: 1, message: "the image is black (image: mean brightness 0 of 255)" });
  expect(status().values).toEqual([{ key: "Explanations with black", value: "3" }]);
  monitor.restart();
  explain(0, false);
  expect(status().level).toBe(0);
});
