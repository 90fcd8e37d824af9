import { readFile } from "node:fs/promises";
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { Data } from "#src/arm/data.js";
import { modelFromXml } from "#src/arm/mujoco.js";
import type { Explanation } from "#src/explain/explanation.js";
import { colorTable } from "#src/image/colormap.js";
import { ChannelEncoder } from "#src/messages/channel-encoder.js";
import { messageType } from "#src/messages/definitions.js";
import { linkShapes } from "#src/messages/link-shapes.js";
import { RobotColors } from "#src/messages/markers.js";
import type { MarkerArrayMessage, Pose } from "#src/messages/types.js";
import { parseUrdf } from "#src/urdf/urdf.js";
import { decode } from "./decode.js";
import { sampleExplanation } from "./sample.js";

const URDF = new URL("../../urdf/reacher.urdf", import.meta.url);
const ELEMENTS = { joint_position: ["shoulder", "elbow"], joint_velocity: ["shoulder", "elbow"] };
const [CUBE, SPHERE, CYLINDER, MESH] = [1, 2, 3, 10];

const robot = (visual: string, more = "") =>
  `<robot name="r"><link name="a"><visual>${visual}</visual></link>${more}</robot>`;

/** Explanation in which the joints have these relevances (half of it in position, half in velocity, of either sign). */
function relevant(shoulder: number, elbow: number): Explanation {
  const relevance = {
    joint_position: Float32Array.of(shoulder / 2, -elbow / 2),
    joint_velocity: Float32Array.of(-shoulder / 2, elbow / 2),
  };
  return { ...sampleExplanation(), relevance };
}

async function shipped(explanation: Explanation): Promise<MarkerArrayMessage["markers"]> {
  return new RobotColors(await readFile(URDF, "utf8"), "reacher.urdf", ELEMENTS).markers(explanation)!.markers;
}

const rgb = ({ r, g, b }: { r: number; g: number; b: number }) => [r, g, b].map((value) => Math.round(255 * value));
const color = (level: number) => [...colorTable("inferno").slice(3 * level, 3 * level + 3)];
const GREY = [128, 128, 128];

describe("markers", () => {
  it("are a visualization_msgs/MarkerArray, in the links' frames and locked to them", async () => {
    const robotDescription = await readFile(URDF, "utf8");
    const encoder = new ChannelEncoder({ robotDescription, jointElements: ELEMENTS });
    const channel = encoder.channels.find(({ name }) => name === "markers")!;
    const explanation = sampleExplanation(3);
    const bytes = await encoder.encode(channel, explanation);
    const { markers } = decode<MarkerArrayMessage>(messageType(channel.type).schema, bytes!);
    expect(markers.map(({ header, id, type }) => [header.frame_id, id, type])).toEqual([
      ["base_link", 0, CYLINDER],
      ["upper_arm", 1, CYLINDER],
      ["upper_arm", 2, SPHERE],
      ["forearm", 3, CYLINDER],
      ["forearm", 4, CYLINDER],
      ["fingertip", 5, SPHERE],
    ]);
    for (const marker of markers) {
      expect(marker).toMatchObject({
        header: { stamp: { sec: 1_700_000_000, nanosec: 273_456_789 } },
        ns: "joint_relevance",
        action: 0,
        frame_locked: true,
        lifetime: { sec: 0, nanosec: 0 },
        mesh_use_embedded_materials: false,
      });
      expect(marker.color.a).toBe(1);
    }
    expect(markers[1]!.scale).toEqual({ x: 0.022, y: 0.022, z: 0.12 });
    expect(markers[5]!.scale).toEqual({ x: 0.028, y: 0.028, z: 0.028 });
  });

  it("have the colour of the joint that moves the link, relative to the most relevant joint", async () => {
    const markers = await shipped(relevant(0.1, 0.4));
    expect(markers.map((marker) => rgb(marker.color))).toEqual([
      GREY,
      color(64),
      color(64),
      color(255),
      color(255),
      color(255),
    ]);
  });

  it("are grey where no joint is relevant, and absent where no relevance is known", async () => {
    expect((await shipped(relevant(0, 0))).map((marker) => rgb(marker.color))).toEqual(Array(6).fill(GREY));
    const colors = new RobotColors(await readFile(URDF, "utf8"), "reacher.urdf", ELEMENTS);
    expect(colors.markers({ ...sampleExplanation(), level: "skip", relevance: {} })).toBeUndefined();
    expect(new RobotColors('<robot name="r"/>', "r", ELEMENTS).markers(sampleExplanation())).toBeUndefined();
  });

  it("start with the robot's description, and change with it", async () => {
    const encoder = new ChannelEncoder({ jointElements: ELEMENTS });
    const channel = encoder.channels.find(({ name }) => name === "markers")!;
    const explanation = sampleExplanation();
    expect(encoder.encode(channel, explanation)).toBeUndefined();
    encoder.setRobot(await readFile(URDF, "utf8"));
    expect(encoder.encode(channel, explanation)).toBeInstanceOf(Uint8Array);
    expect(() => encoder.setRobot("<sdf/>", "/robot_description")).toThrow("/robot_description: found the root");
    expect(encoder.encode(channel, explanation)).toBeInstanceOf(Uint8Array);
  });
});

