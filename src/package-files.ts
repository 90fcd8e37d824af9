import { existsSync, readdirSync, readFileSync } from "node:fs";
import { fileURLToPath } from "node:url";

/** URL of a file or folder that ships with the package, by its path below the package's root: `models/reacher.xml`. */
export const packageUrl = (path: string): URL => new URL(`../${path}`, import.meta.url);

/** The same as a path. */
export const packagePath = (path: string): string => fileURLToPath(packageUrl(path));

/** A shipped policy's file, by its task's name. */
export const shippedPolicy = (task: string): string => packagePath(`models/${task}.onnx`);

interface SeededPolicy {
  readonly seed: number;
  readonly path: string;
}

/** The policies of a task that were trained as Levine et al. (2016) train, by seed; none where none is shipped. */
export const levinePolicies = (task: string): SeededPolicy[] => seededPolicies("models/levine", task);

/** The policies of a task that were trained by reward, by seed; none where none is shipped. */
export const rewardPolicies = (task: string): SeededPolicy[] => seededPolicies("models/ppo", task);

function seededPolicies(path: string, task: string): SeededPolicy[] {
  const folder = packagePath(path);
  if (!existsSync(folder)) return [];
  return readdirSync(folder)
    .flatMap((name) => {
      const seed = name.startsWith(`${task}-`) ? /^(\d+)\.onnx$/.exec(name.slice(task.length + 1))?.[1] : undefined;
      return seed === undefined ? [] : [{ seed: Number(seed), path: `${folder}/${name}` }];
    })
    .sort((a, b) => a.seed - b.seed);
}

/** The policies with attention, by the names of their files. */
export const attentionPolicies = (): string[] => policiesIn("models/attention");

/** Policies by their architectures of a world that has no usual one. */
export const policiesByArchitecture = (world: string): string[] => policiesIn(`models/${world}`);

function policiesIn(path: string): string[] {
  const folder = packagePath(path);
  if (!existsSync(folder)) return [];
  return readdirSync(folder)
    .filter((name) => name.endsWith(".onnx"))
    .sort()
    .map((name) => `${folder}/${name}`);
}

/** A policy's file that was trained with goals anywhere, by its task's name; not every task has one. */
export const anywherePolicy = (task: string): string => packagePath(`models/anywhere/${task}.onnx`);

/** The reacher's policy with the layers and the picture of Levine et al. (2016), for benchmarks. */
export const largePolicy = (): string => packagePath("models/large/reacher.onnx");

/** Results of the experiment on the number of goals of a training. */
export const goalsFile = (): string => packagePath("models/levine/goals.json");

/** The MJCF file of a task's arm and scene, by the task's name. */
export const shippedModel = (task: string): string => packagePath(`models/${task}.xml`);

/** Folder of the built page. */
export const pageFolder = (): string => packagePath("viewer/dist");

/** The package's own metadata. */
export const packageMetadata = (): { readonly version: string; readonly description: string } =>
  JSON.parse(readFileSync(packageUrl("package.json"), "utf8"));
