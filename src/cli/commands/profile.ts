import { basename } from "node:path";
import type { Bag } from "../../bag/bag.js";
import { readMessages } from "../../bag/read-messages.js";
import { assertWritable, writeAtomically } from "../../files/atomic.js";
import { refuseOverwriting } from "../../files/overwriting.js";
import { type Profile, serialiseProfile } from "../../health/profile.js";
import { ProfileBuilder } from "../../health/profile-builder.js";
import { EXPLANATION, RATIOS } from "../../messages/explanation.js";
import type { ExplanationMessage, RelevanceRatiosMessage } from "../../messages/types.js";
import { percent, plural } from "../../numbers/format.js";
import { writeErr, writeOut } from "../../text/terminal.js";
import { columns } from "../output/table.js";

export interface ProfileOptions {
  readonly output?: string;
  readonly json?: boolean;
}

export async function profile(bags: readonly string[], { output, json }: ProfileOptions): Promise<void> {
  await refuseOverwriting(bags, [output]);
  if (output !== undefined) await assertWritable(output);
  const builder = new ProfileBuilder();
  for (const path of bags) await read(path, builder);
  const made = builder.profile();
  const text = serialiseProfile(made);
  if (output !== undefined) await writeAtomically(output, text);
  if (json) writeOut(`${JSON.stringify(made)}\n`);
  else writeOut(output === undefined ? text : `${summary(made)}\n\nprofile  ${output}\n`);
}

async function read(path: string, builder: ProfileBuilder): Promise<void> {
  builder.begin(basename(path));
  const choose = ({ topics }: Bag) => ({
    decoded: topics.filter(({ type }) => type === EXPLANATION || type === RATIOS),
  });
  const problem = (text: string) => void writeErr(`warning: ${text}\n`);
  let skipped: { readonly first: string; count: number } | undefined;
  for await (const { topic, message } of readMessages(path, choose, { problem })) {
    const odd =
      topic.type === EXPLANATION
        ? builder.explanation(message as ExplanationMessage)
        : builder.ratios(message as RelevanceRatiosMessage);
    if (odd === undefined) continue;
    skipped ??= { first: `${topic.name}: ${odd}`, count: 0 };
    skipped.count++;
  }
  if (skipped) problem(`${path}: ${plural(skipped.count, "explanation")} skipped, the first on ${skipped.first}`);
}

function summary({ ticks, shares, ratios, method }: Profile): string {
  const rows = Object.entries(shares ?? ratios ?? {}).map(([name, { q01, q50, q99 }]) => [
    name,
    percent(q01),
    percent(q50),
    percent(q99),
  ]);
  const what = `${ticks} explanations${method === undefined ? "" : ` by ${method}`}; 1 %, 50 % and 99 % quantiles of the shares:`;
  return `${what}\n${columns(rows)}`;
}
