import { parse } from "@foxglove/rosmsg";
import { MessageWriter } from "@foxglove/rosmsg2-serialization";
import { describe, expect, it } from "vitest";
import type { Topic } from "#src/bag/bag.js";
import { decoderOf } from "#src/bag/decode.js";
import { InputError } from "#src/errors.js";
import { encoderOf } from "#src/messages/cdr.js";
import { messageType } from "#src/messages/definitions.js";
import { toRatios } from "#src/messages/explanation.js";
import { sampleExplanation } from "../messages/sample.js";

const TYPE = "torquelens/msg/RelevanceRatios";
const message = toRatios(sampleExplanation());
const data = encoderOf(TYPE)(message);

const topic = (change: Partial<Topic> = {}): Topic => ({
  name: "/ratios",
  type: TYPE,
  encoding: "cdr",
  schema: { encoding: "ros2msg", data: Buffer.from(messageType(TYPE).schema) },
  metadata: new Map(),
  messages: 1,
  ...change,
});

describe("decoderOf", () => {
  it.each([
    ["the bag's definition", topic()],
    ["the common one where the bag holds none", topic({ schema: undefined })],
    ["the common one where the bag's is in another language", topic({ schema: { encoding: "ros2idl", data } })],
  ])("reads by %s", (_, described) => {
    expect(decoderOf(described, "run.mcap")(data)).toMatchObject({ image: message.image, header: message.header });
  });

  const { schema } = messageType(TYPE);
  const described = (text: string, type = TYPE) =>
    topic({ type, schema: { encoding: "ros2msg", data: Buffer.from(text) } });

  it("reads what the recorder's version of a message holds besides, in its order", () => {
    const wider = schema.replace("float32 image", "uint8 KIND=1\nfloat64 more\nfloat32 image");
    const read = decoderOf(described(wider), "run.mcap");
    const write = new MessageWriter(parse(wider, { ros2: true }));
    expect(read(write.writeMessage({ ...message, more: 7 }))).toMatchObject({ more: 7, image: message.image });
  });

  it("reads the points of earlier versions, which have none", () => {
    const earlier = messageType("torquelens/msg/Explanation").schema.replace(/^.* feature_point_.*\n/gm, "");
    expect(earlier).not.toContain("feature_point_x");
    expect(decoderOf(described(earlier, "torquelens/msg/Explanation"), "run.mcap")).toBeTypeOf("function");
  });

  it.each([
    ["uint8 only\n", TYPE, "has no field header, expected std_msgs/Header"],
    [schema.replace(/^float32 velocity.*\n/m, ""), TYPE, "has no field velocity, expected float32"],
    [schema.replace("float32 velocity", "string velocity"), TYPE, "has velocity as string, expected float32"],
    [schema.replace("float32 velocity", "float32[] velocity"), TYPE, "has velocity as float32[], expected float32"],
    [schema.replace("Time stamp", "Duration stamp"), TYPE, "has header.stamp as duration, expected time"],
    [schema.replace("string frame_id", "uint8 frame_id"), TYPE, "has header.frame_id as uint8, expected string"],
    [
      messageType("torquelens/msg/Explanation").schema.replace(/^string joint .*\n/m, ""),
      "torquelens/msg/Explanation",
      "has no field torques.joint, expected string",
    ],
    [
      messageType("sensor_msgs/msg/JointState").schema.replace("float64[] effort", "float64 effort"),
      "sensor_msgs/msg/JointState",
      "has effort as float64, expected float64[]",
    ],
  ])("names the field that the bag's definition has otherwise: %#", (text, type, reason) => {
    const line = `run.mcap: /ratios: its definition of ${type} ${reason}`;
    expect(() => decoderOf(described(text, type), "run.mcap")).toThrow(new InputError(line));
  });

  it.each([
    [topic({ encoding: "json" }), "run.mcap: /ratios: found messages as json, expected cdr"],
    [topic({ type: "my/msg/Own", schema: undefined }), "run.mcap: /ratios: no definition of my/msg/Own ("],
    [topic({ schema: { encoding: "ros2msg", data: Buffer.from("{") } }), "run.mcap: /ratios: no definition of"],
  ])("refuses %#", (described, reason) => {
    expect(() => decoderOf(described, "run.mcap")).toThrow(InputError);
    expect(() => decoderOf(described, "run.mcap")).toThrow(reason);
  });

  it("refuses a message that is cut off", () => {
    const read = decoderOf(topic(), "run.mcap");
    expect(() => read(data.subarray(0, 20))).toThrow(InputError);
    expect(() => read(data.subarray(0, 20))).toThrow(`run.mcap: /ratios: a message does not fit ${TYPE} (`);
  });
});
