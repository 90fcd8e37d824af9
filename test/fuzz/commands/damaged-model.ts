import { readFileSync, writeFileSync } from "node:fs";
import { ONNX } from "#src/graph/onnx-schema.js";
import { decodeMessage, encodeMessage, type Message } from "#src/graph/protobuf.js";
import type { Choices } from "../choices.js";

/** A value somewhere in a message, and how to put another in its place. */
interface Place {
  readonly value: unknown;
  readonly put: (value: unknown) => void;
  /** Takes it out of its list, or doubles it. */
  readonly list?: { readonly items: unknown[]; readonly at: number };
}

const INTEGERS = [0, -1, 1, 2, 3, 7, 8, 64, 1e6, 2 ** 31, -(2 ** 31), 2 ** 40];
const FLOATS = [0, -1, 1, Number.NaN, Number.POSITIVE_INFINITY, 1e30, -1e-40];
const TEXTS = ["", "zork", "torque", "image", "constructor", "Relu", "Gather", "Reshape", "Sqrt", "Concat", "float"];

/** Changes one field of an ONNX file: numbers, names, operators, lists, and integers in constants. */
export function damagedModel(path: string, c: Choices): string {
  const model = decodeMessage(ONNX, "ModelProto", readFileSync(path));
  const places: Place[] = [];
  collect(model.graph as Message, places);
  const kinds = ["text", "text", "number", "number", "data", "list"];
  const kind = c.pick(kinds);
  const wanted = places.filter(({ value, list }) => (kind === "list" ? list : kindOf(value) === kind));
  if (wanted.length > 0) changeOne(c.pick(wanted), kind, c);
  writeFileSync(path, encodeMessage(ONNX, "ModelProto", model));
  return "";
}

function changeOne({ value, put, list }: Place, kind: string, c: Choices): void {
  if (kind === "text") put(c.pick(TEXTS));
  if (kind === "number") put(Number.isInteger(value) ? c.pick(INTEGERS) : c.pick(FLOATS));
  if (kind === "data") put(changedData(value as Uint8Array, c));
  if (kind !== "list" || !list) return;
  if (c.flag()) list.items.splice(list.at, 1);
  else list.items.splice(list.at, 0, list.items[c.below(list.items.length)]);
}

/** An integer of a constant changed, a float, or a word gone. */
function changedData(data: Uint8Array, c: Choices): Uint8Array {
  const copy = Buffer.from(data);
  const how = c.below(3);
  if (how === 0 && copy.length >= 8) copy.writeBigInt64LE(BigInt(c.pick(INTEGERS)), 8 * c.below(copy.length >> 3));
  else if (how === 1 && copy.length >= 4) copy.writeFloatLE(c.pick(FLOATS), 4 * c.below(copy.length >> 2));
  else return copy.subarray(0, Math.max(0, copy.length - 4));
  return copy;
}

const kindOf = (value: unknown): string =>
  value instanceof Uint8Array ? "data" : typeof value === "string" ? "text" : typeof value;

function collect(message: Message, places: Place[]): void {
  for (const [name, value] of Object.entries(message)) {
    if (Array.isArray(value)) {
      for (const [at, item] of value.entries()) {
        const put = (other: unknown): void => {
          value[at] = other;
        };
        places.push({ value: item, put, list: { items: value, at } });
        if (isMessage(item)) collect(item, places);
      }
    } else if (isMessage(value)) collect(value, places);
    else {
      const put = (other: unknown): void => {
        message[name] = other;
      };
      places.push({ value, put });
    }
  }
}

const isMessage = (value: unknown): value is Message =>
  typeof value === "object" && value !== null && !(value instanceof Uint8Array) && !Array.isArray(value);
