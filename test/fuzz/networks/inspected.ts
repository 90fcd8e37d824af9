import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { inspect } from "#src/cli/commands/inspect.js";
import type { NodeRule } from "#src/relevance/contract/attribution.js";
import { failed } from "../failed.js";
import type { RandomPolicy } from "./policy.js";

/** `inspect --json` reports the rules that `compile` used, and no problem. */
export async function inspected(
  { bytes, card }: RandomPolicy,
  method: string,
  rules: readonly NodeRule[],
): Promise<void> {
  const folder = await mkdtemp(join(tmpdir(), "torquelens-fuzz-"));
  const path = join(folder, "p.onnx");
  try {
    await writeFile(path, bytes);
    await writeFile(join(folder, "p.yaml"), JSON.stringify(card));
    const report = JSON.parse(await printed(() => inspect(path, { method, json: true })));
    if (report.problem !== null) failed(`inspect: ${report.problem}`);
    if (JSON.stringify(report.rules) !== JSON.stringify(rules)) failed("inspect reports other rules than compile used");
    const text = await printed(() => inspect(path, { method }));
    if (!text.includes(`rules of ${method}`) || /undefined|NaN|\[object/.test(text)) failed(`inspect prints ${text}`);
  } finally {
    await rm(folder, { recursive: true });
  }
}

/** What is written to standard output meanwhile. */
async function printed(print: () => Promise<void>): Promise<string> {
  const { write } = process.stdout;
  let text = "";
  process.stdout.write = ((part: string) => {
    text += part;
    return true;
  }) as typeof write;
  try {
    await print();
  } finally {
    process.stdout.write = write;
  }
  return text;
}
