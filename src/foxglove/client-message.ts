import { z } from "zod";

/** Binary opcodes, client to server. */
const MESSAGE_DATA = 1;
const SERVICE_CALL = 2;

const id = z.int().min(0).max(0xffffffff);
const names = z.array(z.string().max(256)).max(256);
const requestId = z.string().max(256).optional();

/** Messages of the protocol by operation, those that no server of ours offers included. */
const clientMessage = z.discriminatedUnion("op", [
  z.object({ op: z.literal("subscribe"), subscriptions: z.array(z.object({ id, channelId: id })) }),
  z.object({ op: z.literal("unsubscribe"), subscriptionIds: z.array(id) }),
  z.object({ op: z.literal("advertise") }),
  z.object({ op: z.literal("unadvertise") }),
  z.object({ op: z.literal("getParameters"), parameterNames: names, id: requestId }),
  z.object({
    op: z.literal("setParameters"),
    parameters: z.array(z.object({ name: z.string().max(256), value: z.unknown().optional() })).max(64),
    id: requestId,
  }),
  z.object({ op: z.literal("subscribeParameterUpdates"), parameterNames: names }),
  z.object({ op: z.literal("unsubscribeParameterUpdates"), parameterNames: names }),
  z.object({ op: z.literal("subscribeConnectionGraph") }),
  z.object({ op: z.literal("unsubscribeConnectionGraph") }),
  z.object({ op: z.literal("fetchAsset"), uri: z.string().max(4096), requestId: id }),
]);

const OPERATIONS: readonly string[] = clientMessage.options.map(({ shape }) => shape.op.value);

/** A service call, from a binary message. `data` is a copy. */
export interface ServiceCall {
  readonly op: "serviceCall";
  readonly serviceId: number;
  readonly callId: number;
  readonly encoding: string;
  readonly data: Uint8Array<ArrayBuffer>;
}

export type ClientMessage = z.infer<typeof clientMessage> | ServiceCall | { readonly op: "messageData" };

/** Parses a client's text message. Returns one line about the error where it is not valid. */
export function parseClientText(text: string): ClientMessage | string {
  let json: unknown;
  try {
    json = JSON.parse(text);
  } catch {
    return "message is not JSON";
  }
  const result = clientMessage.safeParse(json);
  if (result.success) return result.data;
  const { op } = (json ?? {}) as { op?: unknown };
  if (typeof op === "string" && !OPERATIONS.includes(op))
    return `operation ${JSON.stringify(op.slice(0, 60))}: expected one of ${OPERATIONS.join(", ")}`;
  const issue = result.error.issues[0]!;
  return `message field ${issue.path.join(".") || "(root)"}: ${issue.message}`;
}

/** Parses a client's binary message. Returns one line about the error where it is not valid. */
export function parseClientBinary(data: Uint8Array): ClientMessage | string {
  const [opcode] = data;
  if (opcode === MESSAGE_DATA) return { op: "messageData" };
  if (opcode !== SERVICE_CALL)
    return `binary message with opcode ${opcode ?? "none"}: expected ${SERVICE_CALL}, a service call`;
  const view = new DataView(data.buffer, data.byteOffset, data.byteLength);
  const length = data.byteLength < 13 ? Number.NaN : view.getUint32(9, true);
  if (!(13 + length <= data.byteLength)) return "service call: the message is cut off";
  return {
    op: "serviceCall",
    serviceId: view.getUint32(1, true),
    callId: view.getUint32(5, true),
    encoding: new TextDecoder().decode(data.subarray(13, 13 + length)),
    data: data.slice(13 + length) as Uint8Array<ArrayBuffer>,
  };
}
