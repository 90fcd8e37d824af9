/**
 * An error the user can mend: bad input, a bad option, a file that does not fit.
 * The message is one line that says what was wrong, where, and what was expected.
 * The command line prints it without a stack trace and exits with 2.
 */
export class InputError extends Error {
  override readonly name = "InputError";

  constructor(message: string) {
    // Names in a broken file may hold line breaks and worse, and be of any length.
    super(brief(message.replace(/\p{Cc}+/gu, " ")));
  }
}

/** Longest quoted text, word and message, in characters. */
const LONGEST_QUOTE = 200;
const LONGEST_WORD = 400;
const LONGEST_MESSAGE = 2000;

/** A message with long names, and what is too long as a whole, cut in the middle. */
export const brief = (message: string): string =>
  cut(
    message
      .replace(/"[^"]+"/g, (quoted) =>
        quoted.length > LONGEST_QUOTE + 2 ? `"${cut(quoted.slice(1, -1), LONGEST_QUOTE)}"` : quoted,
      )
      .replace(/\S+/g, (word) => cut(word, LONGEST_WORD)),
    LONGEST_MESSAGE,
  );

function cut(text: string, longest: number): string {
  if (text.length <= longest) return text;
  const half = longest / 2;
  return `${text.slice(0, half)}…${text.slice(-half)}`;
}
