import { once } from "node:events";
import { mkdir, mkdtemp, rm, writeFile } from "node:fs/promises";
import { createServer } from "node:http";
import { connect } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { text } from "node:stream/consumers";
import { gunzipSync, gzipSync } from "node:zlib";
import { afterAll, afterEach, beforeAll, describe, expect, it } from "vitest";
import { InputError } from "#src/errors.js";
import { listen, listenForPage, PAGE_PORT, stopListening } from "#src/web/listening.js";
import { PageServer, type PageServerOptions } from "#src/web/page-server.js";
import { ask } from "./ask.js";

const RECORDING = Buffer.from(Array.from({ length: 1000 }, (_, i) => i % 251));
const LARGE = "export const page = 1;\n".repeat(100);
const TOKEN = "a-right-token";

let folder: string;
let server: PageServer;
const opened: PageServer[] = [];

const serve = async (options: Partial<PageServerOptions> = {}): Promise<PageServer> => {
  const served = await PageServer.listen({
    host: "127.0.0.1",
    port: 0,
    allowedOrigins: [],
    folder: join(folder, "page"),
    session: { mode: "recordings", name: "two runs", readOnly: true },
    recordings: [
      { name: "run one.mcap", file: join(folder, "run %2e 1.mcap") },
      { name: ".hidden.mcap", file: join(folder, ".hidden.mcap") },
    ],
    ...options,
  });
  opened.push(served);
  return served;
};

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), "torquelens-web-"));
  await mkdir(join(folder, "page/assets"), { recursive: true });
  await writeFile(join(folder, "page/index.html"), "<!doctype html><title>page</title>");
  await writeFile(join(folder, "page/assets/main-1.js"), "export const page = 1;");
  await writeFile(join(folder, "page/assets/zstd.wasm"), "\0asm");
  for (const name of ["large.js", "large.css", "large.bin"]) {
    await writeFile(join(folder, "page/assets", name), LARGE);
    await writeFile(join(folder, "page/assets", `${name}.gz`), gzipSync(LARGE));
  }
  await writeFile(join(folder, "page/.secret"), "secret");
  await writeFile(join(folder, "secret.txt"), "secret");
  await writeFile(join(folder, "run %2e 1.mcap"), RECORDING);
  await writeFile(join(folder, ".hidden.mcap"), "hidden");
  server = await serve();
  opened.pop();
});
afterEach(async () => {
  for (const one of opened.splice(0)) await one.close();
});
afterAll(async () => {
  await server.close();
  await rm(folder, { recursive: true });
});

describe("what-ifs", () => {
  const file = () => join(folder, "run %2e 1.mcap");
  const whatIf = {
    ways: { of: { image: ["mean"] }, runs: [{ by: "recording1#2", recording: "other", run: 2 }] },
    answer: async (stamp: bigint, replacement: string) => {
      if (replacement !== "image=mean") throw new InputError(`no way ${replacement}`);
      return { symbol: String(stamp), outputs: [] };
    },
  };

  it("are answered for a moment and a replacement, and refused in one line", async () => {
    const { url } = await serve({ recordings: [{ name: "explained", file: file(), whatIf }] });
    const session = JSON.parse(`${(await ask(url, "/session.json")).body}`);
    expect(session.recordings[0].whatIf).toEqual({ url: "/recordings/0.what-if.json", ...whatIf.ways });
    const at = (query: string) => ask(url, `/recordings/0.what-if.json${query}`);
    expect(JSON.parse(`${(await at("?stamp=1700000000123456789&replace=image%3Dmean")).body}`)).toEqual({
      symbol: "1700000000123456789",
      outputs: [],
    });
    const refused = await at("?stamp=5&replace=x");
    expect([refused.status, `${refused.body}`]).toEqual([400, "no way x\n"]);
    expect((await at("?stamp=-5&replace=image=mean")).status).toBe(400);
    expect((await ask(url, "/recordings/1.what-if.json?stamp=5&replace=image=mean")).status).toBe(404);
  });
});

