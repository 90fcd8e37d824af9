import { afterEach, beforeEach, expect, it, vi } from "vitest";
import type { AdvertisedService } from "#src/foxglove/protocol.js";
import { type ServiceClient, ServiceDesk } from "#src/foxglove/server/service-desk.js";

beforeEach(() => void vi.useFakeTimers());
afterEach(() => void vi.useRealTimers());

class NotingClient implements ServiceClient {
  calling = 0;
  readonly heard: string[] = [];
  respond(serviceId: number, callId: number, data: Uint8Array): void {
    this.heard.push(`${serviceId} ${callId} [${data}]`);
  }
  fail(serviceId: number, callId: number, message: string): void {
    this.heard.push(`${serviceId} ${callId} ${message}`);
  }
}

const services = [{ id: 1, name: "/slow" }] as AdvertisedService[];
const request = (callId: number) =>
  ({ op: "serviceCall", serviceId: 1, callId, encoding: "cdr", data: new Uint8Array(0) }) as const;

it("fails a call without an answer after 30 s, and drops the answer that comes then", () => {
  const forwarded: number[] = [];
  const desk = new ServiceDesk(services, (call) => forwarded.push(call));
  const client = new NotingClient();
  desk.call(client, request(5));
  vi.advanceTimersByTime(29_999);
  expect([client.heard, client.calling]).toEqual([[], 1]);
  vi.advanceTimersByTime(1);
  expect([client.heard, client.calling]).toEqual([["1 5 /slow: no answer within 30 s"], 0]);
  desk.answered(forwarded[0]!, { data: Uint8Array.of(1) });
  expect(client.heard).toHaveLength(1);
  desk.call(client, request(6));
  desk.answered(forwarded[1]!, { data: Uint8Array.of(1, 2) });
  expect(client.heard[1]).toBe("1 6 [1,2]");
  expect(vi.getTimerCount()).toBe(0);
});

it("keeps 64 calls of all clients, and forgets those of a client that leaves", () => {
  const desk = new ServiceDesk(services, () => {});
  const clients = Array.from({ length: 9 }, () => new NotingClient());
  for (const client of clients.slice(0, 8)) for (let i = 0; i < 8; i++) desk.call(client, request(i));
  const last = clients[8]!;
  desk.call(last, request(0));
  expect(last.heard).toEqual(["1 0 64 calls of all clients wait for an answer already"]);
  desk.leave(clients[0]!);
  desk.call(last, request(1));
  expect(last.calling).toBe(1);
  desk.close();
  expect(vi.getTimerCount()).toBe(0);
});
