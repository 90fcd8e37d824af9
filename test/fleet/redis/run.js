// npm run test:fleet [-- vitest arguments…]: tests batches and workers against real redis-servers on free ports of the
// loopback address. Exit code 77 where redis-server is not installed.
import { spawnSync } from "node:child_process";
import { join } from "node:path";

const root = join(import.meta.dirname, "../../..");
if (spawnSync("redis-server", ["--version"]).error) {
  console.log("test:fleet: no redis-server; install it (apt install redis-server)");
  process.exit(77);
}
const vitest = join(root, "node_modules/vitest/vitest.mjs");
const { status } = spawnSync(
  process.execPath,
  [vitest, "run", "--config", "test/fleet/redis/vitest.config.ts", ...process.argv.slice(2)],
  { cwd: root, stdio: "inherit" },
);
process.exit(status ?? 1);
