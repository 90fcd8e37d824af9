import { Option } from "commander";
import { PRECISIONS, type Precision } from "../../relevance/precision/precision.js";

/** `--precision`, the same for every command that compiles relevance. */
export const precisionOption = (when = ""): Option =>
  new Option("--precision <name>", `${when}float32, or large convolutions of the relevance pass in eight-bit integers`)
    .choices(PRECISIONS)
    .default("exact");

/** Says on stderr that `fast` came to nothing, where it did. */
export function warnOfPrecision(asked: Precision | undefined, got: Precision): void {
  if (asked === "fast" && got === "exact")
    process.stderr.write("warning: precision fast: no convolution of this network gains from integers; exact\n");
}
