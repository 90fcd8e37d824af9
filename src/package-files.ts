import { readFileSync } from "node:fs";
import { fileURLToPath } from "node:url";

/** URL of a file or folder that ships with the package, by its path below the package's root: `models/reacher.xml`. */
export const packageUrl = (path: string): URL => new URL(`../${path}`, import.meta.url);

/** The same as a path. */
export const packagePath = (path: string): string => fileURLToPath(packageUrl(path));

/** A shipped policy's file, by its task's name. */
export const shippedPolicy = (task: string): string => packagePath(`models/${task}.onnx`);

/** The MJCF file of a task's arm and scene, by the task's name. */
export const shippedModel = (task: string): string => packagePath(`models/${task}.xml`);

/** Folder of the built page. */
export const pageFolder = (): string => packagePath("viewer/dist");

/** The package's own metadata. */
export const packageMetadata = (): { readonly version: string; readonly description: string } =>
  JSON.parse(readFileSync(packageUrl("package.json"), "utf8"));
