import { describe, expect, it } from "vitest";
import type { Explanation } from "#src/explain/explanation.js";
import type { Observation } from "#src/explain/observation.js";
import { FAULTS, faultNames } from "#src/sim/faults/faults.js";
import { parsePerturbations } from "#src/sim/perturbations.js";
import { SimulatedSource } from "#src/sim/source.js";
import { Reacher } from "#src/sim/tasks/reacher/reacher.js";

const START = 6;

/** An episode's first ticks under the same torques. */
async function observations(perturbations: string): Promise<Observation[]> {
  const task = await Reacher.load({ width: 32, height: 32 });
  const source = new SimulatedSource({
    task,
    speed: 0,
    ticks: 14,
    perturbations: parsePerturbations(perturbations, "p", task),
  });
  const found: Observation[] = [];
  for await (const observation of source.observations()) {
    found.push(observation);
    source.accept({ torque: Float32Array.of(0.05, -0.03) } as unknown as Explanation);
  }
  await source.close();
  return found;
}

const given = ({ images, values, joints, stamp }: Observation) => ({
  image: Array.from(images.image!.data),
  joints: [values.joint_position, values.joint_velocity, joints.position, joints.velocity].map((v) => Array.from(v!)),
  stamp,
});

/** Worlds alone have words and actions (`told-faults.test.ts`). */
const ofArms = faultNames.filter((name) => !["words", "action"].includes(FAULTS[name].of));

describe("faults of what the policy is given", () => {
  it.each(ofArms)("%s changes its own part alone, from its tick on", async (name) => {
    const [whole, faulty] = await Promise.all(["[]", `[{tick: ${START}, fault: ${name}}]`].map(observations));
    const { of } = FAULTS[name];
    const differs = (key: "image" | "joints" | "stamp") =>
      whole!.map(
        (tick, i) => JSON.stringify(given(tick)[key], bigints) !== JSON.stringify(given(faulty![i]!)[key], bigints),
      );
    for (const key of ["image", "joints", "stamp"] as const) {
      const isOwn = key === ({ image: "image", joints: "joints", clock: "stamp" } as Record<string, string>)[of];
      expect(differs(key).slice(0, START)).not.toContain(true);
      expect(differs(key).slice(START).includes(true), key).toBe(isOwn);
    }
  });

  it("have the amount and the joint that are asked for, and end", async () => {
    const offset = "fault: {name: joint_out_of_range, amount: 2, joint: elbow}";
    const [whole, faulty] = await Promise.all(
      ["[]", `[{tick: 3, ${offset}}, {tick: 8, fault: null}]`].map(observations),
    );
    const by = whole!.map(({ joints }, i) =>
      Array.from(joints.position, (q, j) => Number((faulty![i]!.joints.position[j]! - q).toFixed(9))),
    );
    expect(by.slice(0, 3).flat()).toEqual([0, 0, 0, 0, 0, 0]);
    expect(by.slice(3, 8)).toEqual(Array.from({ length: 5 }, () => [0, 2]));
    expect(
      by
        .slice(8)
        .flat()
        .every((value) => value === 0),
    ).toBe(true);
  });

  it.each([
    ["fault: cloudy", "[0].fault"],
    ["fault: {name: black, amount: 3}", "fault: black: amount: this fault has none"],
    ["fault: {name: late, amount: 99}", "fault: late: amount: 99: expected 1 to 20 (ticks)"],
    ["fault: {name: joint_stuck, joint: knee}", "fault: joint_stuck: joint: knee: expected shoulder, elbow"],
    ["fault: words_swapped", "fault: words_swapped: only worlds that tell in words what to do have them"],
    ["fault: other_previous_action", "fault: other_previous_action: only worlds have actions"],
    ["fault: {name: frozen, joint: elbow}", "fault: frozen: joint: this fault is of no single joint"],
  ])("are refused in one line: %s", async (fault, message) => {
    await expect(observations(`[{tick: 1, ${fault}}]`)).rejects.toThrow(message);
  });
});

const bigints = (_: string, value: unknown) => (typeof value === "bigint" ? String(value) : value);
