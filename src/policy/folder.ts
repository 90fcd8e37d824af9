import { readdir, stat } from "node:fs/promises";
import { join } from "node:path";
import { InputError } from "../errors.js";

/**
 * The file of a policy: the path itself, or of a folder its ONNX file, else its `model.json`.
 * @throws InputError for a folder with no model or several
 */
export async function modelIn(path: string): Promise<string> {
  const info = await stat(path).catch(() => undefined);
  if (!info?.isDirectory()) return path;
  const files = await readdir(path);
  const models = files.filter((name) => name.endsWith(".onnx")).sort();
  if (models.length > 1)
    throw new InputError(`${path}: several policies (${models.join(", ")}), expected one, or the name of one of them`);
  const found = models[0] ?? files.find((name) => name === "model.json");
  if (found !== undefined) return join(path, found);
  const weights = files.includes("model.safetensors");
  const hint = weights ? "; its weights are a checkpoint of PyTorch: export it first (docs/your-policy.md)" : "";
  throw new InputError(`${path}: a folder without a policy, expected model.onnx or model.json in it${hint}`);
}
