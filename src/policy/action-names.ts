import { dirname, join } from "node:path";
import * as z from "zod";
import { readIfThere } from "../files/reading.js";
import type { Model } from "./policy.js";

/** Files beside a model that name its actions, as data sets of LeRobot have them. */
const FILES = ["info.json", "meta/info.json"];
/** Entries of a model's metadata that do: a JSON list, or names between commas. */
const ENTRIES = ["action_names", "actions"];

const names = z.array(z.string());
const info = z.object({
  features: z.object({
    action: z.object({ names: z.union([names, z.object({ motors: names }).transform(({ motors }) => motors)]) }),
  }),
});

/** Names of a policy's single actions: from the model's metadata, else from a file beside it; empty where none tells. */
export async function actionNames({ path, graph }: Model): Promise<readonly string[]> {
  for (const entry of ENTRIES) {
    const text = graph.metadata.get(entry);
    if (text !== undefined) return listed(text);
  }
  for (const file of FILES) {
    const text = await readIfThere(join(dirname(path), file), "the data set's description");
    const found = text && info.safeParse(parsed(text.toString()));
    if (found?.success) return found.data.features.action.names;
  }
  return [];
}

function listed(text: string): readonly string[] {
  const found = names.safeParse(parsed(text));
  return found.success ? found.data : text.split(",").map((name) => name.trim());
}

/** What is no JSON tells nothing. */
function parsed(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}
