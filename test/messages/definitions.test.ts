import { readdirSync, readFileSync } from "node:fs";
import { describe, expect, it } from "vitest";
import { messageType } from "#src/messages/definitions.js";
import { typeHash } from "#src/messages/type-hash.js";

const DIRECTORY = new URL("../../msg/", import.meta.url);
const FILES = readdirSync(DIRECTORY);

describe("msg/", () => {
  it.each(FILES)("%s: every field and constant has a comment on its line", (file) => {
    const lines = readFileSync(new URL(file, DIRECTORY), "utf8").split("\n");
    const fields = lines.filter((line) => line.trim() !== "" && !line.startsWith("#"));
    expect(fields.length).toBeGreaterThan(0);
    for (const field of fields) expect(field).toMatch(/^[\w/]+(\[\d*\])? [A-Za-z]\w*(=\d+)? +# \S/);
  });

  it.each(FILES)("%s is the beginning of its schema, word for word", (file) => {
    const text = readFileSync(new URL(file, DIRECTORY), "utf8");
    expect(messageType(`torquelens/msg/${file.replace(".msg", "")}`).schema.startsWith(text)).toBe(true);
  });
});

describe("messageType", () => {
  it("appends every dependency once, after a line of =", () => {
    const { schema, definitions } = messageType("torquelens/msg/Explanation");
    const parts = schema.split(`${"=".repeat(80)}\n`).slice(1);
    const names = ["std_msgs/Header", "torquelens/TorqueRelevance", "builtin_interfaces/Time"];
    expect(parts.map((part) => part.split("\n")[0])).toEqual(names.map((name) => `MSG: ${name}`));
    expect(definitions.map(({ name }) => name)).toEqual([undefined, ...names]);
    expect(schema).toContain("builtin_interfaces/Time stamp\n");
  });

  it("names an unknown type", () => {
    expect(() => messageType("some_msgs/msg/Thing")).toThrow("message type some_msgs/Thing: neither in msg/ nor");
  });
});

describe("typeHash", () => {
  // As `ros2 topic info -v` shows them on ROS 2 Jazzy.
  it.each([
    ["std_msgs/msg/String", "df668c740482bbd48fb39d76a70dfd4bd59db1288021743503259e948f6b1a18"],
    ["std_msgs/msg/Header", "f49fb3ae2cf070f793645ff749683ac6b06203e41c891e17701b1cb597ce6a01"],
    ["sensor_msgs/msg/Image", "d31d41a9a4c4bc8eae9be757b0beed306564f7526c88ea6a4588fb9582527d47"],
    ["sensor_msgs/msg/CompressedImage", "15640771531571185e2efc8a100baf923961a4d15d5569652e6cb6691e8e371a"],
    ["sensor_msgs/msg/JointState", "a13ee3a330e346c9d87b5aa18d24e11690752bd33a0350f11c5882bc9179260e"],
    ["sensor_msgs/msg/Imu", "7d9a00ff131080897a5ec7e26e315954b8eae3353c3f995c55faf71574000b5b"],
    ["geometry_msgs/msg/PoseStamped", "10f3786d7d40fd2b54367835614bff85d4ad3b5dab62bf8bca0cc232d73b4cd8"],
    ["tf2_msgs/msg/TFMessage", "e369d0f05a23ae52508854b66f6aa0437f3449d652e8cbf22d5abe85d020f087"],
  ])("of %s is that of ROS 2", (type, hash) => {
    expect(typeHash(messageType(type))).toBe(`RIHS01_${hash}`);
  });

  it("does not depend on comments or constants", () => {
    const type = messageType("torquelens/msg/Explanation");
    const [root, ...rest] = type.definitions;
    const fields = { ...root!, definitions: root!.definitions.filter((field) => !field.isConstant) };
    expect(typeHash({ ...type, definitions: [fields, ...rest] })).toBe(typeHash(type));
  });
});
