import { isIP } from "node:net";
import { hostname } from "node:os";
import { isLoopback, nameOf } from "./origins.js";

/** Headers of a request. */
export interface Handshake {
  readonly host?: string | undefined;
  readonly origin?: string | undefined;
}

/**
 * Decides who may connect by host and origin. Any page of the web can try, also one whose name its owner's DNS points at
 * this machine; browsers then send the page's origin. Programs send none.
 */
export class Admission {
  readonly #isLocal: boolean;
  readonly #names: ReadonlySet<string>;
  readonly #origins: ReadonlySet<string>;

  /**
   * @param host address that the server listens on
   * @param allowedOrigins origins beside those of this machine; `*` is every origin
   * @param hasToken true where every request has shown a token: then no foreign name leads here, because a page that came
   *   by one has no token
   */
  constructor(
    host: string,
    allowedOrigins: readonly string[],
    private readonly hasToken = false,
  ) {
    const own = hostname().toLowerCase();
    const allowed = allowedOrigins.map(nameOf).filter((name) => name !== undefined);
    this.#isLocal = isLoopback(host.toLowerCase());
    this.#names = new Set([host.toLowerCase(), own, `${own}.local`, ...allowed]);
    this.#origins = new Set(allowedOrigins);
  }

  /** Returns the reason to refuse a request, or undefined. */
  refusal({ host, origin }: Handshake): string | undefined {
    if (this.#origins.has("*")) return undefined;
    if (origin !== undefined && !this.#allows(origin) && !isOwn(origin, host))
      return `a page of ${origin} may not connect: --allow-origin ${origin} lets it in`;
    const name = nameOf(`ws://${host}`);
    if ((origin !== undefined || this.#isLocal) && !this.hasToken && !this.#isOurs(name))
      return `${host ?? "no host"} is not a name of this server`;
    return undefined;
  }

  #allows(origin: string): boolean {
    const name = nameOf(origin);
    return this.#origins.has(origin) || (/^https?:/i.test(origin) && name !== undefined && isLoopback(name));
  }

  /** An address in numbers needs no DNS, so nobody can point another name at it. */
  #isOurs(name: string | undefined): boolean {
    return name !== undefined && (isIP(name) > 0 || isLoopback(name) || this.#names.has(name));
  }
}

/** True for the server's own page: it came from the host and port that it asks. */
const isOwn = (origin: string, host: string | undefined): boolean => origin === `http://${host}`;
