import { statSync } from "node:fs";
import type { IncomingMessage, ServerResponse } from "node:http";
import { basename, dirname, join } from "node:path";
import send from "send";
import { InputError } from "../errors.js";
import type { Served, ServedMoment, Session, SessionAnswer, WhatIfAnswer, WhatIfWays } from "./answers.js";
import type { Door } from "./door.js";
import { SECURITY_HEADERS } from "./headers.js";
import { packedFiles, readsGzip } from "./packed.js";
import { pathOf, searchOf } from "./target.js";

/** A recording to serve. */
export interface ServedRecording {
  /** Name to show. */
  readonly name: string;
  /** MCAP file. */
  readonly file: string;
  /** Finds the moments worth a look; called at most once, when the page asks. Without it there are none. */
  readonly moments?: () => Promise<readonly ServedMoment[]>;
  /** Runs its policy on changed observations. Without it nothing can be asked. */
  readonly whatIf?: ServedWhatIf | undefined;
}

/** What would have been commanded, with an input replaced. */
export interface ServedWhatIf {
  readonly ways: WhatIfWays;
  /** @param stamp of the image, nanoseconds @param replacement `INPUT=WHAT` @throws InputError in one line */
  answer(stamp: bigint, replacement: string): Promise<WhatIfAnswer>;
}

export interface SiteOptions {
  /** Folder of the built page. */
  readonly folder: string;
  readonly session: Session;
  readonly recordings: readonly ServedRecording[];
}

/** Answer for a page that is not there, and what the user is told. */
export const NOT_BUILT = "the page is not built: npm run build makes it";

/** True where the folder holds a built page. */
export const isBuilt = (folder: string): boolean =>
  statSync(join(folder, "index.html"), { throwIfNoEntry: false }) !== undefined;

/**
 * Serves the page's own files, `/session.json` and the recordings that were given, and nothing else. Answers GET and HEAD,
 * with ranges.
 */
export class Site {
  readonly #folder: string;
  /** Content types of files that are also there packed, by path. */
  readonly #packed: ReadonlyMap<string, string>;
  readonly #session: string;
  readonly #recordings: readonly ServedRecording[];
  /** JSON of moments that were asked for, by the recording's number. */
  readonly #moments = new Map<number, Promise<string>>();

  constructor(
    { folder, session, recordings }: SiteOptions,
    private readonly door: Door,
  ) {
    this.#folder = folder;
    this.#packed = isBuilt(folder) ? packedFiles(folder) : new Map();
    this.#recordings = recordings;
    const listed = recordings.map(
      ({ name, file, moments, whatIf }, index): Served => ({
        name,
        url: `/recordings/${index}.mcap`,
        bytes: statSync(file).size,
        ...(moments && { moments: `/recordings/${index}.moments.json` }),
        ...(whatIf && { whatIf: { url: `/recordings/${index}.what-if.json`, ...whatIf.ways } }),
      }),
    );
    const answer: SessionAnswer = { ...session, recordings: listed };
    this.#session = JSON.stringify(answer);
  }

  readonly answer = (request: IncomingMessage, response: ServerResponse): void => {
    if (turnedAway(this.door, request, response)) return;
    const cookie = this.door.cookieFor(request);
    if (cookie !== undefined) response.setHeader("Set-Cookie", cookie);
    const path = pathOf(request);
    const [, moments] = /^\/recordings\/(0|[1-9]\d{0,5})\.moments\.json$/.exec(path ?? "") ?? [];
    const [, whatIf] = /^\/recordings\/(0|[1-9]\d{0,5})\.what-if\.json$/.exec(path ?? "") ?? [];
    if (path === undefined) answerText(response, 404, NOTHING_HERE);
    else if (path === "/session.json") answerJson(response, this.#session);
    else if (moments !== undefined) this.#answerMoments(Number(moments), response);
    else if (whatIf !== undefined) this.#answerWhatIf(Number(whatIf), searchOf(request), response);
    else if (path.startsWith("/recordings/")) this.#answerRecording(path, request, response);
    else this.#answerFile(path, request, response);
  };

  #answerMoments(index: number, response: ServerResponse): void {
    const find = this.#recordings[index]?.moments;
    if (!find) {
      answerText(response, 404, NOTHING_HERE);
      return;
    }
    let found = this.#moments.get(index);
    if (!found) {
      found = find().then(JSON.stringify);
      this.#moments.set(index, found);
    }
    found.then(
      (text) => answerJson(response, text),
      (error: Error) => answerText(response, 500, error.message),
    );
  }

