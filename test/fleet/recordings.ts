import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { expect } from "vitest";
import { torquelens } from "../cli/run.js";

/** A shipped policy without memory. */
export const policy = fileURLToPath(new URL("../../models/reacher.onnx", import.meta.url));

/** Records a simulated run. */
export async function record(folder: string, name: string, seed: number, ticks = 30): Promise<string> {
  const path = join(folder, name);
  const argv = [
    "--policy",
    policy,
    "--no-live",
    "--speed",
    "0",
    "--ticks",
    `${ticks}`,
    "--seed",
    `${seed}`,
    "--record",
    path,
  ];
  expect(await torquelens("sim", ...argv)).toMatchObject({ code: 0 });
  return path;
}
