import { brief } from "../../errors.js";
import type { Precision } from "../../relevance/precision/precision.js";
import { writeErr } from "../../text/terminal.js";
import { visibleLine } from "../../text/visible.js";

/** Facts about something compiled or loaded that a user should know. */
interface Warned {
  /** Why the requested device is not in use. */
  readonly fallback?: string | undefined;
  /** What the method could not do for this policy. */
  readonly warnings?: readonly string[];
  readonly precision?: Precision;
}

export function warn(line: string): void {
  writeErr(`warning: ${visibleLine(brief(line))}\n`);
}

/** Prints a device that fell back, a method's warnings, and a `fast` precision without effect to stderr. */
export function warnOf({ fallback, warnings = [], precision }: Warned, asked?: Precision): void {
  if (fallback !== undefined) warn(fallback);
  for (const line of warnings) warn(line);
  if (asked === "fast" && precision === "exact")
    warn("precision fast: this network has no convolution that gains from integers; using exact");
}
