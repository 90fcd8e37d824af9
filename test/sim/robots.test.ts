import { readFile } from "node:fs/promises";
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { Arm } from "#src/arm/arm.js";
import { modelFromFile } from "#src/arm/mujoco.js";
import type { Mujoco, RawData, RawModel } from "#src/arm/mujoco-types.js";
import { random } from "#src/sim/random.js";
import { RIGHT_JOINTS } from "#src/sim/tasks/baxter/model.js";
import { SEVEN_JOINTS } from "#src/sim/tasks/manipulation/seven-dof.js";
import { loadTask } from "#src/sim/tasks/tasks.js";
import { parseUrdf } from "#src/urdf/urdf.js";

/** The function that only this test uses. */
interface Keyframes {
  mj_resetDataKeyframe(model: RawModel, data: RawData, key: number): void;
}

const TOOLS = { peg: "peg", door: "hook" } as const;
const leftJoints = RIGHT_JOINTS.map((joint) => joint.replace("right", "left"));

/** Robot, its arm's tip, joints, and the number of links. */
const ARMS: readonly (readonly [string, string, readonly string[], number])[] = [
  ...Object.entries(TOOLS).map(([name, tool]) => [name, tool, SEVEN_JOINTS, 9] as const),
  ["baxter", "block", RIGHT_JOINTS, 21],
  ["baxter", "left_hand", leftJoints, 21],
];

describe.each(ARMS)("the arm of the task %s to the %s", (name, tool, joints, count) => {
  it("has the same kinematics, inertia, damping and limits in URDF and MJCF", async () => {
    const [mjcf, urdf] = [await modelFromFile(`models/${name}.xml`), await modelFromFile(`urdf/${name}.urdf`)];
    const arms = [mjcf, urdf].map((model) => new Arm(model, joints, { body: tool }));
    const [fromMjcf, fromUrdf] = arms as [Arm, Arm];
    // Only driven joints have an effort in MJCF.
    const isDriven = fromMjcf.limits[0]!.effort < Number.POSITIVE_INFINITY;
    const limits = fromUrdf.limits.map((limit) => (isDriven ? limit : { ...limit, effort: Number.POSITIVE_INFINITY }));
    expect(limits).toEqual(fromMjcf.limits);
    const dampings = arms.map(({ model, dofs }) => dofs.map((dof) => model.arrays.get("dof_damping")[dof]));
    expect(dampings[1]).toEqual(dampings[0]);
    const links = parseUrdf(await readFile(`urdf/${name}.urdf`, "utf8"), name).links.map((link) => link.name);
    expect(links).toHaveLength(count);

    const measured = (arm: Arm, q: readonly number[]): number[] => {
      const { mj, raw, nv } = arm.model;
      const buffer = new mj.DoubleBuffer(nv * nv);
      const data = arm.place(q);
      data.forward();
      mj.mj_fullM(raw, data.raw, buffer);
      const inertia = buffer.GetView();
      const matrix = arm.dofs.flatMap((row) => arm.dofs.map((column) => inertia[row * nv + column]!));
      buffer.delete();
      const poses = links.flatMap((link) => {
        const body = arm.model.id("body", link);
        const turn = data.arrays.get("xquat").slice(4 * body, 4 * body + 4);
        return [...data.arrays.get("xpos").slice(3 * body, 3 * body + 3), ...turn];
      });
      return [...matrix, ...poses];
    };
    const angle = fc.double({ min: -3, max: 3, noNaN: true });
    fc.assert(
      fc.property(fc.tuple(angle, angle, angle, angle, angle, angle, angle), (q) => {
        const [ours, theirs] = [measured(fromMjcf, q), measured(fromUrdf, q)];
        ours.forEach((value, i) => {
          expect(Math.abs(value - theirs[i]!)).toBeLessThan(1e-6);
        });
      }),
      { numRuns: 50 },
    );
    for (const arm of arms) arm.delete();
    mjcf.delete();
    urdf.delete();
  });

  it("has a transform for every link of the robot's description, each after its parent", async () => {
    const task = await loadTask(name, { width: 16, height: 12 });
    const { links } = parseUrdf(task.robotDescription, name);
    const seen = new Set(["world"]);
    for (const { parent, child } of task.transforms()) {
      expect(seen).toContain(parent);
      seen.add(child);
    }
    for (const link of links) expect(seen).toContain(link.name);
    task.delete();
  });
});

describe("the two tasks of the 7-DoF arm", () => {
  it("share the arm up to the hand", async () => {
    const [peg, door] = await Promise.all(
      ["peg", "door"].map(async (name) => {
        const text = await readFile(`urdf/${name}.urdf`, "utf8");
        return text.slice(text.indexOf("<link"), text.indexOf('type="fixed"')).replace(/<joint name="\w+" $/, "");
      }),
    );
    expect(door).toBe(peg);
  });
});

describe("the models of the 7-DoF arm", () => {
  it("have no contact when only the joints are set, and block and door before the arm at home", async () => {
    for (const name of Object.keys(TOOLS)) {
      const model = await modelFromFile(`models/${name}.xml`);
      const arm = new Arm(model, SEVEN_JOINTS, { site: "ee" });
      const numbers = random(1);
      for (let trial = 0; trial < 50; trial++) {
        const data = arm.place(SEVEN_JOINTS.map(() => numbers.between(-2, 2)));
        data.forward();
        expect(arm.inContact(data)).toBe(false);
      }
      const data = arm.place(SEVEN_JOINTS.map(() => 0));
      (model.mj as Mujoco & Keyframes).mj_resetDataKeyframe(model.raw, data.raw, 0);
      data.kinematics();
      const goal = model.id("body", name === "peg" ? "block" : "door_frame");
      const tip = arm.tipPosition(data);
      const place = data.arrays.get("xpos").slice(3 * goal, 3 * goal + 2);
      expect(Math.hypot(tip[0]! - place[0]!, tip[1]! - place[1]!)).toBeLessThan(0.6);
      arm.delete();
      model.delete();
    }
  });
});
