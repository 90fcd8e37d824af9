/** Control characters but for the line feed and tab, format characters such as bidirectional overrides, line separators. */
const INVISIBLE = /(?![\n\t])[\p{Cc}\p{Cf}\p{Zl}\p{Zp}\p{Cs}]/gu;

const escaped = (character: string): string =>
  Array.from(
    { length: character.length },
    (_, i) => `\\u${character.charCodeAt(i).toString(16).padStart(4, "0")}`,
  ).join("");

/**
 * Text as it may go to a terminal or a page: characters that move the cursor, change the direction of writing or are not
 * seen become escapes, `\u202e`. Names in cards, models and recordings can hold them. JSON stays the same JSON.
 */
export const visible = (text: string): string => text.replace(INVISIBLE, escaped);

/** As `visible` for a text that must stay on its line. */
export const visibleLine = (text: string): string => visible(text).replaceAll("\n", "\\n").replaceAll("\t", "\\t");
