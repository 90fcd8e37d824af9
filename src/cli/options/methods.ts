import type { Command } from "commander";

export function declareOptions(command: Command): void {
  command
    .option("--json", "print one JSON array")
    .action(async (options: { readonly json?: boolean }) => (await import("../commands/methods.js")).methods(options));
}
