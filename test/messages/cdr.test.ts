import { parse } from "@foxglove/rosmsg";
import { MessageReader, MessageWriter } from "@foxglove/rosmsg2-serialization";
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { compileEncoder } from "#src/messages/cdr.js";
import type { MessageType } from "#src/messages/definitions.js";

function type(schema: string): MessageType {
  return { name: "test/msg/Test", schema, definitions: parse(schema, { ros2: true }) };
}

const NESTED = `
uint8 ANSWER=42
bool flag
int8 a
string name
float64 x
uint8[] bytes
float64[] doubles
int16 b
float32[] floats
uint16[3] fixed
uint64 big
int64[] bigs
string[] names
builtin_interfaces/Time stamp
Part[] parts
uint32 last
================================================================================
MSG: test/Part
uint8 kind
float64[] values
================================================================================
MSG: builtin_interfaces/Time
int32 sec
uint32 nanosec
`;

const ascii = fc.stringMatching(/^[ -~]{0,9}$/);
const doubles = fc.array(fc.double({ noNaN: true }), { maxLength: 12 });
const message = fc.record({
  flag: fc.boolean(),
  a: fc.integer({ min: -128, max: 127 }),
  name: ascii,
  x: fc.double({ noNaN: true }),
  bytes: fc.uint8Array({ maxLength: 9 }),
  doubles: doubles.map((values) => Float64Array.from(values)),
  b: fc.integer({ min: -32768, max: 32767 }),
  floats: fc.float32Array({ noNaN: true, maxLength: 12 }),
  fixed: fc.uint16Array({ minLength: 3, maxLength: 3 }),
  big: fc.bigInt({ min: 0n, max: 2n ** 64n - 1n }),
  bigs: fc.array(fc.bigInt({ min: -(2n ** 63n), max: 2n ** 63n - 1n }), { maxLength: 3 }),
  names: fc.array(ascii, { maxLength: 3 }),
  stamp: fc.record({
    sec: fc.integer({ min: 0, max: 2 ** 31 - 1 }),
    nanosec: fc.integer({ min: 0, max: 999_999_999 }),
  }),
  parts: fc.array(fc.record({ kind: fc.integer({ min: 0, max: 255 }), values: doubles }), { maxLength: 3 }),
  last: fc.integer({ min: 0, max: 2 ** 32 - 1 }),
});

describe("compileEncoder", () => {
  it("writes the bytes that another CDR writer writes, and another reader reads them", () => {
    const schema = type(NESTED);
    const encode = compileEncoder(schema);
    const writer = new MessageWriter([...schema.definitions]);
    const reader = new MessageReader<Record<string, unknown>>([...schema.definitions]);
    fc.assert(
      fc.property(message, (value) => {
        const bytes = encode(value);
        expect(Buffer.from(bytes).equals(Buffer.from(writer.writeMessage(value)))).toBe(true);
        const read = reader.readMessage(bytes);
        expect(read.name).toBe(value.name);
        expect(read.big).toBe(value.big);
        expect(read.doubles).toEqual(value.doubles);
        expect(read.last).toBe(value.last);
      }),
    );
  });

  it("writes strings as UTF-8 with their length in bytes", () => {
    const schema = type("string text\nuint32 after\n");
    const bytes = compileEncoder(schema)({ text: "Gelenk α – 関節", after: 7 });
    const length = Buffer.byteLength("Gelenk α – 関節") + 1;
    expect(new DataView(bytes.buffer).getUint32(4, true)).toBe(length);
    const read = new MessageReader<{ text: string; after: number }>([...schema.definitions]).readMessage(bytes);
    expect(read).toEqual({ text: "Gelenk α – 関節", after: 7 });
  });

  it("copies views into larger buffers and converts arrays of another element type", () => {
    const schema = type("float64[] wide\nfloat32[] narrow\n");
    const wide = Float32Array.of(1.5, -2.5);
    const narrow = Float32Array.of(9, 1, 2, 9).subarray(1, 3);
    const bytes = compileEncoder(schema)({ wide, narrow });
    expect(new MessageReader([...schema.definitions]).readMessage(bytes)).toEqual({
      wide: Float64Array.of(1.5, -2.5),
      narrow: Float32Array.of(1, 2),
    });
  });

  it("grows for a message that is larger than expected", () => {
    const schema = type("string[] names\n");
    const names = Array.from({ length: 500 }, (_, i) => `joint_${i}`);
    const bytes = compileEncoder(schema)({ names });
    expect(new MessageReader([...schema.definitions]).readMessage(bytes)).toEqual({ names });
  });

  it.each<[string, object, string]>([
    ["float64 x", {}, "test/msg/Test.x: expected float64, got undefined"],
    ["uint8 level", { level: 256 }, "test/msg/Test.level: expected uint8, got 256"],
    ["uint32 n", { n: 1.5 }, "test/msg/Test.n: expected uint32, got 1.5"],
    ["string s", { s: 4 }, "test/msg/Test.s: expected string, got 4"],
    ["uint8[] data", { data: "abc" }, "test/msg/Test.data: expected uint8[], got abc"],
    ["uint8[3] data", { data: [1, 2] }, "test/msg/Test.data: expected 3 elements, got 2"],
    ["float64[] x", { x: [1, "b"] }, "test/msg/Test.x[1]: expected float64, got b"],
    [
      "builtin_interfaces/Time stamp\n===\nMSG: builtin_interfaces/Time\nint32 sec\nuint32 nanosec",
      { stamp: 5n },
      "test/msg/Test.stamp: expected {sec, nanosec}, got 5",
    ],
  ])("names the field that does not fit: %s", (schema, value, error) => {
    expect(() => compileEncoder(type(schema))(value)).toThrow(`message field ${error}`);
  });
});
