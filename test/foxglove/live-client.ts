import { once } from "node:events";
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
