import { Option } from "commander";
import { DEVICES } from "../../runtime/device.js";

/** `--device`, the same for every command that runs a network. */
export const deviceOption = (): Option =>
  new Option("--device <name>", "what to compute on; auto takes cuda where it works; falls back to the CPU")
    .choices(DEVICES)
    .default("cpu");

/** Says on stderr why the device asked for is not the one in use, where it is not. */
export function warnOfFallback({ fallback }: { readonly fallback: string | undefined }): void {
  if (fallback !== undefined) process.stderr.write(`warning: ${fallback}\n`);
}