describe("linkShapes", () => {
  const shapes = (text: string) => linkShapes(parseUrdf(text, "r"), new Set(["j"]));

  it("has a marker for each shape; a capsule is a cylinder and two spheres", () => {
    expect(shapes(robot('<geometry><box size="1 2 3"/></geometry>'))).toMatchObject([
      { type: CUBE, scale: { x: 1, y: 2, z: 3 }, mesh: "" },
    ]);
    expect(shapes(robot('<geometry><mesh filename="package://p/m.dae" scale="2 2 2"/></geometry>'))).toMatchObject([
      { type: MESH, scale: { x: 2, y: 2, z: 2 }, mesh: "package://p/m.dae" },
    ]);
    expect(
      shapes(
        robot(
          '<origin xyz="0 0 5" rpy="0 1.5707963267948966 0"/><geometry><capsule radius="1" length="4"/></geometry>',
        ),
      ),
    ).toMatchObject([
      { type: CYLINDER, scale: { x: 2, y: 2, z: 4 } },
      { type: SPHERE, scale: { x: 2, y: 2, z: 2 }, pose: { position: { x: expect.closeTo(2), z: expect.closeTo(5) } } },
      {
        type: SPHERE,
        scale: { x: 2, y: 2, z: 2 },
        pose: { position: { x: expect.closeTo(-2), z: expect.closeTo(5) } },
      },
    ]);
  });

  it("finds the nearest of the policy's joints above a link, through joints that are not the policy's", () => {
    const joint = (name: string, type: string, parent: string, child: string) =>
      `<joint name="${name}" type="${type}"><parent link="${parent}"/><child link="${child}"/></joint>`;
    const links = ["b", "c", "d"].map(
      (name) => `<link name="${name}"><visual><geometry><sphere radius="1"/></geometry></visual></link>`,
    );
    const tree = [
      ...links,
      joint("j", "revolute", "a", "b"),
      joint("mount", "fixed", "b", "c"),
      joint("gripper", "prismatic", "c", "d"),
    ].join("");
    const moved = shapes(robot('<geometry><sphere radius="1"/></geometry>', tree));
    expect(moved.map(({ link, joint: by }) => [link, by])).toEqual([
      ["a", undefined],
      ["b", "j"],
      ["c", "j"],
      ["d", "j"],
    ]);
  });

  it("ends for a description with a loop of joints", () => {
    const joint = (parent: string, child: string) =>
      `<joint name="${parent}${child}" type="fixed"><parent link="${parent}"/><child link="${child}"/></joint>`;
    const text = robot(
      '<geometry><sphere radius="1"/></geometry>',
      `<link name="b"/>${joint("a", "b")}${joint("b", "a")}`,
    );
    expect(shapes(text)[0]!.joint).toBeUndefined();
  });

  it("applies roll, pitch and yaw about the fixed axes, in this order", () => {
    const angle = fc.double({ min: -7, max: 7, noNaN: true });
    fc.assert(
      fc.property(angle, angle, angle, (roll, pitch, yaw) => {
        const visual = `<origin rpy="${roll} ${pitch} ${yaw}"/><geometry><box size="1 1 1"/></geometry>`;
        const { orientation } = shapes(robot(visual))[0]!.pose;
        for (const point of [
          [1, 0, 0],
          [0, 1, 0],
          [0, 0, 1],
          [1, 2, 3],
        ]) {
          const expected = about(2, yaw, about(1, pitch, about(0, roll, point)));
          for (const [i, value] of rotate(orientation, point).entries()) expect(value).toBeCloseTo(expected[i]!, 9);
        }
      }),
    );
  });

  it("places the shipped robot's shapes where MuJoCo places them", async () => {
    const text = await readFile(URDF, "utf8");
    // MuJoCo takes the shapes that may collide.
    const model = await modelFromXml(text.replaceAll(/<(\/?)visual>/g, "<$1collision>"), "reacher.urdf");
    const data = new Data(model);
    data.kinematics();
    const urdf = parseUrdf(text, "reacher.urdf");
    const ours = linkShapes(urdf, new Set()).map(({ link, pose, scale }) => ({ link, pose, scale }));
    expect(ours.length).toBeGreaterThan(0);
    expect(model.ngeom).toBe(ours.length);
    for (let geom = 0; geom < model.ngeom; geom++) {
      const at = [...model.arrays.get("geom_pos").slice(3 * geom, 3 * geom + 3)];
      const { x, y, z } = ours[geom]!.pose.position;
      for (const [k, value] of [x, y, z].entries()) expect(value).toBeCloseTo(at[k]!, 9);
      const [w, qx, qy, qz] = model.arrays.get("geom_quat").slice(4 * geom, 4 * geom + 4);
      const theirs = rotate({ x: qx!, y: qy!, z: qz!, w: w! }, [0, 0, 1]);
      const axis = rotate(ours[geom]!.pose.orientation, [0, 0, 1]);
      for (const [k, value] of axis.entries()) expect(value).toBeCloseTo(theirs[k]!, 9);
      expect(model.nameOf("body", model.arrays.get("geom_bodyid")[geom]!)).toBe(ours[geom]!.link);
      expect(ours[geom]!.scale.x / 2).toBeCloseTo(model.arrays.get("geom_size")[3 * geom]!, 9);
    }
    data.delete();
    model.delete();
  });
});