describe("moments", () => {
  const file = () => join(folder, "run %2e 1.mcap");

  it("are found once, when they are asked for", async () => {
    let times = 0;
    const moments = async () => {
      times++;
      return [{ reason: "shares" as const, what: "image 90 %, usually 40 %", seconds: 1.5 }];
    };
    const { url } = await serve({ recordings: [{ name: "explained", file: file(), moments }] });
    const session = JSON.parse(`${(await ask(url, "/session.json")).body}`);
    expect(session.recordings[0].moments).toBe("/recordings/0.moments.json");
    expect(times).toBe(0);
    for (let i = 0; i < 2; i++) {
      const { status, headers, body } = await ask(url, "/recordings/0.moments.json");
      expect([status, headers["content-type"]]).toEqual([200, "application/json; charset=utf-8"]);
      expect(JSON.parse(`${body}`)).toEqual([{ reason: "shares", what: "image 90 %, usually 40 %", seconds: 1.5 }]);
    }
    expect(times).toBe(1);
  });

  it("that cannot be found are refused in words", async () => {
    const moments = () => Promise.reject(new Error("explained.mcap: the messages are of two policies"));
    const { url } = await serve({ recordings: [{ name: "explained", file: file(), moments }] });
    const { status, body } = await ask(url, "/recordings/0.moments.json");
    expect([status, `${body}`]).toEqual([500, "explained.mcap: the messages are of two policies\n"]);
  });

  it("of a recording without explanations, or of none, are not there", async () => {
    for (const path of ["/recordings/0.moments.json", "/recordings/7.moments.json"])
      expect((await ask(server.url, path)).status).toBe(404);
  });
});

