import { writeFile } from "node:fs/promises";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { promisify } from "node:util";
import { gzip } from "node:zlib";
import { defineConfig, type Plugin } from "vite";

/** Smaller files are not worth a second one, bytes. */
const SMALL = 1024;

/** Writes `FILE.gz` beside every file of the build that becomes smaller by it; the page's server sends them. */
const packed: Plugin = {
  name: "packed",
  async writeBundle({ dir }, bundle) {
    for (const file of Object.values(bundle)) {
      const content = Buffer.from(file.type === "chunk" ? file.code : file.source);
      const smaller = content.length < SMALL ? content : await promisify(gzip)(content, { level: 9 });
      if (smaller.length < 0.9 * content.length) await writeFile(join(dir!, `${file.fileName}.gz`), smaller);
    }
  },
};

export default defineConfig({
  root: fileURLToPath(new URL(".", import.meta.url)),
  plugins: [packed],
  resolve: {
    alias: [{ find: /^#src\/(.*)\.js$/, replacement: fileURLToPath(new URL("../src/$1.ts", import.meta.url)) }],
  },
  build: {
    target: "es2022",
    outDir: "dist",
    emptyOutDir: true,
    assetsInlineLimit: 0,
    modulePreload: { polyfill: false },
    chunkSizeWarningLimit: 1000,
    rolldownOptions: { checks: { pluginTimings: false } },
  },
  // `npm run page` shows a page under work; the socket and recordings come from a torquelens that runs.
  server: { host: "127.0.0.1", port: 5173 },
});
