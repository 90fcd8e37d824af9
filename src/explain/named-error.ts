import { InputError } from "../errors.js";

/** Rethrows an error of a run; an InputError says where first, such as the policy's file. */
export const named =
  (where: string) =>
  (error: unknown): never => {
    throw error instanceof InputError ? new InputError(`${where}: ${error.message}`) : error;
  };
