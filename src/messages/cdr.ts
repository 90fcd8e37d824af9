import { CdrBuffer } from "./cdr-buffer.js";
import { type Definition, type Field, type MessageType, messageType } from "./definitions.js";

/** Writes one value; `path` names the field in errors. */
type Writer = (value: unknown, out: CdrBuffer, path: string) => void;

interface Primitive {
  readonly write: Writer;
  /** Typed array with the memory layout of a CDR sequence of this type. */
  readonly array?: new (
    length: number,
  ) => ArrayBufferView & { readonly BYTES_PER_ELEMENT: number; readonly length: number };
}

function misfit(path: string, expected: string, value: unknown): never {
  const found = value === null || typeof value !== "object" ? String(value) : value.constructor.name;
  throw new Error(`message field ${path}: expected ${expected}, got ${found}`);
}

function number(expected: string, write: (out: CdrBuffer, value: number) => void): Writer {
  return (value, out, path) => (typeof value === "number" ? write(out, value) : misfit(path, expected, value));
}

function integer(expected: string, low: number, high: number, write: (out: CdrBuffer, value: number) => void): Writer {
  return (value, out, path) => {
    if (typeof value !== "number" || !Number.isInteger(value) || value < low || value > high) {
      misfit(path, expected, value);
    }
    write(out, value);
  };
}

function bigInteger(expected: string, write: (out: CdrBuffer, value: bigint) => void): Writer {
  return (value, out, path) => {
    if (typeof value === "bigint") write(out, value);
    else if (Number.isSafeInteger(value)) write(out, BigInt(value as number));
    else misfit(path, expected, value);
  };
}

/** `builtin_interfaces/Time` and `Duration`: seconds int32, nanoseconds uint32. */
const writeTime: Writer = (value, out, path) => {
  const { sec, nanosec } = (value ?? {}) as { sec?: unknown; nanosec?: unknown };
  if (typeof sec !== "number" || typeof nanosec !== "number") misfit(path, "{sec, nanosec}", value);
  out.int32(sec);
  out.uint32(nanosec);
};

const PRIMITIVES: Readonly<Record<string, Primitive>> = {
  bool: {
    write: (value, out, path) =>
      typeof value === "boolean" ? out.uint8(value ? 1 : 0) : misfit(path, "boolean", value),
  },
  int8: { write: integer("int8", -(2 ** 7), 2 ** 7 - 1, (out, v) => out.int8(v)), array: Int8Array },
  uint8: { write: integer("uint8", 0, 2 ** 8 - 1, (out, v) => out.uint8(v)), array: Uint8Array },
  int16: { write: integer("int16", -(2 ** 15), 2 ** 15 - 1, (out, v) => out.int16(v)), array: Int16Array },
  uint16: { write: integer("uint16", 0, 2 ** 16 - 1, (out, v) => out.uint16(v)), array: Uint16Array },
  int32: { write: integer("int32", -(2 ** 31), 2 ** 31 - 1, (out, v) => out.int32(v)), array: Int32Array },
  uint32: { write: integer("uint32", 0, 2 ** 32 - 1, (out, v) => out.uint32(v)), array: Uint32Array },
  int64: { write: bigInteger("int64", (out, v) => out.int64(v)), array: BigInt64Array },
  uint64: { write: bigInteger("uint64", (out, v) => out.uint64(v)), array: BigUint64Array },
  float32: { write: number("float32", (out, v) => out.float32(v)), array: Float32Array },
  float64: { write: number("float64", (out, v) => out.float64(v)), array: Float64Array },
  string: {
    write: (value, out, path) => (typeof value === "string" ? out.string(value) : misfit(path, "string", value)),
  },
  time: { write: writeTime },
  duration: { write: writeTime },
};

const HEADROOM = 1024;

/**
 * Compiles a message type to a function from message object to CDR bytes (little-endian, encapsulation header included).
 * Typed arrays of the field's own element type are copied at once, so that an image costs one memory copy. Strings are
 * written as UTF-8. The function throws an Error that names a field which is missing or of the wrong type.
 */
export function compileEncoder(type: MessageType): (message: object) => Uint8Array {
  const [root, ...rest] = type.definitions;
  if (!root) throw new Error(`message type ${type.name}: empty schema`);
  const known = new Map(rest.map((definition) => [definition.name, definition]));
  const write = struct(root, known);
  return (message) => {
    let bytes = HEADROOM;
    for (const value of Object.values(message)) if (ArrayBuffer.isView(value)) bytes += value.byteLength;
    const out = new CdrBuffer(bytes);
    write(message, out, type.name);
    return out.data;
  };
}

const encoders = new Map<string, (message: object) => Uint8Array>();

/** The encoder of a message type by name, `package/msg/Name`, compiled once. Throws and encodes as `compileEncoder`. */
export function encoderOf(name: string): (message: object) => Uint8Array {
  let encoder = encoders.get(name);
  if (!encoder) {
    encoder = compileEncoder(messageType(name));
    encoders.set(name, encoder);
  }
  return encoder;
}

function struct(definition: Definition, known: ReadonlyMap<string | undefined, Definition>): Writer {
  const fields = definition.definitions
    .filter((field) => !field.isConstant)
    .map((field) => ({ name: field.name, write: member(field, known) }));
  return (value, out, path) => {
    if (value === null || typeof value !== "object") misfit(path, "an object", value);
    const object = value as Readonly<Record<string, unknown>>;
    for (const { name, write } of fields) write(object[name], out, `${path}.${name}`);
  };
}

function member(field: Field, known: ReadonlyMap<string | undefined, Definition>): Writer {
  const primitive = PRIMITIVES[field.type];
  const nested = known.get(field.type);
  if (!primitive && !nested) throw new Error(`message field ${field.name}: type ${field.type} is not supported`);
  const element = nested ? struct(nested, known) : primitive!.write;
  return field.isArray ? sequence(field, element, primitive?.array) : element;
}

function sequence(field: Field, element: Writer, array: Primitive["array"]): Writer {
  const fixed = field.arrayLength;
  return (value, out, path) => {
    const whole = array !== undefined && value instanceof array;
    if (!whole && !Array.isArray(value) && !ArrayBuffer.isView(value)) misfit(path, `${field.type}[]`, value);
    const { length } = value as ArrayLike<unknown>;
    if (fixed === undefined) out.uint32(length);
    else if (length !== fixed) misfit(path, `${fixed} elements`, length);
    if (whole) out.elements(value);
    else for (const [i, item] of [...(value as Iterable<unknown>)].entries()) element(item, out, `${path}[${i}]`);
  };
}
