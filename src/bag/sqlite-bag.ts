import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import sqlite from "node-sqlite3-wasm";
import { InputError } from "../errors.js";
import { own } from "../own.js";
import { type Bag, type BagRecord, fullType, type Selection, type Topic, unitedById } from "./bag.js";
import { DamageLog, type Losses } from "./damage.js";
import { placed } from "./sqlite-place.js";
import {
  finalize,
  findRows,
  IS_TIMED,
  isDamage,
  type LostRows,
  type MessageRow,
  rowOf,
  type UntimedRow,
  untimedRows,
} from "./sqlite-rows.js";
import { isPacked, unpacked, zstdLoaded } from "./zstd.js";

type Database = InstanceType<typeof sqlite.Database>;
type Row = Readonly<Record<string, unknown>>;

/**
 * Opens a `.db3` bag of any schema version. SQLite opens a link to the file, or a copy where a killed recorder left a
 * journal or a write-ahead log, so that nothing is written to the bag or beside it.
 * @throws InputError where the file is not such a bag
 */
export async function openSqlite(path: string): Promise<Bag> {
  await zstdLoaded;
  const folder = await mkdtemp(join(tmpdir(), "torquelens-bag-"));
  let database: Database | undefined;
  try {
    const file = await placed(path, folder);
    database = new sqlite.Database(file.path, { readOnly: !file.isCopy, fileMustExist: true });
    // Without shared memory, only an exclusive connection can read a write-ahead log.
    database.exec("PRAGMA locking_mode=EXCLUSIVE");
    refuseViews(database, path);
    return new SqliteBag(path, database, folder, described(database), file.lacks);
  } catch (error) {
    database?.close();
    await rm(folder, { recursive: true, force: true });
    if (!isDamage(error)) throw error;
    throw new InputError(`${path}: not a rosbag2 database (${error.message})`);
  }
}

const TABLES = ["messages", "topics", "message_definitions"];

/** A view can have rows without end. @throws InputError where one stands for a table of the bag */
function refuseViews(database: Database, path: string): void {
  for (const { name, type, sql } of rows(database, "SELECT name, type, sql FROM sqlite_master"))
    if (TABLES.includes(String(name).toLowerCase()) && !(type === "table" && /^CREATE TABLE\b/i.test(String(sql))))
      throw new InputError(`${path}: not a rosbag2 database (${name} is a view, expected a table)`);
}

interface Described {
  readonly topics: ReadonlyMap<number, Topic>;
  readonly start: bigint;
  readonly end: bigint;
  readonly messages: number;
  readonly isPacked: boolean;
  /** Rows that are lost; undefined where the database seems whole. */
  readonly lost: readonly LostRows[] | undefined;
  readonly untimed: readonly UntimedRow[];
}

/** Reads the bag's tables; an older schema may lack some columns and tables. */
function described(database: Database): Described {
  const tables = new Set(rows(database, "SELECT name FROM sqlite_master WHERE type = 'table'").map(({ name }) => name));
  const definitions = tables.has("message_definitions")
    ? rowsToDamage(database, "SELECT * FROM message_definitions ORDER BY id")
    : [];
  const schemas = new Map(
    definitions
      .filter(({ encoded_message_definition: text }) => typeof text === "string" && text !== "")
      .map(({ topic_type, encoding, encoded_message_definition: text }) => [
        fullType(String(topic_type)),
        { encoding: String(encoding), data: new TextEncoder().encode(text as string) },
      ]),
  );
  const { counts, span, lost, untimed } = contentsOf(database);
  const topics = new Map<number, Topic>();
  for (const row of rowsToDamage(database, "SELECT * FROM topics ORDER BY id")) {
    // Messages of a topic without a name or a type cannot be read: they count as lost.
    if (typeof row.name !== "string" || typeof row.type !== "string") continue;
    const type = fullType(row.type);
    const metadata = new Map<string, string>();
    if (row.offered_qos_profiles) metadata.set("offered_qos_profiles", String(row.offered_qos_profiles));
    if (row.type_description_hash) metadata.set("topic_type_hash", String(row.type_description_hash));
    const encoding = String(row.serialization_format ?? "cdr");
    const messages = counts.get(Number(row.id)) ?? 0;
    topics.set(Number(row.id), {
      name: row.name,
      type,
      encoding,
      schema: schemas.get(type),
      metadata,
      messages,
    });
  }
  const messages = [...counts.values()].reduce((sum, count) => sum + count, 0);
  return { topics, start: span[0], end: span[1], messages, isPacked: holdsPacked(database), lost, untimed };
}

