import { once } from "node:events";
import { mkdtemp, rm, writeFile } from "node:fs/promises";
import type { IncomingMessage } from "node:http";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { text } from "node:stream/consumers";
import { afterAll, afterEach, beforeAll, describe, expect, it } from "vitest";
import WebSocket from "ws";
import { type FoxgloveOptions, FoxgloveSink } from "#src/foxglove/foxglove-sink.js";
import { ChannelEncoder } from "#src/messages/channel-encoder.js";
import { PAGE_PORT } from "#src/web/listening.js";
import { ask } from "../web/ask.js";

const PROTOCOL = "foxglove.sdk.v1";
const TOKEN = "a-right-token";

let folder: string;
const sinks: FoxgloveSink[] = [];

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), "torquelens-page-"));
  await writeFile(join(folder, "index.html"), "<!doctype html>");
});
afterEach(async () => {
  for (const sink of sinks.splice(0)) await sink.close();
});
afterAll(() => rm(folder, { recursive: true }));

async function serve(options: Partial<FoxgloveOptions> = {}): Promise<{ page: string; sink: FoxgloveSink }> {
  const page = { port: 0, folder };
  const sink = await FoxgloveSink.listen({ encoder: new ChannelEncoder(), port: 0, page, name: "reacher", ...options });
  sinks.push(sink);
  return { page: sink.pageUrl!, sink };
}

/** The first message of a socket, or the status and text with which it was refused. */
async function opened(url: string, headers: Record<string, string> = {}): Promise<unknown> {
  const socket = new WebSocket(url.replace(/^http/, "ws"), [PROTOCOL], { headers });
  socket.on("error", () => {});
  const refused = once(socket, "unexpected-response").then(async ([, response]: IncomingMessage[]) => [
    response!.statusCode,
    await text(response!),
  ]);
  const greeted = once(socket, "message").then(([data]) => JSON.parse(String(data)).op as string);
  const result = await Promise.race([refused, greeted]);
  socket.terminate();
  return result;
}

const without = (url: string) => url.replace(/\/\?token=.*/, "");

describe("the page of the live socket", () => {
  it("has its files, its session and the socket on one port; the socket's own port says where it is", async () => {
    const { page, sink } = await serve({ readOnly: true });
    expect(page).toMatch(/^http:\/\/127\.0\.0\.1:\d+$/);
    expect(`${(await ask(page, "/")).body}`).toBe("<!doctype html>");
    expect(JSON.parse(`${(await ask(page, "/session.json")).body}`)).toEqual({
      mode: "live",
      name: "reacher",
      readOnly: true,
      recordings: [],
    });
    expect((await ask(page, "/recordings/0.mcap")).status).toBe(404);
    expect(await opened(page, { Origin: page })).toBe("serverInfo");
    expect(await opened(sink.url)).toBe("serverInfo");
    const hint = await ask(sink.url, "/");
    expect([hint.status, `${hint.body}`]).toEqual([426, `this is a WebSocket for viewers; the page is on ${page}\n`]);
    expect((await ask(sink.url, "/", {}, "POST")).status).toBe(405);
  });

  it("is left out unless it is asked for", async () => {
    const { sink } = await serve({ page: undefined });
    expect(sink.pageUrl).toBeUndefined();
    expect(`${(await ask(sink.url, "/")).body}`).toBe("this is a WebSocket for viewers\n");
  });

  it("counts the clients of both ports together", async () => {
    const { page, sink } = await serve();
    const sockets = [page.replace("http", "ws"), sink.url].map((url) => new WebSocket(url, [PROTOCOL]));
    await Promise.all(sockets.map((socket) => once(socket, "message")));
    expect(sink.stats().clients).toBe(2);
    for (const socket of sockets) socket.terminate();
  });

  it("refuses a page of another origin on both ports", async () => {
    const { page, sink } = await serve();
    for (const url of [page, sink.url]) {
      expect(await opened(url, { Origin: "https://evil.example" })).toEqual([403, expect.stringMatching(/may not/)]);
      expect((await ask(url, "/", { Origin: "https://evil.example" })).status).toBe(403);
      expect((await ask(url, "/", { Host: "rebound.example" })).status).toBe(403);
    }
  });

  it("answers nothing but 401 without the token, on both ports", async () => {
    const { page, sink } = await serve({ token: TOKEN });
    const refusal = [401, "token expected: use the address that the server printed when it started\n"];
    for (const url of [page, sink.url]) {
      for (const bad of [without(url), `${without(url)}/?token=a-wrong-token`]) {
        expect(await opened(bad)).toEqual(refusal);
        expect(await opened(bad, { Origin: "https://evil.example" })).toEqual(refusal);
      }
      const { status, body } = await ask(url, "/");
      expect([status, `${body}`]).toEqual(refusal);
      expect((await ask(url, "/session.json", {}, "POST")).status).toBe(401);
    }
  });

  it("lets in the token in the address, in a header, and in the page's cookie", async () => {
    const { page, sink } = await serve({ token: TOKEN });
    for (const url of [page, sink.url]) {
      expect(url).toMatch(new RegExp(`/\\?token=${TOKEN}$`));
      expect(await opened(url)).toBe("serverInfo");
      expect(await opened(without(url), { Authorization: `Bearer ${TOKEN}` })).toBe("serverInfo");
    }
    const { headers } = await ask(page, `/?token=${TOKEN}`);
    const [cookie] = headers["set-cookie"]![0]!.split(";");
    expect(await opened(without(page), { Cookie: cookie!, Origin: without(page) })).toBe("serverInfo");
    expect(await opened(without(page), { Cookie: cookie!, Origin: "https://evil.example" })).toEqual([
      403,
      expect.stringMatching(/may not connect/),
    ]);
  });

  it("needs a token, a random one, where other machines reach it", async () => {
    const { page, sink } = await serve({ host: "0.0.0.0" });
    const [, token] = /\/\?token=([\w-]{22})$/.exec(page)!;
    expect(sink.url).toMatch(new RegExp(`^ws://[\\d.]+:\\d+/\\?token=${token}$`));
    expect((await ask(page, "/")).status).toBe(401);
    expect((await ask(page, `/?token=${token}`)).status).toBe(200);
  });

  it("names a port of the page that is in use, and frees the socket's", async () => {
    const { page } = await serve();
    const taken = Number(new URL(page).port);
    await expect(serve({ page: { port: taken, folder } })).rejects.toThrow(
      `page port ${taken} on 127.0.0.1 is in use: choose another port or stop the program that uses it`,
    );
  });

  it("takes another port than the usual one where that is in use", async () => {
    const urls = [await serve({ page: { folder } }), await serve({ page: { folder } })].map(
      ({ page }) => new URL(page),
    );
    expect(urls[0]!.port).not.toBe(urls[1]!.port);
    expect(urls[1]!.port).not.toBe(`${PAGE_PORT}`);
  });
});
