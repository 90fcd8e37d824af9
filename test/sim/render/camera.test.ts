import { describe, expect, it } from "vitest";
import { Data } from "#src/arm/data.js";
import type { Model } from "#src/arm/model.js";
import { modelFromXml } from "#src/arm/mujoco.js";
import type { Held, Mujoco } from "#src/arm/mujoco-types.js";
import { random } from "#src/sim/random.js";
import { Camera } from "#src/sim/render/camera.js";
import { project, type View } from "#src/sim/render/view.js";
import { ReacherModel } from "#src/sim/tasks/reacher/model.js";

/** The ray caster, which only this test uses. */
interface Rays {
  readonly IntBuffer: new (length: number) => { GetView(): Int32Array } & Held;
  mj_multiRay(...values: unknown[]): void;
}

/** What MuJoCo's ray caster sees in each pixel: geom id (−1 for none) and depth along the optical axis, metres. */
function cast(model: Model, data: Data, view: View): { geom: Int32Array; depth: Float64Array } {
  const mj = model.mj as Mujoco & Rays;
  const { width, height, focal, position, rotation } = view;
  const count = width * height;
  const rays: number[] = [];
  const cosines = new Float64Array(count);
  for (let pixel = 0; pixel < count; pixel++) {
    const right = ((pixel % width) + 0.5 - width / 2) / focal;
    const up = (height / 2 - (Math.floor(pixel / width) + 0.5)) / focal;
    const length = Math.hypot(right, up, 1);
    cosines[pixel] = 1 / length;
    for (let k = 0; k < 3; k++) {
      rays.push((rotation[3 * k]! * right + rotation[3 * k + 1]! * up - rotation[3 * k + 2]!) / length);
    }
  }
  const ids = new mj.IntBuffer(count);
  const distances = new mj.DoubleBuffer(count);
  mj.mj_multiRay(
    model.raw,
    data.raw,
    [...position],
    rays,
    [1, 1, 1, 0, 0, 0],
    true,
    -1,
    ids,
    distances,
    null,
    count,
    1e6,
  );
  const geom = ids.GetView().slice();
  const depth = distances.GetView().map((distance, pixel) => distance * cosines[pixel]!);
  ids.delete();
  distances.delete();
  return { geom, depth };
}

/** Part of the pixels that show the same geom, and the largest depth error (m) on those. */
function compare(model: Model, data: Data, camera: Camera): { same: number; worst: number } {
  const raster = camera.render(data);
  const truth = cast(model, data, camera.view(data));
  let same = 0;
  let worst = 0;
  raster.segmentation.forEach((id, pixel) => {
    if (id !== truth.geom[pixel]) return;
    same++;
    if (id >= 0) worst = Math.max(worst, Math.abs(1 / raster.inverseDepth[pixel]! - truth.depth[pixel]!));
  });
  return { same: same / raster.segmentation.length, worst };
}

const ZOO = `<mujoco>
  <option gravity="0 0 0"/>
  <asset><mesh name="wedge" vertex="0 0 0  0.3 0 0  0 0.3 0  0 0 0.4"/></asset>
  <worldbody>
    <geom name="ground" type="plane" size="0 0 1"/>
    <geom name="board" type="plane" pos="-0.8 0 0.3" euler="0 60 0" size="0.2 0.3 1"/>
    <camera name="near" pos="0.1 -1.2 0.5" xyaxes="1 0 0 0 0.4 0.9" fovy="70"/>
    <body pos="0 0 0.3"><freejoint/><geom name="box" type="box" size="0.2 0.1 0.15"/></body>
    <body pos="0.5 0 0.3"><freejoint/><geom name="sphere" size="0.15"/></body>
    <body pos="-0.5 0.1 0.3"><freejoint/><geom name="capsule" type="capsule" size="0.08 0.15"/></body>
    <body pos="0.2 0.5 0.4"><freejoint/><geom name="cylinder" type="cylinder" size="0.1 0.2"/></body>
    <body pos="-0.3 0.6 0.4"><freejoint/><geom name="ellipsoid" type="ellipsoid" size="0.2 0.1 0.05"/></body>
    <body pos="0.5 0.5 0.2"><freejoint/><geom name="wedge" type="mesh" mesh="wedge"/></body>
    <body pos="0 -1 0.4"><geom name="hidden" size="0.2" rgba="1 0 0 0"/><geom name="group" size="0.2" group="3"/></body>
  </worldbody>
</mujoco>`;

