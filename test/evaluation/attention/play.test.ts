import { afterEach, expect, test } from "vitest";
import { type Change, playWith } from "#src/evaluation/attention/play.js";
import { type AttentionMaps, ReplacedAttention } from "#src/evaluation/attention/replaced.js";
import { drive } from "#src/evaluation/drive.js";
import { subjectOf } from "#src/explain/subject.js";
import type { Policy } from "#src/policy/policy.js";
import { SimulatedWorld } from "#src/sim/simulated-world.js";
import { SimulatedSource } from "#src/sim/source.js";
import { loadTask } from "#src/sim/tasks/tasks.js";
import { worldNamed } from "#src/sim/worlds/worlds.js";
import { ARM_ATTENTION, armPolicy } from "../../train/arm-policy.js";
import { queryPolicyFile } from "../../train/vtrace/query-policy.js";

const open: ReplacedAttention[] = [];
afterEach(async () => {
  await Promise.all(open.splice(0).map((one) => one.release()));
});

async function replacedOf(policy: Policy): Promise<ReplacedAttention> {
  const replaced = (await ReplacedAttention.create(subjectOf(policy)))!;
  open.push(replaced);
  return replaced;
}

const reacher = () => loadTask("reacher", { width: 32, height: 32 });
const world = () => SimulatedWorld.load(worldNamed("red-fetch-green"));

test.each(["fls", "query"] as const)(
  "an arm with its own attention plays as it does without a look at it: %s",
  async (kind) => {
    const policy = await armPolicy(ARM_ATTENTION[kind]);
    const replaced = await replacedOf(policy);
    const seen: AttentionMaps[] = [];
    const play = async (change: Change, others?: AttentionMaps[]) =>
      playWith(policy, replaced, await reacher(), {
        seed: 3,
        episodes: 2,
        change,
        ...(others && { others }),
        see: (maps) => void (change === "own" && seen.push(maps)),
      });
    const usual = await play("own");
    expect(seen).toHaveLength(100);
    expect(usual.moved).toEqual([0, 0]);
    const errors: number[] = [];
    const source = new SimulatedSource({
      task: await reacher(),
      seed: 3,
      episodes: 2,
      speed: 0,
      ended: ({ error }) => void errors.push(error!),
    });
    await drive(policy, source, { write: () => {}, close: async () => {} });
    for (const [k, { error }] of usual.outcomes.entries()) expect(error).toBeCloseTo(errors[k]!, 4);
    for (const change of ["permuted", "uniform"] as const) {
      const other = await play(change);
      expect(Math.min(...other.moved)).toBeGreaterThan(0);
      expect(other.outcomes[0]!.error).not.toBeCloseTo(errors[0]!, 4);
    }
    // The same attention at every tick is another one than its own at nearly all of them.
    expect(Math.min(...(await play("swapped", [seen[0]!])).moved)).toBeGreaterThan(0);
  },
);

test("a policy of a world carries its state while its attention is replaced", async () => {
  const { policy } = queryPolicyFile();
  const replaced = await replacedOf(policy);
  const usual = await playWith(policy, replaced, await world(), { seed: 1, episodes: 3, change: "own" });
  const ends: (number | undefined)[] = [];
  const source = new SimulatedSource({
    task: await world(),
    seed: 1,
    episodes: 3,
    speed: 0,
    ended: ({ sumOfRewards }) => void ends.push(sumOfRewards),
  });
  await drive(policy, source, { write: () => {}, close: async () => {} });
  expect(usual.outcomes.map(({ sumOfRewards }) => sumOfRewards)).toEqual(ends);
  const uniform = await playWith(policy, replaced, await world(), { seed: 1, episodes: 3, change: "uniform" });
  for (const moved of uniform.moved) {
    expect(moved).toBeGreaterThan(0);
    expect(moved).toBeLessThan(1);
  }
});
