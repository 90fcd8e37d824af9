import { get, type IncomingMessage } from "node:http";
import { gunzipSync } from "node:zlib";
import { afterAll, beforeAll, expect, test } from "vitest";
// @ts-expect-error plain JavaScript without types
import { serveFiles } from "../../bench/static-site.js";

const TEXT = "the same words again and again. ".repeat(1000);
const NOISE = Buffer.from(Array.from({ length: 4096 }, (_, i) => (i * 7919 * (i + 13)) % 251));
let site: { readonly url: string; readonly sent: () => number; readonly close: () => void };

beforeAll(async () => {
  site = await serveFiles({ "/index.html": Buffer.from(TEXT), "/run.mcap": NOISE, "/small.js": Buffer.from("1") });
});
afterAll(() => site.close());

/** What the server sends, as it is on the wire. */
function ask(path: string, headers: Record<string, string> = {}): Promise<{ answer: IncomingMessage; body: Buffer }> {
  return new Promise((resolve, reject) => {
    get(`${site.url}${path}`, { headers }, (answer) => {
      const parts: Buffer[] = [];
      answer.on("data", (part: Buffer) => parts.push(part));
      answer.on("end", () => resolve({ answer, body: Buffer.concat(parts) }));
    }).on("error", reject);
  });
}

test("a file that gzip makes smaller is sent so, to those who take it", async () => {
  const packed = await ask("", { "accept-encoding": "gzip, br" });
  expect(packed.answer.headers["content-encoding"]).toBe("gzip");
  expect(packed.body.length).toBeLessThan(TEXT.length / 10);
  expect(gunzipSync(packed.body).toString()).toBe(TEXT);
  const plain = await ask("index.html");
  expect(plain.answer.headers["content-encoding"]).toBeUndefined();
  expect(plain.body.toString()).toBe(TEXT);
});

test("a range is sent as it is, with its place", async () => {
  const middle = await ask("run.mcap", { range: "bytes=10-19", "accept-encoding": "gzip" });
  expect(middle.answer.statusCode).toBe(206);
  expect(middle.answer.headers["content-range"]).toBe(`bytes 10-19/${NOISE.length}`);
  expect(middle.body).toEqual(NOISE.subarray(10, 20));
  const end = await ask("run.mcap", { range: "bytes=4000-" });
  expect(end.body).toEqual(NOISE.subarray(4000));
});

test("nothing else is there", async () => {
  for (const path of ["other.html", "constructor", "../package.json"])
    expect((await ask(path)).answer.statusCode).toBe(404);
});

test("bytes are counted as they leave, headers too, and stay counted", async () => {
  const before = site.sent();
  const { body } = await ask("run.mcap", { range: "bytes=0-999", connection: "close" });
  const counted = site.sent() - before;
  expect(counted).toBeGreaterThan(body.length + 50);
  expect(counted).toBeLessThan(body.length + 600);
});
