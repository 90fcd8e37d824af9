import type { Command } from "commander";
import { NETWORKS } from "../../bench/networks.js";
import type { BenchOptions } from "../commands/bench.js";
import { atLeast, wholeNumber } from "../input/numbers.js";
import { deviceOption, methodOption, precisionOption } from "./shared.js";

export function addBench(program: Command): void {
  program
    .command("bench")
    .description("measure the latency of relevance and shares, as ratios to the policy alone")
    .option("--threads <n>", "inference threads", wholeNumber(1), 2)
    .addOption(deviceOption())
    .addOption(methodOption("what to time"))
    .option("--seconds <s>", "seconds per case and round", atLeast(0.1), 2)
    .option("--rounds <n>", "number of rounds; each times every case once", wholeNumber(1), 3)
    .option("--ros", "time the ROS 2 node's pipeline instead: image stamp to published explanation at 20 Hz")
    .option("--ticks <n>", "with --ros: images per case", wholeNumber(1), 2000)
    .option("--joint-rate <hz>", "with --ros: joint states per second", atLeast(1), 500)
    .addOption(precisionOption("with --ros: "))
    .option(
      "--network <name...>",
      `only these of ${Object.keys(NETWORKS).join(", ")}; the last is not available with --ros`,
    )
    .option("--json", "print one JSON line at the end")
    .action(async (options: BenchOptions) => (await import("../commands/bench.js")).bench(options));
}
