import type { ServiceCall } from "../client-message.js";
import type { AdvertisedService } from "../protocol.js";

/** A client that calls services. */
export interface ServiceClient {
  /** Calls without an answer. */
  calling: number;
  respond(serviceId: number, callId: number, data: Uint8Array): void;
  fail(serviceId: number, callId: number, message: string): void;
}

/** Answer of a call: the response's CDR bytes, or why there is none. */
export type CallOutcome = { readonly data: Uint8Array } | { readonly failure: string };

/** Largest number of calls that a client, and all together, may have without an answer. */
const MOST_OF_CLIENT = 8;
const MOST = 64;
/** A call without an answer fails after so long, milliseconds. */
const TIME_OUT = 30_000;

interface Pending {
  readonly client: ServiceClient;
  readonly serviceId: number;
  readonly callId: number;
  readonly timer: NodeJS.Timeout;
}

/** Passes service calls to the sink's thread and its answers to the clients. */
export class ServiceDesk {
  readonly #services: ReadonlyMap<number, AdvertisedService>;
  readonly #forward: (call: number, serviceId: number, data: Uint8Array<ArrayBuffer>) => void;
  readonly #pending = new Map<number, Pending>();
  #next = 0;

  /** @param forward passes a call to the sink's thread, which answers it with `answered` */
  constructor(
    services: readonly AdvertisedService[],
    forward: (call: number, serviceId: number, data: Uint8Array<ArrayBuffer>) => void,
  ) {
    this.#services = new Map(services.map((service) => [service.id, service]));
    this.#forward = forward;
  }

  get isEmpty(): boolean {
    return this.#services.size === 0;
  }

  call(client: ServiceClient, { serviceId, callId, encoding, data }: ServiceCall): void {
    const problem = this.#problem(client, serviceId, encoding);
    if (problem !== undefined) {
      client.fail(serviceId, callId, problem);
      return;
    }
    this.#next += 1;
    const call = this.#next;
    const { name } = this.#services.get(serviceId)!;
    const late = () => this.answered(call, { failure: `${name}: no answer within ${TIME_OUT / 1000} s` });
    client.calling += 1;
    this.#pending.set(call, { client, serviceId, callId, timer: setTimeout(late, TIME_OUT) });
    this.#forward(call, serviceId, data);
  }

  /** An answer that comes after the time has run out is dropped. */
  answered(call: number, outcome: CallOutcome): void {
    const pending = this.#end(call);
    if (!pending) return;
    const { client, serviceId, callId } = pending;
    if ("data" in outcome) client.respond(serviceId, callId, outcome.data);
    else client.fail(serviceId, callId, outcome.failure);
  }

  leave(client: ServiceClient): void {
    for (const [call, pending] of this.#pending) if (pending.client === client) this.#end(call);
  }

  close(): void {
    for (const call of [...this.#pending.keys()]) this.#end(call);
  }

  #problem(client: ServiceClient, serviceId: number, encoding: string): string | undefined {
    if (!this.#services.has(serviceId)) return `no service ${serviceId}`;
    if (encoding !== "cdr") return `encoding ${JSON.stringify(encoding.slice(0, 60))}: expected cdr`;
    if (client.calling >= MOST_OF_CLIENT) return `${MOST_OF_CLIENT} calls wait for an answer already`;
    if (this.#pending.size >= MOST) return `${MOST} calls of all clients wait for an answer already`;
    return undefined;
  }

  #end(call: number): Pending | undefined {
    const pending = this.#pending.get(call);
    if (!pending) return undefined;
    this.#pending.delete(call);
    clearTimeout(pending.timer);
    pending.client.calling -= 1;
    return pending;
  }
}
