import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { describe, expect, it } from "vitest";
import { Data } from "#src/arm/data.js";
import type { ObjectKind } from "#src/arm/model.js";
import { modelFromFile, modelFromXml } from "#src/arm/mujoco.js";
import { InputError } from "#src/errors.js";

const PENDULUM = `<mujoco><option timestep="0.01"/><worldbody><body name="rod">
  <joint name="hinge" axis="0 1 0" damping="0.1"/><geom name="rod" type="capsule" fromto="0 0 0 0.5 0 0" size="0.02"/>
  <site name="end" pos="0.5 0 0"/></body></worldbody>
  <actuator><motor name="hinge" joint="hinge" ctrlrange="-2 2"/></actuator></mujoco>`;

describe("models", () => {
  it("are read from text and from files, and looked up by name", async () => {
    const folder = await mkdtemp(join(tmpdir(), "arm-"));
    const path = join(folder, "pendulum.xml");
    await writeFile(path, PENDULUM);
    for (const model of [await modelFromXml(PENDULUM, "text"), await modelFromFile(path)]) {
      expect([model.nq, model.nv, model.nu, model.timestep]).toEqual([1, 1, 1, 0.01]);
      expect(model.nameOf("geom", model.id("geom", "rod"))).toBe("rod");
      expect(model.arrays.get("dof_damping")[0]).toBe(0.1);
      expect([model.isLimited(0), model.isControlLimited(0)]).toEqual([false, true]);
      expect(() => model.id("joint", "knee")).toThrow(new InputError(`${model.source}: no joint named "knee"`));
      model.delete();
    }
    await rm(folder, { recursive: true });
  });

  it("name what has a name, in any script, and nothing else", async () => {
    const model = await modelFromXml(
      `<mujoco model="arm"><worldbody><body name="bråz"><joint type="slide"/><joint name="jointé 関節" axis="0 1 0"/>
       <geom size="0.1"/><site/><camera/><body><joint type="slide" axis="1 0 0"/><geom name="g" size="0.1"/></body></body>
       </worldbody><actuator><motor joint="jointé 関節"/><motor name="m" joint="jointé 関節"/></actuator></mujoco>`,
      "text",
    );
    const names = (kind: ObjectKind, count: number) => Array.from({ length: count }, (_, id) => model.nameOf(kind, id));
    expect(names("joint", 3)).toEqual(["", "jointé 関節", ""]);
    expect(names("body", 3)).toEqual(["world", "bråz", ""]);
    expect(names("geom", 2)).toEqual(["", "g"]);
    expect(names("site", 1)).toEqual([""]);
    expect(names("camera", 1)).toEqual([""]);
    expect(names("actuator", 2)).toEqual(["", "m"]);
    expect([1, 2].map((body) => model.bodyText(body))).toEqual(["bråz", "2"]);
    model.delete();
  });

  it("that MuJoCo cannot compile are named, with its reason", async () => {
    await expect(modelFromXml("<mujoco><worldbody><geom/></worldbody></mujoco>", "bad.xml")).rejects.toThrow(
      /^bad\.xml: MuJoCo cannot compile it: .*size/,
    );
    await expect(modelFromXml("not xml", "bad.xml")).rejects.toThrow(InputError);
    await expect(modelFromXml("<robot name='r'><link/></robot>", "bad.urdf")).rejects.toThrow(
      /^bad\.urdf: <link> has no name/,
    );
    await expect(modelFromFile("/nowhere/arm.xml")).rejects.toThrow(/^\/nowhere\/arm\.xml: cannot read the model/);
  });

  it("keep their views valid when memory grows", async () => {
    const model = await modelFromXml(PENDULUM, "text");
    const data = new Data(model);
    data.arrays.get("qpos")[0] = 0.25;
    const stale = data.arrays.get("qpos");
    const more: Data[] = [];
    while (stale.length > 0 && more.length < 200) more.push(new Data(model));
    expect(stale.length).toBe(0);
    expect(data.arrays.get("qpos")[0]).toBe(0.25);
    expect(model.arrays.get("dof_damping")[0]).toBe(0.1);
    for (const each of [...more, data]) each.delete();
    model.delete();
  });

  it("report a NaN as an error until they are reset", async () => {
    const model = await modelFromXml(PENDULUM, "pendulum.xml");
    const data = new Data(model);
    data.step(3);
    data.arrays.get("qpos")[0] = Number.NaN;
    expect(() => data.step()).toThrow(/pendulum\.xml: the simulation became unstable: NaN or huge position/);
    data.reset();
    data.step(3);
    data.arrays.get("qvel")[0] = 1e12;
    expect(() => data.step()).toThrow(/NaN or huge velocity/);
    data.delete();
    model.delete();
  });

  it("copy a state bit for bit", async () => {
    const model = await modelFromXml(PENDULUM, "text");
    const [first, second] = [new Data(model), new Data(model)];
    first.arrays.get("ctrl")[0] = 0.3;
    first.step(17);
    second.copyFrom(first);
    first.step(20);
    second.step(20);
    expect(second.arrays.get("qpos")).toEqual(first.arrays.get("qpos"));
    expect(second.arrays.get("qvel")).toEqual(first.arrays.get("qvel"));
    expect(first.arrays.get("qpos")[0]).not.toBe(0);
    for (const each of [first, second, model]) each.delete();
  });
});
