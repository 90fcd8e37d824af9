import sqlite from "node-sqlite3-wasm";

type Database = InstanceType<typeof sqlite.Database>;
type Statement = ReturnType<Database["prepare"]>;

/** A row of the table of messages, without its payload. */
export interface MessageRow {
  readonly id: number;
  readonly topic: number;
  /** Nanoseconds. */
  readonly timestamp: bigint;
}

/** Rows between two that can be read. */
export interface LostRows {
  readonly first: number;
  readonly count: number;
  /** Timestamps of the rows beside them, nanoseconds. */
  readonly span?: readonly [start: bigint, end: bigint];
}

const COLUMNS = "SELECT id, topic_id, timestamp FROM messages NOT INDEXED";

/** True for what SQLite throws on a damaged file. */
export const isDamage = (error: unknown): error is Error =>
  error instanceof sqlite.SQLite3Error || (error instanceof Error && error.name === "RuntimeError");

/**
 * Finds the messages of a database that may be damaged: pages that cannot be read are skipped, and rows whose timestamp
 * is not that of the index.
 * @returns the rows in the order of their timestamps, and those between them that are lost
 */
export function findRows(database: Database): { readonly rows: MessageRow[]; readonly lost: LostRows[] } {
  const rows: MessageRow[] = [];
  const gaps: Gap[] = [];
  for (let from = 0; ; ) {
    if (readOn(database, from, rows)) break;
    const before = rows.at(-1);
    // Each turn begins behind the one before, whatever a damaged tree says.
    const first = Math.max(from, before?.id ?? 0) + 1;
    const next = nextRow(database, first);
    gaps.push({ first, next, before });
    if (!next) break;
    from = next.id;
  }
  const listed = listedRows(database);
  const lost = listed ? missing(listed, rows) : gapsOf(database, rows, gaps);
  const times = new Map(listed?.map(({ id, timestamp }) => [id, timestamp]));
  const sound = rows.filter(({ id, timestamp }) => timestamp >= 0n && (times.get(id) ?? timestamp) === timestamp);
  sound.sort((a, b) => (a.timestamp === b.timestamp ? a.id - b.id : a.timestamp < b.timestamp ? -1 : 1));
  return { rows: sound, lost };
}

type ListedRow = Pick<MessageRow, "id" | "timestamp">;

/** Rows by the index of timestamps; undefined where there is none, or it is damaged. */
function listedRows(database: Database): ListedRow[] | undefined {
  try {
    const sql = "SELECT id, timestamp FROM messages INDEXED BY timestamp_idx";
    return database.all(sql).map((row) => ({ id: Number(row.id), timestamp: nanoseconds(row.timestamp) }));
  } catch (error) {
    if (!isDamage(error)) throw error;
    return undefined;
  }
}

/** Rows that the index lists and the table lacks or has at another time, in stretches. */
function missing(listed: ListedRow[], rows: readonly MessageRow[]): LostRows[] {
  const found = new Map(rows.map(({ id, timestamp }) => [id, timestamp]));
  const lost: { first: number; count: number; span: [bigint, bigint] }[] = [];
  for (const { id, timestamp } of listed
    .filter((row) => found.get(row.id) !== row.timestamp)
    .sort((a, b) => a.id - b.id)) {
    const last = lost.at(-1);
    if (!last || last.first + last.count !== id) lost.push({ first: id, count: 1, span: [timestamp, timestamp] });
    else {
      last.count++;
      last.span = [
        timestamp < last.span[0] ? timestamp : last.span[0],
        timestamp > last.span[1] ? timestamp : last.span[1],
      ];
    }
  }
  return lost;
}

interface Gap {
  readonly first: number;
  readonly before: MessageRow | undefined;
  readonly next: MessageRow | undefined;
}

