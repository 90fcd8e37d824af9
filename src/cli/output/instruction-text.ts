import type { Instruction } from "../../explain/explanation.js";
import { columns } from "./table.js";

/** Length of the longest bar, characters. */
const BAR = 20;

/** A row a token with its relevance and a bar: to the right above zero, to the left below it. */
export function instructionText({ text, tokens, relevance, unknown }: Instruction): string {
  const largest = relevance.reduce((most, value) => Math.max(most, Math.abs(value)), 0);
  const isSigned = relevance.some((value) => value < 0);
  const rows = tokens.map((token, i) => {
    const value = relevance[i];
    const name = unknown.includes(token) ? `${token} (unknown)` : token;
    if (value === undefined) return [name];
    const bar = "█".repeat(largest > 0 ? Math.round((BAR * Math.abs(value)) / largest) : 0);
    const left = isSigned ? [value < 0 ? bar.padStart(BAR) : " ".repeat(BAR)] : [];
    return [name, value.toPrecision(3), ...left, value < 0 ? "" : bar];
  });
  return [`told: ${text}`, columns([["word", ...(relevance.length > 0 ? ["relevance"] : [])], ...rows])].join("\n");
}
