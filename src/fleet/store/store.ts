/** A folder of files on a disk or in an object store, by their names below it with `/`. */
export interface Store {
  /** Its path or URL. */
  readonly uri: string;
  /** Names of the files whose names begin with `prefix`, which ends with `/` or is empty. Nothing where there are none. */
  list(prefix: string): AsyncGenerator<string>;
  has(name: string): Promise<boolean>;
  /** A file's bytes; undefined where there is none. */
  read(name: string): Promise<Uint8Array | undefined>;
  /** Writes a file that `fill` makes at a local path: it is there whole or not at all. */
  write(name: string, fill: (path: string) => Promise<void>): Promise<void>;
  /** Removes a file; nothing where there is none. */
  remove(name: string): Promise<void>;
}

/** A recording that can be opened: files on this machine. */
export interface LocalCopy {
  readonly path: string;
  /** Removes what was copied. */
  done(): Promise<void>;
}
