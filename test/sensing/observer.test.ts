import { beforeAll, describe, expect, it } from "vitest";
import type { Explanation } from "#src/explain/explanation.js";
import type { Observation } from "#src/explain/observation.js";
import { toCameraInfo, toImage } from "#src/messages/images.js";
import { toJointState } from "#src/messages/robot.js";
import { loadPolicy, type Policy } from "#src/policy/policy.js";
import { Observer } from "#src/sensing/observer.js";
import { SimulatedSource } from "#src/sim/source.js";
import { loadTask } from "#src/sim/tasks/tasks.js";

describe("a simulation's messages", () => {
  let policy: Policy;
  let seen: Observation[];

  beforeAll(async () => {
    policy = await loadPolicy("models/reacher.onnx");
    const task = await loadTask("reacher", { width: 96, height: 96 });
    const source = new SimulatedSource({ task, ticks: 120, speed: 0, seed: 3, startStamp: 1_000_000_000n });
    seen = [];
    for await (const observation of source.observations()) {
      const torque = Float32Array.from([0.2 * Math.sin(seen.length / 5), 0.25 * Math.cos(seen.length / 3)]);
      source.accept({ torque } as Explanation);
      seen.push(observation);
    }
    await source.close();
  });

  it.each(["interpolate", "nearest", "exact"] as const)(
    "become the simulation's observations to the last bit: %s",
    async (sync) => {
      let now = 0n;
      const problems: string[] = [];
      const observer = await Observer.create(policy, {
        sync,
        now: () => now,
        problem: (topic, reason) => problems.push(`${topic}: ${reason}`),
      });
      for (const [i, expected] of seen.entries()) {
        now = expected.stamp + 3_000_000n;
        expect(observer.jointState(toJointState(expected))).toEqual([]);
        observer.cameraInfo("image", toCameraInfo({ observation: expected }, "image")!);
        const matches = observer.image("image", toImage({ observation: expected } as Explanation, "image")!);
        expect(matches.length).toBe(1);
        const found = (await matches[0]!.observe())!;
        expect(problems).toEqual([]);
        expect(found.stamp).toBe(expected.stamp);
        expect(found.tick).toBe(i);
        expect(Object.keys(found.images)).toEqual(["image"]);
        expect({ ...found.images.image, data: 0 }).toEqual({ ...expected.images.image, data: 0 });
        expect(Buffer.compare(found.images.image!.data, expected.images.image!.data)).toBe(0);
        expect(found.cameras).toBeUndefined();
        expect(found.values).toEqual(expected.values);
        expect(found.importance).toEqual(expected.importance);
        expect(found.flags).toEqual(expected.flags);
        expect(found.joints).toEqual(expected.joints);
        observer.commanded([0.2 * Math.sin(i / 5), 0.25 * Math.cos(i / 3)].map(Math.fround));
      }
      expect(observer.counters()).toMatchObject({ matched: seen.length, observed: seen.length, syncMisses: 0 });
      observer.delete();
    },
  );
});
