import fc from "fast-check";
import { expect, it } from "vitest";
import type { Match } from "#src/sensing/match.js";
import { Observer } from "#src/sensing/observer.js";
import { header, jointState, rawImage } from "./messages.js";
import { card, policyOf } from "./policies.js";

const MS = 1_000_000n;
const START = 1_700_000_000_000n * MS;

/** What an observer hears, at a time in milliseconds: stamps may be late, early, or far in the past. */
const event = fc.record({
  kind: fc.constantFrom("image", "image", "joints", "joints", "bad image", "unstamped joints", "reset"),
  wait: fc.integer({ min: 0, max: 60 }),
  late: fc.oneof(fc.integer({ min: -30, max: 30 }), fc.constant(200_000)),
});

it("counts every image: observed, dropped for a reason, or waiting until the end", async () => {
  await fc.assert(
    fc.asyncProperty(fc.array(event, { maxLength: 40 }), fc.boolean(), async (events, observesAtOnce) => {
      let now = START;
      const observer = await Observer.create(policyOf(card()), { now: () => now, problem: () => {} });
      const matches: Match[] = [];
      let images = 0;
      for (const { kind, wait, late } of events) {
        now += BigInt(wait) * MS;
        const stamp = now - BigInt(late) * MS;
        if (kind === "reset") observer.reset();
        else if (kind.endsWith("joints"))
          matches.push(
            ...observer.jointState(
              jointState(kind === "joints" ? stamp : 0n, ["shoulder", "elbow"], [0.1, 0.2], [1, 2]),
            ),
          );
        else {
          images++;
          const encoding = kind === "image" ? "rgb8" : "nv21";
          const message = rawImage(encoding, 4, 3, new Uint8Array(36), { header: header(stamp) });
          matches.push(...observer.image("image", message));
        }
        if (observesAtOnce) for (const match of matches.splice(0)) await match.observe();
      }
      observer.end();
      for (const match of matches) await match.observe();
      const { observed, topics, ...totals } = observer.counters();
      const dropped = Object.values(topics.image?.dropped ?? {}).reduce((sum, count) => sum + count, 0);
      expect(topics.image?.received ?? 0).toBe(images);
      expect(observed + dropped).toBe(images);
      expect(totals).toMatchObject({ images, imagesDropped: topics.image?.dropped ?? {} });
      observer.delete();
    }),
    { numRuns: 300, seed: 1 },
  );
});

it("counts an image of the first camera as unmatched where that of another camera cannot be decoded", async () => {
  const { inputs, ...rest } = card();
  const wrist = { ...inputs.image!, modality: "wrist" };
  const policy = policyOf({ ...rest, inputs: { ...inputs, wrist } as typeof inputs });
  const problems: string[] = [];
  const observer = await Observer.create(policy, {
    now: () => START,
    problem: (topic, reason) => problems.push(`${topic}: ${reason}`),
  });
  const matches = [
    ...observer.image("image", rawImage("rgb8", 4, 3, new Uint8Array(36), { header: header(START) })),
    ...observer.image("wrist", { header: header(START), format: "jpeg", data: Uint8Array.of(0xff, 0xd8, 0xff) }),
    ...observer.jointState(jointState(START, ["shoulder", "elbow"], [0.1, 0.2], [1, 2])),
  ];
  expect(await Promise.all(matches.map((match) => match.observe()))).toEqual([undefined]);
  const { images, observed, imagesDropped, topics } = observer.counters();
  expect({ images, observed, imagesDropped }).toEqual({ images: 1, observed: 0, imagesDropped: { unmatched: 1 } });
  expect(topics.wrist!.dropped).toEqual({ damaged: 1 });
  expect(problems).toEqual([expect.stringMatching(/^wrist: /)]);
  observer.delete();
});

it("says why an image still waits when the recording ends", async () => {
  const problems: string[] = [];
  const observer = await Observer.create(policyOf(card()), {
    now: () => START,
    problem: (topic, reason) => problems.push(`${topic}: ${reason}`),
    maxAge: Number.POSITIVE_INFINITY,
  });
  observer.jointState(jointState(0n, ["shoulder", "elbow"], [0.1, 0.2], [1, 2]));
  observer.image("image", rawImage("rgb8", 4, 3, new Uint8Array(36), { header: header(START) }));
  observer.end();
  expect(problems.at(-1)).toBe("image: no match before the recording ends: joint shoulder: its states are stamped 0");
  expect(observer.counters().syncMisses).toBe(1);
  observer.delete();
});
