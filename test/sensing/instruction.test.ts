import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, expect, test } from "vitest";
import { loadPolicy, type Policy } from "#src/policy/policy.js";
import { Observer } from "#src/sensing/observer.js";
import { writeListeningPolicy } from "../language/listening-policy.js";
import { header, rawImage } from "./messages.js";

let folder: string;
let policy: Policy;
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), "torquelens-observer-"));
  policy = await loadPolicy(await writeListeningPolicy(join(folder, "policy.onnx")));
});
afterAll(() => rm(folder, { recursive: true }));

const PERIOD = 200_000_000n;

/** An observer with a clock, and what it sees next: joint states and an image of one stamp. */
async function observing(instruction?: string) {
  let now = 1_000_000_000n;
  const problems: string[] = [];
  const observer = await Observer.create(policy, {
    now: () => now,
    instruction,
    problem: (topic, reason) => problems.push(`${topic}: ${reason}`),
  });
  const look = async () => {
    now += PERIOD;
    const image = rawImage("rgb8", 64, 64, new Uint8Array(64 * 64 * 3), { header: header(now) });
    const joints = { header: header(now), name: [], position: new Float64Array(0), velocity: new Float64Array(0) };
    const matches = [
      ...observer.jointState({ ...joints, effort: new Float64Array(0) }),
      ...observer.image("image", image),
    ];
    return (await Promise.all(matches.map((match) => match.observe()))).map((seen) => seen?.instruction);
  };
  return { observer, problems, look };
}

test("images wait until somebody says what to do, which then holds until it changes", async () => {
  const { observer, problems, look } = await observing();
  expect(await look()).toEqual([]);
  // What waited is observed as soon as the sentence is known.
  const waited = observer.instruction("open the drawer");
  expect((await Promise.all(waited.map((match) => match.observe()))).map((seen) => seen?.instruction)).toEqual([
    "open the drawer",
  ]);
  expect(await look()).toEqual(["open the drawer"]);
  observer.instruction("close it");
  expect(await look()).toEqual(["close it"]);
  expect(problems).toEqual([]);
  observer.delete();
});

test("a sentence that is too long is dropped with its reason, and the one before goes on to hold", async () => {
  const { observer, problems, look } = await observing("close it");
  observer.instruction(Array(23).fill("red").join(" "));
  expect(problems).toEqual([expect.stringMatching(/^instruction: .*25 tokens; the policy takes 24$/)]);
  expect(await look()).toEqual(["close it"]);
  expect(() => observer.tell(Array(23).fill("red").join(" "))).toThrow("25 tokens");
  observer.tell(undefined);
  expect(await look()).toEqual([]);
  observer.delete();
});
