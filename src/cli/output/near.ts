import { relative } from "node:path";

/** A path as it is shown: from the working directory where it lies in it, else whole. */
export function near(path: string): string {
  const from = relative(process.cwd(), path);
  return from.startsWith("..") ? path : from;
}
