import { once } from "node:events";
import { createServer, type RequestListener, type Server } from "node:http";
import { networkInterfaces } from "node:os";
import { InputError } from "../errors.js";

/** Connections that may be open at once on one port. */
const MAX_CONNECTIONS = 128;
/** Time in which a request must arrive, milliseconds. */
const REQUEST_TIMEOUT = 5000;
/** A connection on which nothing moves for so long is closed, milliseconds. */
const IDLE_TIMEOUT = 60_000;
/** Largest size of a request's headers, bytes. */
const MAX_HEADERS = 16 * 1024;

/** Port of the page where none is given. */
export const PAGE_PORT = 8080;

/** An HTTP server that one client cannot use up. */
export function boundedServer(answer: RequestListener): Server {
  const limits = { requestTimeout: REQUEST_TIMEOUT, headersTimeout: REQUEST_TIMEOUT, maxHeaderSize: MAX_HEADERS };
  const server = createServer(limits, answer);
  server.maxConnections = MAX_CONNECTIONS;
  server.timeout = IDLE_TIMEOUT;
  return server;
}

/**
 * Starts to listen. Returns the port.
 * @param port 0 for any free port
 * @throws Node's error where it cannot
 */
export async function listen(server: Server, host: string, port: number): Promise<number> {
  server.listen(port, host);
  await once(server, "listening");
  return (server.address() as { port: number }).port;
}

/** The same for the page: where no port is given, `PAGE_PORT`, or any free one if that is in use. */
export async function listenForPage(server: Server, host: string, port: number | undefined): Promise<number> {
  if (port !== undefined) return listen(server, host, port);
  try {
    return await listen(server, host, PAGE_PORT);
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== "EADDRINUSE") throw error;
    return listen(server, host, 0);
  }
}

/** Stops listening, and cuts off whoever has not taken an answer. */
export async function stopListening(server: Server): Promise<void> {
  const closed = new Promise((resolve) => server.close(resolve));
  server.closeAllConnections();
  await closed;
}

/**
 * Why a server does not listen, as a user can mend it; otherwise the error itself.
 * @param what `port`, or which port of several
 */
export function bindError(
  { message, code }: { message: string; code?: string | undefined },
  what: string,
  host: string,
  port: number,
): Error {
  switch (code) {
    case "EADDRINUSE":
      return new InputError(
        `${what} ${port} on ${host} is in use: choose another port or stop the program that uses it`,
      );
    case "EACCES":
      return new InputError(`${what} ${port} on ${host}: not permitted, choose a port above 1023`);
    case "EADDRNOTAVAIL":
    case "ENOTFOUND":
    case "EAI_AGAIN":
      return new InputError(`host ${host}: not an address of this machine`);
    default:
      return new Error(message);
  }
}

/** Address to open or to hand on. A server on every interface has the name of the first one that others reach. */
export function addressOf(scheme: "http" | "ws", host: string, port: number, token?: string): string {
  const reached = host === "0.0.0.0" || host === "::" ? (firstOutside() ?? host) : host;
  const shown = reached.includes(":") ? `[${reached}]` : reached;
  return `${scheme}://${shown}:${port}${token === undefined ? "" : `/?token=${token}`}`;
}

/** The first IPv4 address of this machine that is not loopback. */
function firstOutside(): string | undefined {
  const addresses = Object.values(networkInterfaces()).flatMap((list) => list ?? []);
  return addresses.find(({ family, internal }) => family === "IPv4" && !internal)?.address;
}
