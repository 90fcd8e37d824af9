import type { Qos } from "../../messages/qos.js";
import type { Endpoint } from "./ros.js";

/**
 * Why a subscription receives nothing from a publisher, one line; undefined where it does receive its messages. DDS
 * reports nothing: two endpoints that do not match never connect.
 */
export function mismatch(
  subscription: { readonly type: string; readonly qos: Qos },
  offered: Endpoint,
): string | undefined {
  const { type, qos } = subscription;
  if (offered.type !== type) return `${offered.node} publishes ${offered.type}, expected ${type}`;
  if (qos.reliability === "reliable" && offered.reliability === "best_effort")
    return `${offered.node} publishes best effort, the subscription asks for reliable`;
  if (qos.durability === "transient_local" && offered.durability === "volatile")
    return `${offered.node} publishes volatile, the subscription asks for transient local`;
  return undefined;
}
