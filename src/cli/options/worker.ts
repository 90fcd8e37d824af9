import { availableParallelism } from "node:os";
import type { Command } from "commander";
import type { WorkerCommandOptions } from "../commands/worker.js";
import { deviceOption, repeatable, THREADS, wholeOption } from "./shared.js";

export function declareOptions(command: Command): void {
  command
    .argument("[engine]", "Redis server: redis://HOST:PORT, rediss:// with TLS (default: that of TORQUELENS_ENGINE)")
    .addOption(
      repeatable(
        "--root <folder>",
        "what jobs may name: recordings and data sets in this folder or s3:// URL; may be repeated (required)",
      ),
    )
    .addOption(
      wholeOption("--concurrency <n>", "jobs at a time, each in a process of its own", THREADS).default(
        Math.min(availableParallelism(), THREADS[1]),
        "one per processor",
      ),
    )
    .addOption(wholeOption("--threads <n>", "inference threads of each job", THREADS).default(1))
    .addOption(deviceOption())
    .addOption(wholeOption("--rate <n>", "jobs that all workers together begin a second at most", [1, 1_000_000]))
    .addOption(
      wholeOption(
        "--grace <seconds>",
        "after SIGTERM: time to finish the jobs in hand before they are given back",
        [0, 86_400],
      ).default(20),
    )
    .addOption(
      wholeOption(
        "--lock <seconds>",
        "time after which jobs of a worker that is not heard of go to others",
        [1, 3600],
      ).default(30),
    )
    .action(async (engine: string | undefined, options: WorkerCommandOptions) =>
      (await import("../commands/worker.js")).worker(engine, options),
    );
}