describe("the page's files", () => {
  it.each([
    ["/", "text/html; charset=utf-8", "<!doctype html><title>page</title>"],
    ["/?any=thing", "text/html; charset=utf-8", "<!doctype html><title>page</title>"],
    ["/index.html", "text/html; charset=utf-8", "<!doctype html><title>page</title>"],
    ["/assets/main-1.js", "text/javascript; charset=utf-8", "export const page = 1;"],
    ["/assets/main%2D1.js", "text/javascript; charset=utf-8", "export const page = 1;"],
    ["/assets/zstd.wasm", "application/wasm", "\0asm"],
  ])("serves %s as %s", async (path, type, body) => {
    const answer = await ask(server.url, path);
    expect({ status: answer.status, type: answer.headers["content-type"], body: `${answer.body}` }).toEqual({
      status: 200,
      type,
      body,
    });
    expect(answer.headers["cache-control"]).toBe("no-cache");
  });

  it.each([
    ["/assets/large.js", "gzip, deflate, br", "gzip", "text/javascript; charset=utf-8"],
    ["/assets/large.css", "br;q=1.0, GZIP;q=0.5", "gzip", "text/css; charset=utf-8"],
    ["/assets/large.js", "*", "gzip", "text/javascript; charset=utf-8"],
    ["/assets/large.js", "gzip;q=0, *", undefined, "text/javascript; charset=utf-8"],
    ["/assets/large.js", "deflate, br", undefined, "text/javascript; charset=utf-8"],
    ["/assets/large.js", "", undefined, "text/javascript; charset=utf-8"],
    ["/assets/large.js?any=thing", "gzip", "gzip", "text/javascript; charset=utf-8"],
    ["/assets/main-1.js", "gzip", undefined, "text/javascript; charset=utf-8"],
    ["/assets/large.bin", "gzip", undefined, "application/octet-stream"],
  ])("serves %s to a browser that reads '%s' packed as %s", async (path, reads, coding, type) => {
    const { status, headers, body } = await ask(server.url, path, { "Accept-Encoding": reads });
    expect([status, headers["content-encoding"], headers["content-type"]]).toEqual([200, coding, type]);
    if (path.startsWith("/assets/large")) expect(`${coding ? gunzipSync(body) : body}`).toBe(LARGE);
    expect(headers.vary).toBe(/large\.(js|css)/.test(path) ? "Accept-Encoding" : undefined);
    const again = await ask(server.url, path, { "Accept-Encoding": reads, "If-None-Match": headers.etag! });
    expect(again.status).toBe(304);
  });

  it("does not take the packed file for the plain one", async () => {
    const tag = async (reads: string) =>
      (await ask(server.url, "/assets/large.js", { "Accept-Encoding": reads })).headers.etag;
    expect(await tag("gzip")).not.toBe(await tag("identity"));
  });

  it("answers 304 to a browser that has the file", async () => {
    const { headers } = await ask(server.url, "/");
    const again = await ask(server.url, "/", { "If-None-Match": headers.etag! });
    expect([again.status, again.body.length]).toEqual([304, 0]);
  });

  it("allows the page nothing but its own files, on every answer", async () => {
    for (const [path, method] of [["/"], ["/nothing"], ["/session.json"], ["/recordings/0.mcap"], ["/", "POST"]]) {
      const { headers } = await ask(server.url, path!, {}, method);
      const policy = new Map(
        `${headers["content-security-policy"]}`.split("; ").map((rule) => rule.split(/ (.*)/s) as [string, string]),
      );
      expect(policy.get("default-src")).toBe("'none'");
      expect(policy.get("connect-src")).toBe("'self'");
      expect(policy.get("frame-ancestors")).toBe("'none'");
      expect(policy.get("script-src")).not.toContain("inline");
      for (const sources of policy.values()) expect(sources).not.toMatch(/https?:|\*|'unsafe-/);
      expect(headers).toMatchObject({
        "x-content-type-options": "nosniff",
        "referrer-policy": "no-referrer",
        "cross-origin-resource-policy": "same-origin",
        "cross-origin-opener-policy": "same-origin",
      });
    }
  });

  it.each([
    ["/nothing"],
    ["/assets"],
    ["/assets/"],
    ["/.secret"],
    ["/assets/../.secret"],
    ["/../secret.txt"],
    ["/..%2fsecret.txt"],
    ["/%2e%2e/secret.txt"],
    ["/%2e%2e%2fsecret.txt"],
    ["/%252e%252e/secret.txt"],
    ["/assets/..%2f..%2fsecret.txt"],
    ["/..\\secret.txt"],
    ["/..%5csecret.txt"],
    ["/assets/..\\..\\secret.txt"],
    ["/index.html%00.js"],
    ["/%00"],
    ["/index.html%"],
    ["/%c0%ae%c0%ae/secret.txt"],
    ["//etc/passwd"],
    ["/etc/passwd"],
    ["http://127.0.0.1/"],
    ["*"],
    ["/index.html/"],
    ["/recordings/"],
    ["/recordings/2.mcap"],
    ["/recordings/00.mcap"],
    ["/recordings/-1.mcap"],
    ["/recordings/0"],
    ["/recordings/0.mcap/"],
    ["/recordings/..%2f0.mcap"],
    ["/recordings/0.mcap%00"],
    ["/recordings/99999999999999999999.mcap"],
  ])("answers 404 to %s", async (path) => {
    const { status, body } = await ask(server.url, path);
    expect([status, `${body}`]).toEqual([404, "there is nothing at this address\n"]);
  });

  it("answers 400 to a path with a NUL byte, which is no HTTP", async () => {
    const socket = connect(Number(new URL(server.url).port), "127.0.0.1");
    socket.write("GET /\0index.html HTTP/1.1\r\nHost: 127.0.0.1\r\n\r\n");
    expect(await text(socket)).toMatch(/^HTTP\/1\.1 400 /);
  });

  it.each(["POST", "PUT", "DELETE", "OPTIONS", "PATCH"])("answers 405 to %s", async (method) => {
    for (const path of ["/", "/session.json", "/recordings/0.mcap", "/nothing"]) {
      const { status, headers } = await ask(server.url, path, {}, method);
      expect([status, headers.allow]).toEqual([405, "GET, HEAD"]);
    }
  });

  it("says how to build a page that is not built, and serves the recordings all the same", async () => {
    const unbuilt = await serve({ folder: join(folder, "nowhere") });
    const { status, body } = await ask(unbuilt.url, "/");
    expect([status, `${body}`]).toEqual([503, "the page is not built: npm run build makes it\n"]);
    expect((await ask(unbuilt.url, "/session.json")).status).toBe(200);
  });
});

describe("the session", () => {
  it("lists the recordings", async () => {
    const { headers, body } = await ask(server.url, "/session.json");
    expect(headers).toMatchObject({
      "content-type": "application/json; charset=utf-8",
      "cache-control": "no-store",
      "content-length": `${body.length}`,
    });
    expect(JSON.parse(`${body}`)).toEqual({
      mode: "recordings",
      name: "two runs",
      readOnly: true,
      recordings: [
        { name: "run one.mcap", url: "/recordings/0.mcap", bytes: 1000 },
        { name: ".hidden.mcap", url: "/recordings/1.mcap", bytes: 6 },
      ],
    });
  });
});

describe("recordings", () => {
  const part = async (range: string) => {
    const { status, headers, body } = await ask(server.url, "/recordings/0.mcap", { Range: range });
    return { status, range: headers["content-range"], body };
  };

  it("come whole, and say that parts can be asked for", async () => {
    const { status, headers, body } = await ask(server.url, "/recordings/0.mcap");
    expect(status).toBe(200);
    expect(headers).toMatchObject({ "accept-ranges": "bytes", "content-length": "1000" });
    expect(headers["content-type"]).toBe("application/octet-stream");
    expect(body.equals(RECORDING)).toBe(true);
    expect(`${(await ask(server.url, "/recordings/1.mcap")).body}`).toBe("hidden");
  });

  it.each([
    ["bytes=0-0", 0, 0],
    ["bytes=10-19", 10, 19],
    ["bytes=990-", 990, 999],
    ["bytes=-37", 963, 999],
    ["bytes=-5000", 0, 999],
    ["bytes=900-5000", 900, 999],
  ])("in part: %s", async (range, from, to) => {
    expect(await part(range)).toEqual({
      status: 206,
      range: `bytes ${from}-${to}/1000`,
      body: RECORDING.subarray(from, to + 1),
    });
  });

  it.each(["bytes=1000-", "bytes=5000-6000", "bytes=-0", "bytes=9-1"])("answers 416 to %s", async (range) => {
    expect(await part(range)).toMatchObject({ status: 416, range: "bytes */1000" });
  });

  it.each(["bytes=abc", "lines=1-2", "bytes=0-1,5-6"])("come whole for %s", async (range) => {
    const { status, body } = await part(range);
    expect([status, body.equals(RECORDING)]).toEqual([200, true]);
  });

  it("tell their size without their bytes to HEAD", async () => {
    const { status, headers, body } = await ask(server.url, "/recordings/0.mcap", {}, "HEAD");
    expect([status, headers["content-length"], body.length]).toEqual([200, "1000", 0]);
    const session = await ask(server.url, "/session.json", {}, "HEAD");
    expect([session.status, session.body.length]).toEqual([200, 0]);
  });

  it("that are gone are answered 404", async () => {
    const file = join(folder, "soon-gone.mcap");
    await writeFile(file, "x");
    const { url } = await serve({ recordings: [{ name: "soon-gone", file }] });
    await rm(file);
    expect((await ask(url, "/recordings/0.mcap")).status).toBe(404);
  });
});

describe("who may come in", () => {
  it("refuses a page of another origin, and a foreign name for this machine", async () => {
    for (const path of ["/", "/session.json", "/recordings/0.mcap"]) {
      expect((await ask(server.url, path, { Origin: "https://evil.example" })).status).toBe(403);
      expect((await ask(server.url, path, { Host: "rebound.example" })).status).toBe(403);
      expect((await ask(server.url, path, { Host: new URL(server.url).host })).status).toBe(200);
    }
    const own = { Host: new URL(server.url).host, Origin: new URL(server.url).origin };
    expect((await ask(server.url, "/session.json", own)).status).toBe(200);
  });

  it("answers 401 and nothing else without the token, whatever is asked", async () => {
    const { url } = await serve({ token: TOKEN });
    expect(url).toMatch(/^http:\/\/127\.0\.0\.1:\d+\/\?token=a-right-token$/);
    const port = new URL(url).port;
    const wrong: [string, Record<string, string>][] = [
      ["", {}],
      ["?token=", {}],
      ["?token=a-wrong-token", {}],
      [`?TOKEN=${TOKEN}`, {}],
      ["", { Authorization: "Bearer a-wrong-token" }],
      ["", { Authorization: `Basic ${TOKEN}` }],
      ["", { Cookie: `torquelens_${port}=a-wrong-token` }],
      ["", { Cookie: `torquelens_1=${TOKEN}` }],
      ["", { Cookie: `token=${TOKEN}` }],
      ["", { Origin: "https://evil.example", Host: "evil.example" }],
    ];
    for (const [search, headers] of wrong)
      for (const [path, method] of [["/"], ["/nothing"], ["/session.json"], ["/recordings/0.mcap"], ["/", "POST"]]) {
        const answer = await ask(url, `${path}${search}`, headers, method);
        expect([answer.status, `${answer.body}`], `${path}${search} ${JSON.stringify(headers)}`).toEqual([
          401,
          "token expected: use the address that the server printed when it started\n",
        ]);
        expect(answer.headers["www-authenticate"]).toBe("Bearer");
        expect(answer.headers["set-cookie"]).toBeUndefined();
      }
  });

  it("lets in the token in the address, in a header, and in the cookie that the address set", async () => {
    const { url } = await serve({ token: TOKEN });
    const page = await ask(url, `/?token=${TOKEN}`);
    expect(page.status).toBe(200);
    const [cookie] = page.headers["set-cookie"]!;
    expect(cookie).toBe(`torquelens_${new URL(url).port}=${TOKEN}; Path=/; HttpOnly; SameSite=Strict`);
    const right: Record<string, string>[] = [
      { Cookie: `theme=dark; ${cookie!.split(";")[0]}; other=1` },
      { Authorization: `Bearer ${TOKEN}` },
      { Authorization: `bearer ${TOKEN}` },
    ];
    for (const headers of right) {
      const answer = await ask(url, "/recordings/0.mcap", headers);
      expect([answer.status, answer.headers["set-cookie"]]).toEqual([200, undefined]);
    }
    // A name that this machine does not know: the page that was loaded by it has shown the token.
    const own = { Authorization: `Bearer ${TOKEN}`, Host: "robot.lab:8080", Origin: "http://robot.lab:8080" };
    expect((await ask(url, "/session.json", own)).status).toBe(200);
    expect((await ask(url, "/session.json", { ...own, Origin: "http://evil.example" })).status).toBe(403);
  });
});

describe("limits", () => {
  it("takes 128 connections, cuts off further ones, and has room again when one ends", async () => {
    const { url } = await serve();
    const { host, port } = new URL(url);
    const sockets = await Promise.all(
      Array.from({ length: 128 }, async () => {
        const socket = connect(Number(port), "127.0.0.1");
        socket.on("error", () => {});
        socket.write(`HEAD /session.json HTTP/1.1\r\nHost: ${host}\r\n\r\n`);
        await once(socket, "data");
        return socket;
      }),
    );
    const oneMore = connect(Number(port), "127.0.0.1");
    oneMore.on("error", () => {});
    let answered = false;
    oneMore.on("data", () => {
      answered = true;
    });
    oneMore.write(`HEAD /session.json HTTP/1.1\r\nHost: ${host}\r\n\r\n`);
    await once(oneMore, "close");
    expect(answered).toBe(false);
    sockets[0]!.destroy();
    let status: number | undefined;
    while (status === undefined) status = (await ask(url, "/session.json").catch(() => undefined))?.status;
    expect(status).toBe(200);
    for (const socket of sockets) socket.destroy();
  });

  it("refuses headers of more than 16 KiB", async () => {
    expect((await ask(server.url, "/", { Cookie: "x".repeat(17 * 1024) })).status).toBe(431);
  });
});

describe("ports", () => {
  it("names the port and the address where it is in use", async () => {
    const port = Number(new URL(server.url).port);
    await expect(serve({ port })).rejects.toThrow(
      `page port ${port} on 127.0.0.1 is in use: choose another port or stop the program that uses it`,
    );
    await expect(serve({ host: "192.0.2.1" })).rejects.toThrow("host 192.0.2.1: not an address of this machine");
  });

  it("takes any free port where none is given and the usual one is in use", async () => {
    const [first, second] = [createServer(), createServer()];
    // Another program may have the usual port while this runs.
    await listen(first, "127.0.0.1", PAGE_PORT).catch(() => undefined);
    try {
      const port = await listenForPage(second, "127.0.0.1", undefined);
      expect(port).not.toBe(PAGE_PORT);
      expect(port).toBeGreaterThan(0);
    } finally {
      for (const one of [first, second]) if (one.listening) await stopListening(one);
    }
  });
});
