import { createHash, randomBytes, timingSafeEqual } from "node:crypto";
import type { IncomingMessage } from "node:http";
import { InputError } from "../errors.js";
import { isLoopback } from "./origins.js";
import { searchOf } from "./target.js";

/** Bytes of a random token. */
const LENGTH = 16;
/** Characters that stand for themselves in an address, a header and a cookie. */
const FORM = /^[A-Za-z0-9_-]{8,128}$/;

/** The token that a server needs: the one given, or a random one where others reach the address; else none. */
export function tokenFor(host: string, given: string | undefined): string | undefined {
  if (given !== undefined) return checkedToken(given);
  return isLoopback(host.toLowerCase()) ? undefined : randomBytes(LENGTH).toString("base64url");
}

/** @throws InputError for a token that is too short to be secret, or has characters that an address cannot hold */
function checkedToken(token: string): string {
  if (FORM.test(token)) return token;
  throw new InputError("token: expected 8 to 128 letters, digits, - or _");
}

/** The word that lets in those who know it. */
export class Token {
  readonly #hash: Buffer;

  constructor(private readonly text: string) {
    this.#hash = hashed(text);
  }

  /** True where the address, the header `Authorization: Bearer` or the cookie of a request holds the token. */
  opens(request: IncomingMessage): boolean {
    const { authorization, cookie = "" } = request.headers;
    const name = `${cookieName(request)}=`;
    const cookies = cookie.split(";").map((pair) => pair.trim());
    return [
      searchOf(request).get("token"),
      /^Bearer +(\S+) *$/i.exec(authorization ?? "")?.[1],
      ...cookies.filter((pair) => pair.startsWith(name)).map((pair) => pair.slice(name.length)),
    ].some((given) => typeof given === "string" && timingSafeEqual(hashed(given), this.#hash));
  }

  /** The cookie for a browser whose address held the token, so that the page's files and its socket need none. */
  cookieFor(request: IncomingMessage): string | undefined {
    if (!searchOf(request).has("token")) return undefined;
    return `${cookieName(request)}=${this.text}; Path=/; HttpOnly; SameSite=Strict`;
  }
}

/** Browsers give a cookie to every port of a host, so its name says whose it is. */
const cookieName = ({ socket }: IncomingMessage): string => `torquelens_${socket.localPort}`;

/** Hashes have one length, and comparing them takes one time. */
const hashed = (text: string): Buffer => createHash("sha256").update(text).digest();
