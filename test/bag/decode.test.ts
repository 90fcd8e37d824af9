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

  it("reads what the recorder's version of a message holds, not this one's", () => {
    const schema = { encoding: "ros2msg", data: Buffer.from("uint8 only\n") };
    expect(decoderOf(topic({ schema }), "run.mcap")(Uint8Array.of(0, 1, 0, 0, 7))).toEqual({ only: 7 });
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
