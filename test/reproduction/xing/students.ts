import { copyFile, mkdir, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { shippedPolicy } from "#src/package-files.js";
import { serialiseCard } from "#src/policy/card.js";
import { loadPolicy } from "#src/policy/policy.js";

/** Writes students of Red-Fetch-Green's policy with its own weights, their cards naming a teacher. @returns its digest */
export async function writeStudents(folder: string, kinds: readonly string[], teacher?: string): Promise<string> {
  const path = shippedPolicy("red-fetch-green");
  const { card, sha256 } = await loadPolicy(path);
  const { actions, inputs, name, control_period } = card;
  await mkdir(folder, { recursive: true });
  for (const kind of kinds) {
    const file = join(folder, `red-fetch-green-${kind}`);
    await copyFile(path, `${file}.onnx`);
    const training = { task: "red-fetch-green", distilled_from: teacher ?? sha256 };
    const own = { torquelens_card: 1 as const, name, control_period, actions, inputs, training };
    await writeFile(`${file}.yaml`, serialiseCard(own));
  }
  return sha256;
}
