// npm run test:video [-- vitest arguments…]: tests data sets with videos against a real ffmpeg. Exit code 77 where it is not
// installed.
import { spawnSync } from "node:child_process";
import { join } from "node:path";

const root = join(import.meta.dirname, "../../..");
if (spawnSync("ffmpeg", ["-version"]).error) {
  console.log("test:video: no ffmpeg; install it (apt install ffmpeg)");
  process.exit(77);
}
const vitest = join(root, "node_modules/vitest/vitest.mjs");
const { status } = spawnSync(
  process.execPath,
  [vitest, "run", "--config", "test/bag/video/vitest.config.ts", ...process.argv.slice(2)],
  { cwd: root, stdio: "inherit" },
);
process.exit(status ?? 1);
