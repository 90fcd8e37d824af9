import { fileURLToPath } from "node:url";
import { describe, expect, test } from "vitest";
import { loadPolicy, type Policy } from "#src/policy/policy.js";
import { feedsOf } from "#src/ros/explain/inputs.js";
import { FakeRos } from "../fake-ros.js";

/** A node whose topics a user has remapped, as `-r from:=to` does. */
class Remapped extends FakeRos {
  constructor(private readonly rules: Readonly<Record<string, string>>) {
    super("torquelens", "/arm");
  }

  override resolveTopic(name: string): string {
    const resolved = super.resolveTopic(name);
    return this.rules[resolved] ?? resolved;
  }
}

/** Topics of cameras' images and calibrations. */
function cameraTopics(ros: FakeRos, cameras: readonly string[], transport: string) {
  const modalities = cameras.map((name) => ({ kind: "image", name }));
  const feeds = feedsOf(ros, { modalities, card: { joints: [] } } as unknown as Policy, transport);
  const topicOf = (kind: string, camera: string) =>
    feeds.find(({ feeder, subject }) => feeder.kind === kind && subject === camera)?.topic;
  return cameras.map((camera) => ({
    camera,
    topic: topicOf("image", camera),
    info: topicOf("camera_info", camera),
  }));
}

describe("topics of cameras", () => {
  test("of a single one: image, and its calibration beside it", () => {
    expect(cameraTopics(new Remapped({}), ["image"], "raw")).toEqual([
      { camera: "image", topic: "/arm/image", info: "/arm/camera_info" },
    ]);
    expect(cameraTopics(new Remapped({}), [], "raw")).toEqual([]);
  });

  test("the transport's suffix comes after remapping", () => {
    const ros = new Remapped({ "/arm/image": "/camera/color/image_raw" });
    expect(cameraTopics(ros, ["front"], "compressed")).toEqual([
      { camera: "front", topic: "/camera/color/image_raw/compressed", info: "/camera/color/camera_info" },
    ]);
    for (const transport of ["compressedDepth", "jpeg_low"])
      expect(cameraTopics(ros, ["front"], transport)[0]).toEqual({
        camera: "front",
        topic: `/camera/color/image_raw/${transport}`,
        info: "/camera/color/camera_info",
      });
  });

  test("of several: each by its name", () => {
    const ros = new Remapped({ "/arm/wrist/image": "/wrist_cam/image_rect" });
    expect(cameraTopics(ros, ["front", "wrist"], "raw")).toEqual([
      { camera: "front", topic: "/arm/front/image", info: "/arm/front/camera_info" },
      { camera: "wrist", topic: "/wrist_cam/image_rect", info: "/wrist_cam/camera_info" },
    ]);
  });
});

describe("joint states", () => {
  const feeds = async (name: string) => {
    const policy = await loadPolicy(fileURLToPath(new URL(`../../../models/${name}.onnx`, import.meta.url)));
    return feedsOf(new Remapped({}), policy, "raw").map(({ topic }) => topic);
  };

  test("are not waited for by a policy without joints", async () => {
    expect(await feeds("highway")).not.toContain("joint_states");
    expect(await feeds("reacher")).toContain("joint_states");
  });
});
