import type { Command } from "commander";
import { METHODS } from "../relevance/methods.js";

export function addMethods(program: Command): void {
  program
    .command("methods")
    .description("list the ways to explain, each with its source")
    .option("--json", "one JSON array")
    .action(({ json = false }: { json?: boolean }) => {
      const list = METHODS.map(({ name, title, cite, conserves, linear }) => ({
        name,
        title,
        cite,
        conserves,
        linear,
      }));
      const text = list.map(({ name, title, cite }) => `${name}  ${title}\n${" ".repeat(name.length + 2)}${cite}`);
      process.stdout.write(`${json ? JSON.stringify(list) : text.join("\n")}\n`);
    });
}
