import { InputError } from "../errors.js";

/** The faults of parts that are left out while the rest is read. */
export class Problems {
  readonly texts: string[] = [];

  /** What `read` returns; undefined, with its fault noted, where it throws an InputError. */
  attempt<Part>(read: () => Part): Part | undefined {
    try {
      return read();
    } catch (error) {
      if (!(error instanceof InputError)) throw error;
      this.texts.push(error.message);
      return undefined;
    }
  }
}
