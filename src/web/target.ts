import type { IncomingMessage } from "node:http";

/** Base that a request's target is read against. */
const BASE = "http://server";

/** Path of a request as it was sent, still encoded; undefined for a target that is no address. */
export function pathOf({ url = "" }: IncomingMessage): string | undefined {
  return url.startsWith("/") && URL.canParse(url, BASE) ? url.replace(/[?#].*$/s, "") : undefined;
}

/** The part of a request's target after `?`. */
export function searchOf({ url = "" }: IncomingMessage): URLSearchParams {
  const [, search = ""] = /\?([^#]*)/s.exec(url) ?? [];
  return new URLSearchParams(search);
}
