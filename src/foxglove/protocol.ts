import { z } from "zod";

/**
 * The part of the Foxglove WebSocket protocol that a server of read-only topics needs
 * (https://github.com/foxglove/ws-protocol, docs/spec.md). Control messages are JSON text, messages are binary.
 */
export const SUBPROTOCOLS: readonly string[] = ["foxglove.websocket.v1", "foxglove.sdk.v1"];

export interface ServerInfo {
  readonly op: "serverInfo";
  readonly name: string;
  /** `time`: the server sends the time of its data. */
  readonly capabilities: readonly "time"[];
  readonly supportedEncodings: readonly string[];
  readonly metadata: Readonly<Record<string, string>>;
  readonly sessionId: string;
}

export interface AdvertisedChannel {
  readonly id: number;
  readonly topic: string;
  readonly encoding: "cdr";
  readonly schemaName: string;
  readonly schema: string;
  readonly schemaEncoding: "ros2msg";
}

export interface Advertise {
  readonly op: "advertise";
  readonly channels: readonly AdvertisedChannel[];
}

export interface Status {
  readonly op: "status";
  /** 0 information, 1 warning, 2 error. */
  readonly level: 0 | 1 | 2;
  readonly message: string;
}

export type ServerMessage = ServerInfo | Advertise | Status;

const id = z.int().min(0).max(0xffffffff);

const clientMessage = z.discriminatedUnion("op", [
  z.object({ op: z.literal("subscribe"), subscriptions: z.array(z.object({ id, channelId: id })) }),
  z.object({ op: z.literal("unsubscribe"), subscriptionIds: z.array(id) }),
]);

export type ClientMessage = z.infer<typeof clientMessage>;

/** Parses a client's text message. Returns one line about the error where it is not valid. */
export function parseClientMessage(text: string): ClientMessage | string {
  let json: unknown;
  try {
    json = JSON.parse(text);
  } catch {
    return "message is not JSON";
  }
  const result = clientMessage.safeParse(json);
  if (result.success) return result.data;
  const issue = result.error.issues[0]!;
  return `message field ${issue.path.join(".") || "(root)"}: ${issue.message}`;
}

/** Binary opcodes, server to client. */
const MESSAGE_DATA = 1;
const TIME = 2;

/** Frame of one message: opcode, subscription, stamp in nanoseconds, then the message's bytes. */
export function messageFrame(subscription: number, stamp: bigint, data: Uint8Array): Uint8Array {
  const frame = new Uint8Array(13 + data.length);
  const view = new DataView(frame.buffer);
  view.setUint8(0, MESSAGE_DATA);
  view.setUint32(1, subscription, true);
  view.setBigUint64(5, stamp, true);
  frame.set(data, 13);
  return frame;
}

/** Frame that sets the clients' clock: opcode, stamp in nanoseconds. */
export function timeFrame(stamp: bigint): Uint8Array {
  const frame = new Uint8Array(9);
  const view = new DataView(frame.buffer);
  view.setUint8(0, TIME);
  view.setBigUint64(1, stamp, true);
  return frame;
}
