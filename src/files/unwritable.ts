import { InputError } from "../errors.js";
import { own } from "../own.js";

const NAME = "expected a writable file name";
const ROOM = "expected room for it";

/** Reasons that a user can mend, and what was expected, by the system's codes. */
const REASONS: Readonly<Record<string, readonly [reason: string, expected: string]>> = {
  ENOENT: ["no such directory", NAME],
  ENOTDIR: ["part of the path is not a directory", NAME],
  EISDIR: ["it is a directory", NAME],
  EEXIST: ["it exists already", NAME],
  EACCES: ["permission denied", NAME],
  EPERM: ["permission denied", NAME],
  EROFS: ["the file system is read-only", NAME],
  ENAMETOOLONG: ["the name is too long", NAME],
  ELOOP: ["its links lead in a circle", NAME],
  ETXTBSY: ["it is a program that runs", NAME],
  ENOSPC: ["no space left on the device", ROOM],
  EDQUOT: ["the disk quota is used up", ROOM],
  EFBIG: ["it would be larger than the system allows", ROOM],
  EMFILE: ["too many files are open", "expected a higher limit (ulimit -n)"],
  ENFILE: ["too many files are open on this computer", "expected fewer"],
  EIO: ["the disk fails", "expected a disk that works"],
  EPIPE: ["its reader has gone", "expected one that reads to the end"],
};

/** An InputError that names the file, for what a system call refused; other errors unchanged. */
export function unwritable(path: string, error: unknown): unknown {
  const { code, syscall, message } = error as NodeJS.ErrnoException;
  if (error instanceof InputError || code === undefined || (syscall === undefined && !Object.hasOwn(REASONS, code)))
    return error;
  const [reason, expected] = own(REASONS, code) ?? [message, NAME];
  return new InputError(`${path}: cannot write it (${reason}), ${expected}`);
}

/** Runs a step of writing a file. @throws InputError that names the file, where the system refuses it */
export async function writing<T>(path: string, step: () => Promise<T> | T): Promise<T> {
  try {
    return await step();
  } catch (error) {
    throw unwritable(path, error);
  }
}
