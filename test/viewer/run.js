// npm run test:page [-- vitest arguments…]: tests the page in a real Chromium, that of CHROMIUM_PATH or on PATH. Exit
// code 77 where there is none.
import { spawnSync } from "node:child_process";
import { join } from "node:path";
import { chromiumPath } from "./chromium.js";

const root = join(import.meta.dirname, "../..");
const path = chromiumPath();
if (path === undefined) {
  console.log("test:page: no Chromium; install it (apt install chromium) or name it in CHROMIUM_PATH");
  process.exit(77);
}
const vitest = join(root, "node_modules/vitest/vitest.mjs");
const { status } = spawnSync(
  process.execPath,
  [vitest, "run", "--config", "test/viewer/vitest.config.ts", ...process.argv.slice(2)],
  { cwd: root, stdio: "inherit", env: { ...process.env, CHROMIUM_PATH: path } },
);
process.exit(status ?? 1);