/** Gaps between rows, as if every number in them had a row. */
function gapsOf(database: Database, rows: readonly MessageRow[], gaps: readonly Gap[]): LostRows[] {
  const last = Math.max(lastId(database), rows.at(-1)?.id ?? 0);
  return gaps.map(({ first, next, before }): LostRows => {
    const count = (next ? next.id : last + 1) - first;
    const times = [before, next].flatMap((row) => (row && row.timestamp >= 0n ? [row.timestamp] : []));
    return times.length === 0 ? { first, count } : { first, count, span: [times[0]!, times.at(-1)!] };
  });
}

/** Reads rows from a number on into `rows`. @returns false where they cannot be read to the end */
function readOn(database: Database, from: number, rows: MessageRow[]): boolean {
  const statement = database.prepare(`${COLUMNS} WHERE id >= ? ORDER BY id`);
  try {
    for (const row of statement.iterate([from])) {
      const found = rowOf(row as Readonly<Record<string, unknown>>);
      // A damaged tree may lead to the same rows again.
      if (rows.length > 0 && found.id <= rows.at(-1)!.id) return false;
      rows.push(found);
    }
    return true;
  } catch (error) {
    if (!isDamage(error)) throw error;
    return false;
  } finally {
    finalize(statement);
  }
}

/** Ends a statement; one that failed does not fail again. */
export function finalize(statement: Statement): void {
  try {
    statement.finalize();
  } catch (error) {
    if (!isDamage(error)) throw error;
  }
}

/** The first row from a number on that can be read again; undefined where there is none. */
function nextRow(database: Database, first: number): MessageRow | undefined {
  let [low, high, found] = [first, first, undefined as MessageRow | undefined];
  for (let step = 1; !found && step < 2 ** 40; step *= 2) {
    [low, high] = [high, first + step];
    const row = rowFrom(database, high);
    if (row === "none") return undefined;
    if (row !== "damaged") found = row;
  }
  while (found && low + 1 < high) {
    const middle = Math.floor((low + high) / 2);
    const row = rowFrom(database, middle);
    if (row === "damaged" || row === "none") low = middle;
    else [high, found] = [middle, row];
  }
  return found;
}

function rowFrom(database: Database, id: number): MessageRow | "none" | "damaged" {
  try {
    const row = database.get(`${COLUMNS} WHERE id >= ? ORDER BY id LIMIT 1`, [id]);
    if (!row) return "none";
    const found = rowOf(row as Readonly<Record<string, unknown>>);
    return found.id >= id ? found : "damaged";
  } catch (error) {
    if (!isDamage(error)) throw error;
    return "damaged";
  }
}

/** Largest number of a row; 0 where it cannot be read. */
function lastId(database: Database): number {
  try {
    return Number(database.get("SELECT MAX(id) AS last FROM messages NOT INDEXED")?.last ?? 0);
  } catch (error) {
    if (!isDamage(error)) throw error;
    return 0;
  }
}

export const rowOf = ({ id, topic_id, timestamp }: Readonly<Record<string, unknown>>): MessageRow => ({
  id: Number(id),
  topic: Number(topic_id),
  timestamp: nanoseconds(timestamp),
});

/** A timestamp; −1 where the column holds something else. */
const nanoseconds = (value: unknown): bigint =>
  (typeof value === "bigint" || Number.isSafeInteger(value)) && BigInt(value as number | bigint) >= 0n
    ? BigInt(value as number | bigint)
    : -1n;

/** True for rows whose timestamp is one: a whole number, not negative. */
export const IS_TIMED = "typeof(timestamp) = 'integer' AND timestamp >= 0";

/** A row that has no place among the others. */
export interface UntimedRow {
  readonly id: number;
  readonly topic: number;
  readonly found: unknown;
}

/** Rows without a timestamp, as far as they can be read. */
export function untimedRows(database: Database): UntimedRow[] {
  try {
    return database
      .all(`SELECT id, topic_id, timestamp FROM messages NOT INDEXED WHERE NOT (${IS_TIMED})`)
      .map(({ id, topic_id, timestamp }) => ({ id: Number(id), topic: Number(topic_id), found: timestamp }));
  } catch (error) {
    if (!isDamage(error)) throw error;
    return [];
  }
}
