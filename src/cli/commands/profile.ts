import { basename } from "node:path";
import { keyOf } from "../../bag/bag.js";
import { decoderOf } from "../../bag/decode.js";
import { openBag } from "../../bag/open-bag.js";
import { assertWritable, writeAtomically } from "../../files/atomic.js";
import { type Profile, serialiseProfile } from "../../health/profile.js";
import { ProfileBuilder } from "../../health/profile-builder.js";
import type { ExplanationMessage, RelevanceRatiosMessage } from "../../messages/types.js";
import { percent } from "../../numbers/format.js";
import { columns } from "../output/table.js";

export interface ProfileOptions {
  readonly output?: string;
  readonly json?: boolean;
}

const EXPLANATION = "torquelens/msg/Explanation";
const RATIOS = "torquelens/msg/RelevanceRatios";

export async function profile(bags: readonly string[], { output, json }: ProfileOptions): Promise<void> {
  if (output !== undefined) await assertWritable(output);
  const builder = new ProfileBuilder();
  for (const path of bags) await read(path, builder);
  const made = builder.profile();
  const text = serialiseProfile(made);
  if (output !== undefined) await writeAtomically(output, text);
  if (json) process.stdout.write(`${JSON.stringify(made)}\n`);
  else process.stdout.write(output === undefined ? text : `${summary(made)}\n\nprofile  ${output}\n`);
}

async function read(path: string, builder: ProfileBuilder): Promise<void> {
  builder.begin(basename(path));
  const bag = await openBag(path);
  try {
    const wanted = bag.topics.filter(({ type }) => type === EXPLANATION || type === RATIOS);
    const decoders = new Map(wanted.map((topic) => [keyOf(topic), decoderOf(topic, path)]));
    for await (const { topic, data } of bag.read({ topics: new Set(wanted.map(({ name }) => name)) })) {
      const message = decoders.get(keyOf(topic))?.(data);
      if (topic.type === EXPLANATION) builder.explanation(message as ExplanationMessage);
      else if (topic.type === RATIOS) builder.ratios(message as RelevanceRatiosMessage);
    }
    for (const problem of bag.problems) process.stderr.write(`warning: ${problem}\n`);
  } finally {
    await bag.close();
  }
}

function summary({ ticks, shares, ratios, method }: Profile): string {
  const rows = Object.entries(shares ?? ratios ?? {}).map(([name, { q01, q50, q99 }]) => [
    name,
    percent(q01),
    percent(q50),
    percent(q99),
  ]);
  const what = `${ticks} explanations${method === undefined ? "" : ` by ${method}`}; shares that 1, 50 and 99 % of them do not exceed:`;
  return `${what}\n${columns(rows)}`;
}
