import type { Command } from "commander";
import { NETWORKS } from "../../bench/networks.js";
import { LIMITS } from "../../limits.js";
import type { BenchOptions } from "../commands/bench.js";
import { deviceOption, methodOption, numberOption, precisionOption, THREADS, wholeOption } from "./shared.js";

export function declareOptions(command: Command): void {
  command
    .addOption(wholeOption("--threads <n>", "inference threads", THREADS).default(2))
    .addOption(deviceOption())
    .addOption(methodOption("what to time"))
    .addOption(numberOption("--seconds <s>", "seconds per case and round", [0.1, 3600]).default(2))
    .addOption(wholeOption("--rounds <n>", "number of rounds; each times every case once", [1, 1000]).default(3))
    .option("--ros", "time the ROS 2 node's pipeline instead: image stamp to published explanation at 20 Hz")
    .addOption(wholeOption("--ticks <n>", "with --ros: images per case", [1, LIMITS.steps]).default(2000))
    .addOption(numberOption("--joint-rate <hz>", "with --ros: joint states per second", [1, 10_000]).default(500))
    .addOption(precisionOption("with --ros: "))
    .option(
      "--network <name...>",
      `only these of ${Object.keys(NETWORKS).join(", ")}; trained-240-arm and shipped-peg not with --ros`,
    )
    .option("--json", "print one JSON line at the end")
    .action(async (options: BenchOptions) => (await import("../commands/bench.js")).bench(options));
}