/** Number and checksums of messages. */
const SUMS = "COUNT(*) AS messages, SUM(id % 8191) AS ids, SUM(timestamp % 8191) AS times";

/** Rows with a timestamp, and their columns. */
const TIMED = `SELECT id, topic_id, timestamp, data FROM messages WHERE ${IS_TIMED}`;

interface Contents {
  /** Messages by topic. */
  readonly counts: ReadonlyMap<number, number>;
  readonly span: readonly [start: bigint, end: bigint];
  readonly lost: readonly LostRows[] | undefined;
  readonly untimed: readonly UntimedRow[];
}

function contentsOf(database: Database): Contents {
  const counts = new Map<number, number>();
  try {
    const found = rows(
      database,
      `SELECT topic_id, ${SUMS}, SUM(NOT (${IS_TIMED})) AS untimed FROM messages NOT INDEXED GROUP BY topic_id`,
    );
    for (const row of found) counts.set(Number(row.topic_id), Number(row.messages));
    const untimed = found.some((row) => Number(row.untimed) > 0) ? untimedRows(database) : [];
    for (const { topic } of untimed) counts.set(topic, (counts.get(topic) ?? 0) - 1);
    const [first, last] = ["ASC", "DESC"].map(
      (order) => rows(database, `${TIMED} ORDER BY timestamp ${order} LIMIT 1`)[0],
    );
    const span = [first, last].map((row) => (row ? rowOf(row).timestamp : 0n)) as [bigint, bigint];
    if (agreesWithIndex(database, found)) return { counts, span, lost: undefined, untimed };
  } catch (error) {
    if (!isDamage(error) || /no such/.test(error.message)) throw error;
  }
  counts.clear();
  const found = findRows(database);
  for (const { topic } of found.rows) counts.set(topic, (counts.get(topic) ?? 0) + 1);
  const times = found.rows.length > 0 ? found.rows.map(({ timestamp }) => timestamp) : timesOf(found.lost);
  return { counts, span: [times[0] ?? 0n, times.at(-1) ?? 0n], lost: found.lost, untimed: untimedRows(database) };
}

/** Timestamps at the ends of the stretches that are lost, in order. */
const timesOf = (lost: readonly LostRows[]): bigint[] =>
  lost.flatMap(({ span }) => span ?? []).sort((a, b) => (a < b ? -1 : Number(a > b)));

/** True where the table's messages are those that its index lists. */
function agreesWithIndex(database: Database, found: readonly Row[]): boolean {
  const [index] = rows(database, "SELECT 1 FROM sqlite_master WHERE type = 'index' AND name = 'timestamp_idx'");
  if (!index) return true;
  const [listed = {}] = rows(database, `SELECT ${SUMS} FROM messages INDEXED BY timestamp_idx`);
  return ["messages", "ids", "times"].every((name) => {
    return found.reduce((sum, row) => sum + Number(own(row, name) ?? 0), 0) === Number(own(listed, name) ?? 0);
  });
}

/** True where the first message was compressed by the recorder. */
function holdsPacked(database: Database): boolean {
  try {
    const [first] = rows(database, "SELECT data FROM messages ORDER BY id LIMIT 1");
    return first?.data instanceof Uint8Array && isPacked(first.data);
  } catch (error) {
    if (!isDamage(error)) throw error;
    return false;
  }
}

const shown = (value: unknown): string => (value instanceof Uint8Array ? "binary data" : JSON.stringify(String(value)));

const rows = (database: Database, sql: string): Row[] => database.all(sql) as Row[];

/** Rows before the first that is damaged; an error where this is the first of all. */
function rowsToDamage(database: Database, sql: string): Row[] {
  const found: Row[] = [];
  const statement = database.prepare(sql);
  try {
    for (const row of statement.iterate() as Iterable<Row>) found.push(row);
  } catch (error) {
    if (!isDamage(error) || found.length === 0) throw error;
  } finally {
    finalize(statement);
  }
  return found;
}

class SqliteBag implements Bag {
  readonly topics: readonly Topic[];
  readonly start: bigint;
  readonly end: bigint;
  readonly messages: number;
  readonly isPacked: boolean;
  readonly #damage = new DamageLog();
  readonly #byId: ReadonlyMap<number, Topic>;
  #isOpen = true;
  #isDamaged: boolean;