describe("camera", () => {
  it("draws the reacher as MuJoCo's ray caster sees it", async () => {
    const reacher = await ReacherModel.load(128, 96);
    const camera = new Camera(reacher.model, "camera", 128, 96);
    const numbers = random(3);
    for (let pose = 0; pose < 8; pose++) {
      const data = reacher.place(reacher.randomState(numbers), reacher.randomTarget(numbers));
      const { same, worst } = compare(reacher.model, data, camera);
      expect(same).toBeGreaterThan(0.999);
      expect(worst).toBeLessThan(0.003);
    }
    reacher.delete();
  });

  it("draws every type of geom, near and far, as MuJoCo's ray caster sees it", async () => {
    const model = await modelFromXml(ZOO, "zoo");
    const camera = new Camera(model, "near", 160, 120);
    const data = new Data(model);
    const numbers = random(4);
    const seen = new Set<number>();
    for (let pose = 0; pose < 6; pose++) {
      const qpos = data.arrays.get("qpos");
      for (let at = 0; at < model.nq; at += 7) {
        const turn = [0, 1, 2, 3].map(() => numbers.normal());
        const length = Math.hypot(...turn);
        qpos.set(
          turn.map((value) => value / length),
          at + 3,
        );
      }
      // The box comes close, and in the last poses around the camera's near plane.
      qpos[1] = -0.25 * pose;
      data.kinematics();
      const { same, worst } = compare(model, data, camera);
      expect(same).toBeGreaterThan(0.998);
      expect(worst).toBeLessThan(0.03);
      for (const id of camera.raster.segmentation) seen.add(id);
    }
    const drawn = ["ground", "board", "box", "sphere", "capsule", "cylinder", "ellipsoid", "wedge"];
    expect(drawn.every((name) => seen.has(model.id("geom", name)))).toBe(true);
    expect(seen.has(model.id("geom", "hidden"))).toBe(false);
    expect(seen.has(model.id("geom", "group"))).toBe(false);
    data.delete();
    model.delete();
  });

  it("clips geoms that reach behind it", async () => {
    const model = await modelFromXml(
      `<mujoco><worldbody>
        <geom name="floor" type="plane" size="0 0 1"/>
        <geom name="beam" type="box" pos="0.1 0 0.4" size="0.02 5 0.02"/>
        <camera name="eye" pos="0 0 0.5" xyaxes="1 0 0 0 0 1" fovy="60"/>
      </worldbody></mujoco>`,
      "beam",
    );
    const data = new Data(model);
    data.kinematics();
    const camera = new Camera(model, "eye", 96, 72);
    const { same } = compare(model, data, camera);
    expect(same).toBeGreaterThan(0.995);
    expect(camera.raster.segmentation.filter((id) => id === model.id("geom", "beam")).length).toBeGreaterThan(50);
    data.delete();
    model.delete();
  });

  it("projects points to their place in the image", async () => {
    const reacher = await ReacherModel.load(160, 120);
    const camera = new Camera(reacher.model, "camera", 160, 120);
    const numbers = random(5);
    for (let pose = 0; pose < 10; pose++) {
      const state = reacher.randomState(numbers);
      const target = reacher.randomTarget(numbers);
      const points = reacher.imagePoints(state, target);
      const data = reacher.place(state, target);
      const { segmentation } = camera.render(data);
      const id = reacher.model.id("geom", "target");
      let [count, x, y] = [0, 0, 0];
      segmentation.forEach((seen, pixel) => {
        if (seen !== id) return;
        count++;
        x += (pixel % 160) + 0.5;
        y += Math.floor(pixel / 160) + 0.5;
      });
      expect(Math.hypot(x / count - points.target.x, y / count - points.target.y)).toBeLessThan(0.75);
      const pixel = Math.floor(points.fingertip.y) * 160 + Math.floor(points.fingertip.x);
      expect(["fingertip", "target"]).toContain(reacher.model.nameOf("geom", segmentation[pixel]!));
      expect(project(camera.view(data), [0, 0, 0])).toMatchObject({ x: 80, y: 60, depth: 1.5 });
    }
    reacher.delete();
  });

  it("names geoms that it cannot draw", async () => {
    const field = `<mujoco><asset><hfield name="h" nrow="2" ncol="2" size="1 1 1 1"/></asset><worldbody>
      <camera name="c"/><geom name="hills" type="hfield" hfield="h"/></worldbody></mujoco>`;
    const model = await modelFromXml(field, "field.xml");
    expect(() => new Camera(model, "c", 8, 8)).toThrow(/field\.xml: geom "hills".*expected a primitive or a mesh/);
    expect(() => new Camera(model, "d", 8, 8)).toThrow(/no camera named "d"/);
    model.delete();
  });
});
