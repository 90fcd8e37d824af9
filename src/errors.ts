/**
 * An error the user can mend: bad input, a bad option, a file that does not fit.
 * The message is one line that says what was wrong, where, and what was expected.
 * The command line prints it without a stack trace and exits with 2.
 */
export class InputError extends Error {
  override readonly name = "InputError";

  constructor(message: string) {
    // Names in a broken file may hold line breaks and worse.
    super(message.replace(/\p{Cc}+/gu, " "));
  }
}
