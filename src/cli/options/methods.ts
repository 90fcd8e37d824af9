import type { Command } from "commander";

export function addMethods(program: Command): void {
  program
    .command("methods")
    .description("list the methods that explain, with their options and sources")
    .option("--json", "print one JSON array")
    .action(async (options: { readonly json?: boolean }) => (await import("../commands/methods.js")).methods(options));
}
