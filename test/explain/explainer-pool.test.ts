import { afterEach, describe, expect, it } from "vitest";
import { InputError } from "#src/errors.js";
import { Explainer } from "#src/explain/explainer.js";
import { ExplainerPool } from "#src/explain/explainer-pool.js";
import type { Explanation } from "#src/explain/explanation.js";
import { reacherObservation, reacherPolicy } from "./policies.js";

const open: { close(): Promise<void> }[] = [];
afterEach(async () => {
  for (const resource of open.splice(0)) await resource.close();
});
const opened = <T extends { close(): Promise<void> }>(resource: T): T => {
  open.push(resource);
  return resource;
};

const timeless = ({ latencyMs: _, flags, ...rest }: Explanation) => ({
  ...rest,
  flags: flags.filter((flag) => flag !== "deadline_missed"),
});

describe("ExplainerPool", () => {
  it("explains many observations in parallel exactly as one explainer does in sequence", async () => {
    const policy = reacherPolicy();
    const alone = opened(await Explainer.create(policy, { worker: false, threads: 1 }));
    const pool = opened(await ExplainerPool.create(policy, { jobs: 3, threads: 1 }));
    const observations = Array.from({ length: 12 }, (_, tick) => reacherObservation(tick));
    const found = await Promise.all(observations.map((observation) => pool.explain(observation)));
    for (const [i, observation] of observations.entries())
      expect(timeless(found[i]!)).toEqual(timeless(await alone.explain(observation)));
  });

  it("goes on after an observation that cannot be explained", async () => {
    const pool = opened(await ExplainerPool.create(reacherPolicy(), { jobs: 1, threads: 1 }));
    const good = reacherObservation(0);
    const answers = [{ ...good, images: {} }, good, { ...good, images: {} }, good].map((o) => pool.explain(o));
    const settled = await Promise.allSettled(answers);
    expect(settled.map(({ status }) => status)).toEqual(["rejected", "fulfilled", "rejected", "fulfilled"]);
  });

  it("rejects the observations that an explainer rejects", async () => {
    await expect(ExplainerPool.create(reacherPolicy(), { jobs: 2, method: "magic" })).rejects.toThrow(InputError);
  });
});
