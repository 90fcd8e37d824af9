import { InputError } from "../../errors.js";
import type { Qos } from "../../messages/qos.js";
import type { RclEndpoint, RclQos, RclType } from "./rclnodejs-types.js";
import type { Endpoint } from "./ros.js";

/** rmw's numbers. */
const SYSTEM_DEFAULT = 0;
const KEEP_LAST = 1;
const RELIABILITY = { reliable: 1, best_effort: 2 } as const;
const DURABILITY = { transient_local: 1, volatile: 2 } as const;

/** A type by its name alone: enough for serialised messages, so that no message class is generated. */
export function typeOnly(type: string): RclType {
  const [pkgName = "", subFolder = "", interfaceName = ""] = type.split("/");
  const unused = (): void => {};
  return Object.assign(unused, { type: () => ({ pkgName, subFolder, interfaceName }) });
}

export const toRcl = ({ reliability, durability, depth }: Qos): RclQos => ({
  history: KEEP_LAST,
  depth,
  reliability: RELIABILITY[reliability],
  durability: DURABILITY[durability],
  liveliness: SYSTEM_DEFAULT,
  avoidRosNameSpaceConventions: false,
});

export const toEndpoint = ({ node_namespace, node_name, topic_type, qos_profile }: RclEndpoint): Endpoint => ({
  node: `${node_namespace.replace(/\/$/, "")}/${node_name}`,
  type: topic_type,
  reliability: qos_profile.reliability === RELIABILITY.best_effort ? "best_effort" : "reliable",
  durability: qos_profile.durability === DURABILITY.transient_local ? "transient_local" : "volatile",
});

/** A copy where the bytes do not start their buffer: the native side ignores the offset of a view. */
export function atOffsetZero(bytes: Uint8Array): Buffer {
  if (bytes.byteOffset === 0) return Buffer.from(bytes.buffer as ArrayBuffer, 0, bytes.byteLength);
  const copy = Buffer.alloc(bytes.byteLength);
  copy.set(bytes);
  return copy;
}

/** What `make` returns; what the client library throws becomes an InputError that names `what`. */
export function named<T>(what: string, make: () => T): T {
  try {
    return make();
  } catch (error) {
    const { message } = error as Error;
    const missing = /(\w+)__rosidl_typesupport_c\.so/.exec(message);
    throw new InputError(
      missing
        ? `${what}: the package ${missing[1]!.replace(/^lib/, "")} is not in the environment (source its setup.bash): ${message}`
        : `${what}: ${message}`,
    );
  }
}
