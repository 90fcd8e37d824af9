import type { Value } from "../parameters/spec.js";

/**
 * The server's part of the Foxglove WebSocket protocol (https://github.com/foxglove/ws-protocol, docs/spec.md at
 * 305d217, the last commit that has it). Control messages are JSON text, messages are binary.
 */
export const SUBPROTOCOLS: readonly string[] = ["foxglove.websocket.v1", "foxglove.sdk.v1"];

/** `time`: the server sends the time of its data. */
export type Capability = "time" | "parameters" | "parametersSubscribe" | "services" | "connectionGraph" | "assets";

export interface ServerInfo {
  readonly op: "serverInfo";
  readonly name: string;
  readonly capabilities: readonly Capability[];
  /** Encodings of service calls; left out where the server has no services. */
  readonly supportedEncodings?: readonly string[];
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
  /** Of a state that `removeStatus` ends. */
  readonly id?: string;
}

export interface RemoveStatus {
  readonly op: "removeStatus";
  readonly statusIds: readonly string[];
}

/** A parameter as clients see it. */
export interface ServedParameter {
  readonly name: string;
  readonly value: Value;
  /** Of numbers that need not be whole. */
  readonly type?: "float64" | "float64_array";
}

export interface ParameterValues {
  readonly op: "parameterValues";
  readonly parameters: readonly ServedParameter[];
  /** Of the request that it answers. */
  readonly id?: string;
}

interface ServiceSchema {
  readonly encoding: "cdr";
  readonly schemaName: string;
  readonly schemaEncoding: "ros2msg";
  readonly schema: string;
}

export interface AdvertisedService {
  readonly id: number;
  readonly name: string;
  readonly type: string;
  readonly request: ServiceSchema;
  readonly response: ServiceSchema;
  /** The schemas once more, for clients that know only these fields. */
  readonly requestSchema: string;
  readonly responseSchema: string;
}

export interface AdvertiseServices {
  readonly op: "advertiseServices";
  readonly services: readonly AdvertisedService[];
}

export interface ServiceCallFailure {
  readonly op: "serviceCallFailure";
  readonly serviceId: number;
  readonly callId: number;
  readonly message: string;
}

export interface ConnectionGraphUpdate {
  readonly op: "connectionGraphUpdate";
  readonly publishedTopics: readonly { readonly name: string; readonly publisherIds: readonly string[] }[];
  readonly subscribedTopics: readonly { readonly name: string; readonly subscriberIds: readonly string[] }[];
  readonly advertisedServices: readonly { readonly name: string; readonly providerIds: readonly string[] }[];
  readonly removedTopics: readonly string[];
  readonly removedServices: readonly string[];
}

export type ServerMessage =
  | ServerInfo
  | Advertise
  | Status
  | RemoveStatus
  | ParameterValues
  | AdvertiseServices
  | ServiceCallFailure
  | ConnectionGraphUpdate;

/** Binary opcodes, server to client. */
const MESSAGE_DATA = 1;
const TIME = 2;
const SERVICE_RESPONSE = 3;
const ASSET = 4;

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

/** Frame of a service's response: opcode, service, call, encoding, CDR bytes. */
export function serviceFrame(serviceId: number, callId: number, data: Uint8Array): Uint8Array {
  const encoding = new TextEncoder().encode("cdr");
  const frame = new Uint8Array(13 + encoding.length + data.length);
  const view = new DataView(frame.buffer);
  view.setUint8(0, SERVICE_RESPONSE);
  view.setUint32(1, serviceId, true);
  view.setUint32(5, callId, true);
  view.setUint32(9, encoding.length, true);
  frame.set(encoding, 13);
  frame.set(data, 13 + encoding.length);
  return frame;
}

/** Frame of an asset: opcode, request, success, no error, the file's bytes. */
export const assetFrame = (requestId: number, data: Uint8Array): Uint8Array =>
  assetResponse(requestId, 0, new Uint8Array(0), data);

/** Frame of a request for an asset that has none: opcode, request, failure, reason. */
export const assetFailureFrame = (requestId: number, reason: string): Uint8Array =>
  assetResponse(requestId, 1, new TextEncoder().encode(reason), new Uint8Array(0));

function assetResponse(requestId: number, status: 0 | 1, error: Uint8Array, data: Uint8Array): Uint8Array {
  const frame = new Uint8Array(10 + error.length + data.length);
  const view = new DataView(frame.buffer);
  view.setUint8(0, ASSET);
  view.setUint32(1, requestId, true);
  view.setUint8(5, status);
  view.setUint32(6, error.length, true);
  frame.set(error, 10);
  frame.set(data, 10 + error.length);
  return frame;
}
