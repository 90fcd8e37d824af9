import { InputError } from "../errors.js";
import { ONNX, type ValueInfoProto } from "./onnx-schema.js";
import { decodeMessage, encodeMessage } from "./protobuf.js";
import type { Shape } from "./shape.js";
import { rewritten } from "./wire.js";

/** Shapes that a user gives to inputs whose axes a file leaves open. */
export type GivenShapes = ReadonlyMap<string, Shape>;

/** Numbers of the standard's fields. */
const GRAPH = 7;
const [INPUT, OUTPUT, VALUE_INFO] = [11, 12, 13];

/**
 * An ONNX file with these shapes for its inputs, byte for byte the same otherwise but for what it says of the shapes of
 * other values, which follow from them. Axis 0, the batch, may also replace a number.
 * @param source the file's name in messages
 * @throws InputError for an input that the file does not have, and for a shape that does not fit the file's
 */
export function withShapes(bytes: Uint8Array, given: GivenShapes, source: string): Uint8Array {
  const missing = new Set(given.keys());
  const names: string[] = [];
  const changed = (content: Uint8Array): Uint8Array => {
    const info = decodeMessage(ONNX, "ValueInfoProto", content) as unknown as ValueInfoProto;
    names.push(info.name ?? "");
    const shape = given.get(info.name ?? "");
    if (!shape) return content;
    missing.delete(info.name!);
    return encodeMessage(ONNX, "ValueInfoProto", withShape(info, shape, source));
  };
  const graph = (content: Uint8Array) =>
    rewritten(content, { [INPUT]: changed, [OUTPUT]: withoutShape, [VALUE_INFO]: () => undefined });
  let result: Uint8Array;
  try {
    result = rewritten(bytes, { [GRAPH]: graph });
  } catch (error) {
    if (error instanceof InputError) throw error;
    throw new InputError(`${source}: truncated, or not an ONNX file`);
  }
  const [unknown] = missing;
  if (unknown !== undefined)
    throw new InputError(`--shape: "${unknown}" is no input of ${source}, expected one of ${names.join(", ")}`);
  return result;
}

function withShape(info: ValueInfoProto, shape: Shape, source: string) {
  const { elemType, shape: before } = info.type?.tensorType ?? {};
  const text = shape.join("x");
  if (before && before.dim.length !== shape.length)
    throw new InputError(
      `--shape ${info.name}=${text}: ${shape.length} axes, expected the ${before.dim.length} that it has in ${source}`,
    );
  before?.dim.forEach(({ dimValue = 0 }, axis) => {
    if (axis > 0 && dimValue > 0 && dimValue !== shape[axis])
      throw new InputError(
        `--shape ${info.name}=${text}: axis ${axis} is ${dimValue} in ${source}; only open axes and the batch (axis 0) can be set`,
      );
  });
  const dim = shape.map((dimValue) => ({ dimValue }));
  return { name: info.name, type: { tensorType: { elemType, shape: { dim } } } };
}

function withoutShape(content: Uint8Array): Uint8Array {
  const info = decodeMessage(ONNX, "ValueInfoProto", content) as unknown as ValueInfoProto;
  const elemType = info.type?.tensorType?.elemType;
  return elemType === undefined
    ? content
    : encodeMessage(ONNX, "ValueInfoProto", { name: info.name, type: { tensorType: { elemType } } });
}