  constructor(
    readonly path: string,
    private readonly database: Database,
    private readonly folder: string,
    { topics, start, end, messages, isPacked, lost, untimed }: Described,
    /** Bytes that are missing at its end. */
    private readonly lacks: number,
  ) {
    this.#isDamaged = lost !== undefined;
    this.#lose(lost ?? []);
    this.#byId = unitedById(topics);
    this.topics = [...new Set(this.#byId.values())];
    for (const { id, topic, found } of untimed) {
      const reason = `its time is ${shown(found)}, expected a whole number of nanoseconds`;
      this.#damage.add(id, { what: "message", reason, messages: new Map([[this.#byId.get(topic)?.name ?? "", 1]]) });
    }
    [this.start, this.end, this.messages, this.isPacked] = [start, end, messages, isPacked];
  }

  get problems(): readonly string[] {
    const cut = this.lacks === 0 ? [] : [`${this.path}: cut off: ${this.lacks} bytes are missing`];
    return [...cut, ...this.#damage.lines(this.path, this.start, this.end)];
  }

  get losses(): Losses {
    return this.#damage.losses;
  }

  async *read(selection: Selection = {}): AsyncGenerator<BagRecord> {
    const wanted = this.#wanted(selection);
    // Rows of damaged pages are read one by one.
    let last: MessageRow | undefined;
    if (!this.#isDamaged) {
      for (const row of this.#inOrder(selection, wanted)) {
        if (!row) break;
        last = row;
        const record = this.#recordOf(row, row.data);
        if (record) yield record;
      }
      if (!this.#isDamaged) return;
    }
    const { start = this.start, end = this.end } = selection;
    const { rows, lost } = findRows(this.database);
    this.#lose(lost);
    for (const row of rows) {
      if (last && (row.timestamp < last.timestamp || (row.timestamp === last.timestamp && row.id <= last.id))) continue;
      if (row.timestamp < start || row.timestamp > end || !wanted.has(row.topic)) continue;
      const record = this.#recordOf(row, this.#dataOf(row));
      if (record) yield record;
      if (!this.#isOpen) return;
    }
  }

  /** Topics that a selection asks for, by number. */
  #wanted({ topics }: Selection): ReadonlySet<number> {
    return new Set([...this.#byId].filter(([, { name }]) => !topics || topics.has(name)).map(([id]) => id));
  }

  /** Messages by log time; ends with undefined where the database turns out to be damaged. */
  *#inOrder(
    { topics, start = this.start, end = this.end }: Selection,
    wanted: ReadonlySet<number>,
  ): Generator<(MessageRow & { readonly data: unknown }) | undefined> {
    const some = topics ? `AND topic_id IN (${[...wanted].join(", ")})` : "";
    const order = "ORDER BY timestamp, id";
    const sql = `${TIMED} AND timestamp BETWEEN ? AND ? ${some} ${order}`;
    const statement = this.database.prepare(sql);
    try {
      for (const row of statement.iterate([start, end]) as Iterable<Row>) yield { ...rowOf(row), data: row.data };
    } catch (error) {
      if (!isDamage(error)) throw error;
      this.#isDamaged = true;
      yield undefined;
    } finally {
      if (this.#isOpen) finalize(statement);
    }
  }

  /** A row's payload; an error where it cannot be read. */
  #dataOf({ id }: MessageRow): unknown {
    try {
      return this.database.get("SELECT data FROM messages WHERE id = ?", [id])?.data;
    } catch (error) {
      if (!isDamage(error)) throw error;
      return error;
    }
  }

  #recordOf({ id, topic: number, timestamp }: MessageRow, data: unknown): BagRecord | undefined {
    const topic = this.#byId.get(number);
    const damaged = (reason: string): undefined => {
      const messages = new Map([[topic?.name ?? "", 1]]);
      this.#damage.add(id, { what: "message", reason, span: [timestamp, timestamp], messages });
    };
    if (!topic) return damaged(`topic ${number} is not described`);
    if (!(data instanceof Uint8Array)) return damaged(data instanceof Error ? data.message : "it has no payload");
    try {
      return { topic, logTime: timestamp, publishTime: timestamp, data: unpacked(data) };
    } catch (error) {
      return damaged(`zstd: ${(error as Error).message}`);
    }
  }

  #lose(lost: readonly LostRows[]): void {
    for (const { first, count, span } of lost) {
      // How many lie behind all that can be read is not known.
      const messages = new Map(count > 0 ? [["", count]] : []);
      this.#damage.add(first, { what: "stretch", reason: "its pages are damaged", span, messages });
    }
  }

  async close(): Promise<void> {
    if (!this.#isOpen) return;
    this.#isOpen = false;
    this.database.close();
    await rm(this.folder, { recursive: true, force: true });
  }
}
