import type { Command } from "commander";
import type { ProfileOptions } from "../commands/profile.js";

export function declareOptions(command: Command): void {
  command
    .argument("<bags...>", "explained recordings: .mcap or .db3 files, or rosbag2 folders")
    .option("-o, --output <file>", "file to write the profile to (default: print it)")
    .option("--json", "print the profile as one JSON object")
    .action(async (bags: readonly string[], options: ProfileOptions) =>
      (await import("../commands/profile.js")).profile(bags, options),
    );
}
