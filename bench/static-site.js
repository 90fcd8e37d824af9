// A static server that treats every web viewer alike: gzip for whole files where it makes them smaller, HTTP ranges,
// and a count of the bytes that left it.
import { readdirSync, readFileSync, statSync } from "node:fs";
import { createServer } from "node:http";
import { extname, join, relative } from "node:path";
import { gzipSync } from "node:zlib";

const TYPES = {
  ".html": "text/html",
  ".js": "text/javascript",
  ".css": "text/css",
  ".json": "application/json",
  ".wasm": "application/wasm",
  ".svg": "image/svg+xml",
  ".png": "image/png",
  ".ico": "image/x-icon",
  ".ttf": "font/ttf",
};
/** Smaller files are sent as they are, bytes. */
const SMALL = 1024;

/** All files of a folder by their paths on the server; those of a build that nobody asks for are left out. */
export function folderOf(folder) {
  const paths = readdirSync(folder, { recursive: true, encoding: "utf8" }).map((name) => join(folder, name));
  const files = paths.filter((path) => statSync(path).isFile() && !/\.(map|gz|LICENSE\.txt)$/.test(path));
  return Object.fromEntries(files.map((path) => [`/${relative(folder, path)}`, readFileSync(path)]));
}

/** Serves files on loopback. @param files content by path; `/` is `/index.html` */
export async function serveFiles(files) {
  const packed = new Map();
  for (const [path, content] of Object.entries(files)) {
    if (content.length < SMALL) continue;
    const smaller = gzipSync(content, { level: 9 });
    if (smaller.length < 0.9 * content.length) packed.set(path, smaller);
  }
  const sockets = new Set();
  let left = 0;
  const server = createServer((request, response) => {
    const { pathname } = new URL(request.url, "http://localhost");
    const path = pathname === "/" ? "/index.html" : pathname;
    const content = Object.hasOwn(files, path) ? files[path] : undefined;
    if (!content) return response.writeHead(404).end();
    const headers = { "content-type": TYPES[extname(path)] ?? "application/octet-stream", "accept-ranges": "bytes" };
    const [, from, to] = /^bytes=(\d+)-(\d*)$/.exec(request.headers.range ?? "") ?? [];
    let body = content;
    let status = 200;
    if (from !== undefined) {
      const last = Math.min(content.length - 1, to === "" ? Number.POSITIVE_INFINITY : Number(to));
      status = 206;
      body = content.subarray(Number(from), last + 1);
      headers["content-range"] = `bytes ${from}-${last}/${content.length}`;
    } else if (packed.has(path) && /\bgzip\b/.test(request.headers["accept-encoding"] ?? "")) {
      body = packed.get(path);
      headers["content-encoding"] = "gzip";
    }
    response.writeHead(status, { ...headers, "content-length": body.length });
    response.end(request.method === "HEAD" ? undefined : body);
  });
  server.on("connection", (socket) => {
    sockets.add(socket);
    socket.on("close", () => {
      left += socket.bytesWritten;
      sockets.delete(socket);
    });
  });
  await new Promise((resolve) => server.listen(0, "127.0.0.1", resolve));
  return {
    url: `http://127.0.0.1:${server.address().port}/`,
    /** Bytes sent so far, headers too. */
    sent: () => [...sockets].reduce((sum, { bytesWritten }) => sum + bytesWritten, left),
    close: () => {
      server.close();
      server.closeAllConnections();
    },
  };
}
