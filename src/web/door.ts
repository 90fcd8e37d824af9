import type { IncomingMessage } from "node:http";
import { Admission } from "./admission.js";
import { Token } from "./token.js";

/** Who may come in. */
export interface DoorOptions {
  /** Address that the server listens on. */
  readonly host: string;
  /** Origins of pages that may connect beside this machine's; `*` is every origin. */
  readonly allowedOrigins: readonly string[];
  /** Left out: everybody who reaches the address may come in. */
  readonly token?: string | undefined;
}

export interface Refusal {
  readonly status: 401 | 403;
  /** One line for whoever asked. */
  readonly reason: string;
}

/** Decides which requests are answered. */
export class Door {
  readonly #admission: Admission;
  readonly #token: Token | undefined;

  constructor({ host, allowedOrigins, token }: DoorOptions) {
    this.#admission = new Admission(host, allowedOrigins, token !== undefined);
    this.#token = token === undefined ? undefined : new Token(token);
  }

  /** Returns why a request is refused, or undefined. */
  refusal(request: IncomingMessage): Refusal | undefined {
    // First of all: without the token nothing is answered, not even why an origin is refused.
    if (this.#token?.opens(request) === false)
      return { status: 401, reason: "token expected: use the address that the server printed when it started" };
    const { host, origin } = request.headers;
    const reason = this.#admission.refusal({ host, origin });
    return reason === undefined ? undefined : { status: 403, reason };
  }

  /** The cookie to set for a request that was let in by the token in its address. */
  cookieFor(request: IncomingMessage): string | undefined {
    return this.#token?.cookieFor(request);
  }
}
