/**
 * Version of the tables' columns and folders. A change that readers must know of raises it; new columns alone do not.
 */
export const SCHEMA_VERSION = 1;

/** The tables of a data set: a row a tick and joint, and a row a run. */
export const TABLES = ["ticks", "runs"] as const;
export type Table = (typeof TABLES)[number];

/** Where a part lies: the hive partition. */
export interface Partition {
  readonly policy: string;
  /** Day of the recording's beginning, UTC. */
  readonly date: string;
  readonly robot: string;
}

/** A file of a table. */
export interface Part extends Partition {
  readonly table: Table;
  /** Name of the job that wrote it: 16 hex digits of recording and settings, 8 of slice and robot, `-`, 12 of size and time. */
  readonly part: string;
}

/** Longest name of a folder, in bytes, on common file systems. */
const LONGEST = 200;

/** A value in the name of a folder: what file systems, URLs and readers of hive partitions take otherwise is escaped. */
function escaped(value: string): string {
  const text = encodeURIComponent(value).replace(/[!'()*~]/g, (c) => `%${c.charCodeAt(0).toString(16).toUpperCase()}`);
  return text
    .replace(/^\.+$/, (dots) => "%2E".repeat(dots.length))
    .slice(0, LONGEST)
    .replace(/%.?$/, "");
}

/** `runs/policy=…/date=…/robot=…/PART.parquet` */
export const fileOf = ({ table, policy, date, robot, part }: Part): string =>
  `${table}/policy=${escaped(policy)}/date=${escaped(date)}/robot=${escaped(robot)}/${part}.parquet`;

const FILE = /^(ticks|runs)\/policy=([^/]+)\/date=([^/]+)\/robot=([^/]+)\/([0-9a-f]{24}-[0-9a-f]{12})\.parquet$/;

/** The part that a file is, by its name below the data set; undefined for other files. */
export function partIn(name: string): Part | undefined {
  const [, table, policy, date, robot, part] = FILE.exec(name) ?? [];
  if (part === undefined) return undefined;
  try {
    const [p, d, r] = [policy, date, robot].map((text) => decodeURIComponent(text!)) as [string, string, string];
    return { table: table as Table, policy: p, date: d, robot: r, part };
  } catch {
    return undefined;
  }
}

/** Begins the names of all parts of one recording, explained in one way: as it is and as it was, whole and in slices. */
export const recordingIn = (part: string): string => part.slice(0, 16);

/** Folder of the policies' files, each under its digest. Readers of Parquet pass over names with an underscore. */
export const POLICIES = "_policies";
