import { visible } from "./visible.js";

// The only places that write text to a terminal, but for the progress bar.

/** Writes to standard output. Returns false where the reader is behind. */
export function writeOut(text: string): boolean {
  return process.stdout.write(visible(text));
}

/** Writes to standard error. Returns false where the reader is behind. */
export function writeErr(text: string): boolean {
  return process.stderr.write(visible(text));
}
