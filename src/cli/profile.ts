import { basename } from "node:path";
import type { Command } from "commander";
import { bagFiles } from "../bag/bag-files.js";
import { readMessages } from "../bag/read-messages.js";
import { type Profile, serialiseProfile } from "../health/profile.js";
import { ProfileBuilder } from "../health/profile-builder.js";
import type { ExplanationMessage, RelevanceRatiosMessage } from "../messages/types.js";
import { assertWritable, writeAtomically } from "./atomic.js";
import { columns } from "./table.js";

interface Options {
  readonly output?: string;
  readonly json?: boolean;
}

const EXPLANATION = "torquelens/msg/Explanation";
const RATIOS = "torquelens/msg/RelevanceRatios";

export function addProfile(program: Command): void {
  program
    .command("profile")
    .description("sum up the shares in explained recordings, to compare a running policy with")
    .argument(
      "<bags...>",
      "MCAP files, or folders of ros2 bag, with explanations, such as torquelens sim --record writes",
    )
    .option("-o, --output <file>", "where to write the profile (default: print it)")
    .option("--json", "print the profile as one JSON object")
    .action(profile);
}

async function profile(bags: readonly string[], { output, json }: Options): Promise<void> {
  if (output !== undefined) await assertWritable(output);
  const builder = new ProfileBuilder();
  for (const bag of bags) for (const file of await bagFiles(bag)) await read(file, builder);
  const made = builder.profile();
  const text = serialiseProfile(made);
  if (output !== undefined) await writeAtomically(output, text);
  if (json) process.stdout.write(`${JSON.stringify(made)}\n`);
  else process.stdout.write(output === undefined ? text : `${summary(made)}\n\nprofile  ${output}\n`);
}

async function read(bag: string, builder: ProfileBuilder): Promise<void> {
  builder.begin(basename(bag));
  for await (const entry of readMessages(bag, new Set([EXPLANATION, RATIOS]))) {
    if (entry.kind === "metadata") {
      if (entry.name === "torquelens") builder.facts(entry.metadata);
    } else if (entry.type === EXPLANATION) builder.explanation(entry.message as ExplanationMessage);
    else builder.ratios(entry.message as RelevanceRatiosMessage);
  }
}

function summary({ ticks, shares, ratios, method }: Profile): string {
  const percent = (part: number) => `${(100 * part).toFixed(1)} %`;
  const rows = Object.entries(shares ?? ratios ?? {}).map(([name, { q01, q50, q99 }]) => [
    name,
    percent(q01),
    percent(q50),
    percent(q99),
  ]);
  const what = `${ticks} explanations${method === undefined ? "" : ` by ${method}`}; shares that 1, 50 and 99 % of them do not exceed:`;
  return `${what}\n${columns(rows)}`;
}