/** A turn by an angle about one of the axes x, y, z. */
function about(axis: number, angle: number, point: readonly number[]): number[] {
  const [i, j] = [(axis + 1) % 3, (axis + 2) % 3];
  const result = [...point];
  result[i] = Math.cos(angle) * point[i]! - Math.sin(angle) * point[j]!;
  result[j] = Math.sin(angle) * point[i]! + Math.cos(angle) * point[j]!;
  return result;
}

/** q p q⁻¹ by quaternion products. */
function rotate(q: Pose["orientation"], [x, y, z]: readonly number[]): number[] {
  const product = (a: readonly number[], b: readonly number[]) => [
    a[0]! * b[0]! - a[1]! * b[1]! - a[2]! * b[2]! - a[3]! * b[3]!,
    a[0]! * b[1]! + a[1]! * b[0]! + a[2]! * b[3]! - a[3]! * b[2]!,
    a[0]! * b[2]! - a[1]! * b[3]! + a[2]! * b[0]! + a[3]! * b[1]!,
    a[0]! * b[3]! + a[1]! * b[2]! - a[2]! * b[1]! + a[3]! * b[0]!,
  ];
  return product(product([q.w, q.x, q.y, q.z], [0, x!, y!, z!]), [q.w, -q.x, -q.y, -q.z]).slice(1);
}
