import { once } from "node:events";
import { parse } from "@foxglove/rosmsg";
import { MessageReader, MessageWriter } from "@foxglove/rosmsg2-serialization";
import wsProtocol, { type Channel, type MessageData, type ServerInfo, type Service } from "@foxglove/ws-protocol";
import WebSocket from "ws";
import { decode } from "../messages/decode.js";

export const PROTOCOL = wsProtocol.FoxgloveClient.SUPPORTED_SUBPROTOCOL;

/** A client by another hand, with what it was told and sent. */
export async function connectTo(url: string, protocol = PROTOCOL) {
  const socket = new WebSocket(url, [protocol]);
  const client = new wsProtocol.FoxgloveClient({
    ws: socket as unknown as ConstructorParameters<typeof wsProtocol.FoxgloveClient>[0]["ws"],
  });
  const statuses: string[] = [];
  const messages: MessageData[] = [];
  const errors: Error[] = [];
  const times: bigint[] = [];
  client.on("status", ({ message }) => statuses.push(message));
  client.on("message", (message) => messages.push(message));
  client.on("error", (error) => errors.push(error));
  client.on("time", ({ timestamp }) => times.push(timestamp));
  const serverInfo = new Promise<ServerInfo>((resolve) => client.on("serverInfo", resolve));
  const services: Service[] = [];
  client.on("advertiseServices", (advertised) => services.push(...advertised));
  const channels = await new Promise<Channel[]>((resolve) => client.on("advertise", resolve));
  const subscribe = (topic: string) => client.subscribe(channels.find((channel) => channel.topic === topic)!.id);
  return { socket, client, channels, services, subscribe, serverInfo, statuses, messages, errors, times };
}

export type Client = Awaited<ReturnType<typeof connectTo>>;

/** Waits until the server has seen everything this client sent so far. */
export async function roundTrip({ socket }: Client): Promise<void> {
  socket.ping();
  await once(socket, "pong");
}

export function read<T>({ channels }: Client, topic: string, { data }: MessageData): T {
  return decode<T>(channels.find((channel) => channel.topic === topic)!.schema, data);
}

/** Calls a service as a viewer does: with the schema that the server advertises. */
export function call({ client, services }: Client, name: string, request: object, callId: number): void {
  const service = services.find((advertised) => advertised.name === name)!;
  const writer = new MessageWriter(parse(service.request!.schema, { ros2: true }));
  client.sendServiceCallRequest({ serviceId: service.id, callId, encoding: "cdr", data: writer.writeMessage(request) });
}

export function readResponse({ services }: Client, name: string, data: Uint8Array): unknown {
  const { schema } = services.find((advertised) => advertised.name === name)!.response!;
  return new MessageReader(parse(schema, { ros2: true })).readMessage(data);
}

/** Gives a function that calls a service; it throws with what the server says of a failure. */
export function caller(client: Client): <T>(name: string, request: object) => Promise<T> {
  const services = new Map(client.services.map(({ id, name }) => [id, name]));
  const open: { resolve(response: unknown): void; reject(error: Error): void }[] = [];
  client.client.on("serviceCallResponse", ({ serviceId, callId, data }) => {
    const bytes = new Uint8Array(data.buffer, data.byteOffset, data.byteLength);
    open[callId]!.resolve(readResponse(client, services.get(serviceId)!, bytes));
  });
  client.client.on("serviceCallFailure", ({ callId, message }) => open[callId]!.reject(new Error(message)));
  return <T>(name: string, request: object) =>
    new Promise<T>((resolve, reject) => {
      const callId = open.push({ resolve: resolve as (response: unknown) => void, reject }) - 1;
      call(client, name, request, callId);
    });
}
