import { isIP } from "node:net";

/** Name of the machine in a `Host` header or origin, without port and brackets; undefined where there is none. */
export function nameOf(address: string): string | undefined {
  return URL.canParse(address) ? new URL(address).hostname.replace(/^\[|\]$/g, "").toLowerCase() : undefined;
}

/** True for a name that always means this machine. */
export function isLoopback(name: string): boolean {
  if (isIP(name) === 4) return name.startsWith("127.");
  return name === "::1" || name === "localhost" || name.endsWith(".localhost");
}

/** Origin as browsers send it, or `*`. Undefined for anything else. */
export function originOf(text: string): string | undefined {
  if (text === "*" || text === "null") return text;
  if (!URL.canParse(text)) return undefined;
  const { origin, protocol, host, pathname, search, hash } = new URL(text);
  if (pathname.length > 1 || search || hash) return undefined;
  return origin === "null" ? `${protocol}//${host}` : origin;
}
