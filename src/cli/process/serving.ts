import { InputError } from "../../errors.js";
import { type FoxgloveOptions, FoxgloveSink } from "../../foxglove/foxglove-sink.js";
import { packagePath, pageFolder } from "../../package-files.js";
import { PAGE_PORT } from "../../web/listening.js";
import { isLoopback } from "../../web/origins.js";
import { isBuilt, NOT_BUILT } from "../../web/site.js";
import { near } from "../output/near.js";
import { warn } from "../output/warnings.js";
import { openBrowser } from "./browser.js";

/** Options of commands that serve the page. */
export interface PageServing {
  readonly pagePort?: number;
  readonly host: string;
  readonly token?: string;
  readonly open?: boolean;
}

/** Options of commands that serve live data. */
export interface LiveServing extends PageServing {
  readonly page: boolean;
  readonly port: number;
  readonly allowOrigin: readonly string[];
  readonly readOnly?: boolean;
}

/** What a user can do about a port that is in use, by how the error begins. */
const WAYS_OUT: readonly (readonly [begins: string, way: string])[] = [
  ["page port ", "--page-port N picks another port, --page-port 0 a free one"],
  ["port ", "--port N picks another port, --port 0 a free one; --no-live runs without"],
];

/**
 * Serves live data, and the page unless `--no-page` was given; says where.
 * @throws InputError for a port that is in use, with the option that picks another
 */
export async function serveLive(
  options: LiveServing,
  { encoder, compared, name, controls }: Pick<FoxgloveOptions, "encoder" | "compared" | "name" | "controls">,
  say: (line: string) => void,
): Promise<FoxgloveSink> {
  const { host, port, allowOrigin, page, pagePort, token, readOnly = false } = options;
  const access = { host, token, readOnly, allowedOrigins: allowOrigin };
  const listening = FoxgloveSink.listen({
    ...access,
    encoder,
    compared,
    port,
    page: page ? { port: pagePort } : undefined,
    name,
    controls,
    notice: warn,
  });
  const server = await withWayOut(listening);
  if (server.pageUrl !== undefined) tellOfPage(server.pageUrl, options, say);
  say(`live     ${server.url}  in Foxglove or Lichtblick: Open connection, Foxglove WebSocket, this address;`);
  say(`         layout to import there: ${near(packagePath("launch/foxglove-layout.json"))}`);
  if (!isLoopback(host)) warnOfNetwork(host);
  return server;
}

/** Says where the page is, and opens it with `--open`. */
export function tellOfPage(url: string, { pagePort, open }: PageServing, say: (line: string) => void): void {
  const isElsewhere = pagePort === undefined && new URL(url).port !== `${PAGE_PORT}`;
  const notes = [
    ...(isElsewhere ? [`port ${PAGE_PORT} is in use`] : []),
    ...(isBuilt(pageFolder()) ? [] : [NOT_BUILT]),
  ];
  say(`page     ${url}${notes.map((note) => `  (${note})`).join("")}`);
  if (open) openBrowser(url, warn);
}

export function warnOfNetwork(host: string): void {
  warn(`data go unencrypted: whoever listens on the network of ${host} sees them, and the token`);
}

/** Adds the option that picks another port to an error about a port. */
export async function withWayOut<T>(listening: Promise<T>): Promise<T> {
  try {
    return await listening;
  } catch (error) {
    if (!(error instanceof InputError)) throw error;
    const { message } = error;
    const way = WAYS_OUT.find(([begins]) => message.startsWith(begins))?.[1];
    throw way === undefined ? error : new InputError(`${message} (${way})`);
  }
}
