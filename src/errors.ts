/** Problems that a message lists at most. */
const LISTED = 20;

/**
 * An error the user can mend: bad input, a bad option, a file that does not fit.
 * The message is one line that says what was wrong, where, and what was expected; of several problems, one after another.
 * The command line prints a line for each, without a stack trace, and exits with 2.
 */
export class InputError extends Error {
  override readonly name = "InputError";
  /** One line each: the first ones, and how many there are beside them. */
  readonly problems: readonly string[];
  /** All of them, as they were given. */
  readonly all: readonly string[];

  constructor(problems: string | readonly string[]) {
    const all = typeof problems === "string" ? [problems] : problems;
    // Names in a broken file may hold line breaks and worse, and be of any length.
    const lines = all.slice(0, LISTED).map((problem) => brief(problem.replace(/\p{Cc}+/gu, " ")));
    const more = all.length - lines.length;
    const listed = more > 0 ? [...lines, `and ${more} more ${more === 1 ? "problem" : "problems"}`] : lines;
    super(listed.join("; "));
    this.problems = listed;
    this.all = all;
  }
}

/** Ends a command with exit code 1 after everything has been said. */
export class Failed extends Error {
  override readonly name = "Failed";
}

/** Runs every check. @throws InputError with the problems of all that throw one */
export function checkAll(checks: Iterable<() => void>): void {
  const problems = new Set<string>();
  for (const check of checks) {
    try {
      check();
    } catch (error) {
      if (!(error instanceof InputError)) throw error;
      for (const problem of error.all) problems.add(problem);
    }
  }
  if (problems.size > 0) throw new InputError([...problems]);
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
