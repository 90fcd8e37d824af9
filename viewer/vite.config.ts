import { fileURLToPath } from "node:url";
import { defineConfig } from "vite";

export default defineConfig({
  root: fileURLToPath(new URL(".", import.meta.url)),
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
  },
  // `npm run page` shows a page under work; the socket and recordings come from a torquelens that runs.
  server: { host: "127.0.0.1", port: 5173 },
});