  #answerWhatIf(index: number, search: URLSearchParams, response: ServerResponse): void {
    const asked = this.#recordings[index]?.whatIf;
    const [stamp, replacement] = [search.get("stamp") ?? "", search.get("replace") ?? ""];
    if (!asked) answerText(response, 404, NOTHING_HERE);
    else if (!/^\d{1,19}$/.test(stamp)) answerText(response, 400, "expected ?stamp=NANOSECONDS&replace=INPUT=WHAT");
    else
      asked.answer(BigInt(stamp), replacement).then(
        (answer) => answerJson(response, JSON.stringify(answer)),
        (error: Error) => answerText(response, error instanceof InputError ? 400 : 500, error.message),
      );
  }

  #answerRecording(path: string, request: IncomingMessage, response: ServerResponse): void {
    const [, index] = /^\/recordings\/(0|[1-9]\d{0,5})\.mcap$/.exec(path) ?? [];
    const file = index === undefined ? undefined : this.#recordings[Number(index)]?.file;
    if (file === undefined) {
      answerText(response, 404, NOTHING_HERE);
      return;
    }
    response.setHeader("Content-Type", "application/octet-stream");
    wholeForLongSuffix(request, statSync(file, { throwIfNoEntry: false })?.size ?? 0);
    const [root, name] = [dirname(file), encodeURIComponent(basename(file))];
    pipe(send(request, `/${name}`, { root, dotfiles: "allow", index: false, cacheControl: false }), response);
  }

  #answerFile(path: string, request: IncomingMessage, response: ServerResponse): void {
    const lacks = path === "/" ? { status: 503, reason: NOT_BUILT } : undefined;
    const options = { root: this.#folder, cacheControl: false };
    const type = this.#packed.get(path);
    if (type !== undefined) response.setHeader("Vary", "Accept-Encoding");
    if (type === undefined || !readsGzip(request)) {
      pipe(send(request, path, options), response, lacks);
      return;
    }
    response.setHeader("Content-Type", type);
    response.setHeader("Content-Encoding", "gzip");
    pipe(send(request, `${path}.gz`, options), response, lacks);
  }
}

/** The last N bytes of a shorter file are all of it (RFC 9110, 14.1.2), which the range parser of `send` refuses. */
function wholeForLongSuffix({ headers }: IncomingMessage, size: number): void {
  const [, last] = /^bytes=-(\d+)$/.exec(headers.range ?? "") ?? [];
  if (Number(last) > size) headers.range = "bytes=0-";
}

const NOTHING_HERE = "there is nothing at this address";

/** Answers a request that is refused, or that asks for anything but reading. Returns true where it did. */
export function turnedAway(door: Door, request: IncomingMessage, response: ServerResponse): boolean {
  for (const [name, value] of Object.entries(SECURITY_HEADERS)) response.setHeader(name, value);
  const refusal = door.refusal(request);
  if (refusal) {
    if (refusal.status === 401) response.setHeader("WWW-Authenticate", "Bearer");
    answerText(response, refusal.status, refusal.reason);
    return true;
  }
  if (request.method === "GET" || request.method === "HEAD") return false;
  response.setHeader("Allow", "GET, HEAD");
  answerText(response, 405, "this server answers GET and HEAD only");
  return true;
}

function answerJson(response: ServerResponse, text: string): void {
  response.setHeader("Content-Type", "application/json; charset=utf-8");
  response.setHeader("Cache-Control", "no-store");
  response.setHeader("Content-Length", Buffer.byteLength(text));
  response.end(text);
}

/** Answers one line of text, and closes the connection. */
export function answerText(response: ServerResponse, status: number, line: string): void {
  response.writeHead(status, { "Content-Type": "text/plain; charset=utf-8", Connection: "close" });
  response.end(`${line}\n`);
}

/** @param lacks answer where there is no such file */
function pipe(
  stream: send.SendStream,
  response: ServerResponse,
  lacks: { readonly status: number; readonly reason: string } = { status: 404, reason: NOTHING_HERE },
): void {
  response.setHeader("Cache-Control", "no-cache");
  const fail = (error: { readonly status?: number; readonly headers?: Readonly<Record<string, string>> }) => {
    if (response.headersSent) {
      response.destroy();
      return;
    }
    for (const name of ["Content-Type", "Content-Encoding"]) response.removeHeader(name);
    for (const [name, value] of Object.entries(error.headers ?? {})) response.setHeader(name, value);
    const { status = 500 } = error;
    if (status === 416) answerText(response, 416, "the file has no such range");
    else if (status === 412) answerText(response, 412, "the file has changed");
    else if (status < 500) answerText(response, lacks.status, lacks.reason);
    else answerText(response, 500, "the file cannot be read");
  };
  stream.on("directory", () => fail({ status: 404 }));
  stream.on("error", fail);
  stream.pipe(response);
}
