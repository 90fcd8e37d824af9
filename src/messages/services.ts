import { readFileSync } from "node:fs";
import { parse } from "@foxglove/rosmsg";
import { MessageReader } from "@foxglove/rosmsg2-serialization";
import { own } from "../own.js";
import { packageUrl } from "../package-files.js";
import { compileEncoder } from "./cdr.js";
import type { MessageType } from "./definitions.js";

/** A service type; request and response are encoded as messages. */
export interface ServiceType {
  /** `package/srv/Name` */
  readonly name: string;
  readonly request: MessageType;
  readonly response: MessageType;
  /** @throws an error for bytes that are no request */
  readonly readRequest: (cdr: Uint8Array) => Readonly<Record<string, unknown>>;
  /** @throws an error that names a field which is missing or of the wrong type */
  readonly writeResponse: (response: object) => Uint8Array;
}

const COMMON: Readonly<Record<string, string>> = {
  "std_srvs/srv/SetBool": "bool data\n---\nbool success\nstring message\n",
  "std_srvs/srv/Trigger": "---\nbool success\nstring message\n",
};

const known = new Map<string, ServiceType>();

/**
 * A service type: of this package from `srv/*.srv`, or one of `std_srvs`. Its fields are primitive.
 * @throws Error naming a type that has no definition
 */
export function serviceType(name: string): ServiceType {
  let type = known.get(name);
  if (!type) {
    type = compiled(name, textOf(name));
    known.set(name, type);
  }
  return type;
}

function textOf(name: string): string {
  const common = own(COMMON, name);
  if (common !== undefined) return common;
  const file = /^torquelens\/srv\/(\w+)$/.exec(name)?.[1];
  if (file === undefined)
    throw new Error(`service type ${name}: neither in srv/ nor one of ${Object.keys(COMMON).join(", ")}`);
  return readFileSync(packageUrl(`srv/${file}.srv`), "utf8");
}

function compiled(name: string, text: string): ServiceType {
  const [asked = "", answered = ""] = text.split(/^---$\n?/m);
  const request = half(`${name}_Request`, asked);
  const response = half(`${name}_Response`, answered);
  const reader = new MessageReader([...request.definitions]);
  return {
    name,
    request,
    response,
    // Some clients leave out the byte that stands for no fields.
    readRequest: (cdr) => (hasFields(request) ? reader.readMessage(cdr) : {}),
    writeResponse: compileEncoder(response),
  };
}

const hasFields = ({ definitions }: MessageType): boolean =>
  definitions.some((definition) => definition.definitions.length > 0);

function half(name: string, schema: string): MessageType {
  return { name, schema, definitions: parse(schema, { ros2: true }) };
}
