import { InputError } from "../errors.js";

/** Deepest nesting of elements that is read; MuJoCo reads no deeper. */
const DEEPEST = 500;

/** What begins and ends where tags mean nothing. */
const APART = [
  ["<!--", "-->"],
  ["<![CDATA[", "]]>"],
  ["<?", "?>"],
] as const;

/**
 * Counts the nesting of XML elements before a parser that recurses reads them. Text that is not XML is left to it.
 * @throws InputError for elements nested deeper than 500 levels
 */
export function refuseDepth(text: string, source: string): void {
  let depth = 0;
  for (let at = text.indexOf("<"); at >= 0; at = text.indexOf("<", at)) {
    const [, apart] = APART.find(([start]) => text.startsWith(start, at)) ?? [];
    const end = text.indexOf(apart ?? ">", at);
    if (end < 0) return;
    if (apart === undefined) {
      if (text[at + 1] === "/") depth--;
      else if (text[at + 1] !== "!" && text[tagEnd(text, at) - 1] !== "/") depth++;
      if (depth > DEEPEST) throw new InputError(`${source}: elements are nested deeper than ${DEEPEST} levels`);
    }
    at = apart === undefined ? Math.max(tagEnd(text, at), at + 1) : end + apart.length;
  }
}

/** Where a tag's `>` is, or the text's end; attributes may hold one too. */
function tagEnd(text: string, from: number): number {
  let quote: string | undefined;
  for (let at = from; at < text.length; at++) {
    const character = text[at]!;
    if (quote !== undefined) quote = character === quote ? undefined : quote;
    else if (character === '"' || character === "'") quote = character;
    else if (character === ">") return at;
  }
  return text.length;
}
