import { constants } from "node:fs";
import { copyFile, mkdtemp, rm, stat, symlink } from "node:fs/promises";
import { tmpdir } from "node:os";
import { basename, join, resolve } from "node:path";
import sqlite from "node-sqlite3-wasm";
import { InputError } from "../errors.js";
import { type Bag, type BagRecord, fullType, type Selection, type Topic, unitedById } from "./bag.js";
import { isPacked, unpacked } from "./zstd.js";

type Database = InstanceType<typeof sqlite.Database>;
type Row = Readonly<Record<string, unknown>>;

/**
 * Opens a `.db3` bag of any schema version. SQLite opens a link to the file, or a copy where a killed recorder left a
 * journal or a write-ahead log, so that nothing is written to the bag or beside it.
 * @throws InputError where the file is not such a bag
 */
export async function openSqlite(path: string): Promise<Bag> {
  const folder = await mkdtemp(join(tmpdir(), "torquelens-bag-"));
  let database: Database | undefined;
  try {
    const file = await placed(path, folder);
    database = new sqlite.Database(file.path, { readOnly: !file.isCopy, fileMustExist: true });
    // Without shared memory, only an exclusive connection can read a write-ahead log.
    database.exec("PRAGMA locking_mode=EXCLUSIVE");
    return new SqliteBag(path, database, folder, described(database));
  } catch (error) {
    database?.close();
    await rm(folder, { recursive: true, force: true });
    if (!(error instanceof sqlite.SQLite3Error)) throw error;
    throw new InputError(`${path}: not a rosbag2 database (${error.message})`);
  }
}

/** Puts the database where SQLite may write beside it. */
async function placed(path: string, folder: string): Promise<{ path: string; isCopy: boolean }> {
  const target = join(folder, basename(path));
  const sidecars: string[] = [];
  for (const suffix of ["-wal", "-journal"]) if (await holdsSomething(path + suffix)) sidecars.push(suffix);
  if (sidecars.length === 0) {
    const linked = await symlink(resolve(path), target).then(
      () => true,
      () => false,
    );
    if (linked) return { path: target, isCopy: false };
  }
  for (const suffix of ["", ...sidecars]) await copyFile(path + suffix, target + suffix, constants.COPYFILE_FICLONE);
  return { path: target, isCopy: true };
}

const holdsSomething = (path: string): Promise<boolean> =>
  stat(path).then(
    ({ size }) => size > 0,
    () => false,
  );

interface Described {
  readonly topics: ReadonlyMap<number, Topic>;
  readonly start: bigint;
  readonly end: bigint;
  readonly messages: number;
  readonly isPacked: boolean;
}

/** Reads the bag's tables; an older schema may lack some columns and tables. */
function described(database: Database): Described {
  const tables = new Set(rows(database, "SELECT name FROM sqlite_master WHERE type = 'table'").map(({ name }) => name));
  const definitions = tables.has("message_definitions")
    ? rows(database, "SELECT * FROM message_definitions ORDER BY id")
    : [];
  const schemas = new Map(
    definitions
      .filter(({ encoded_message_definition: text }) => typeof text === "string" && text !== "")
      .map(({ topic_type, encoding, encoded_message_definition: text }) => [
        fullType(String(topic_type)),
        { encoding: String(encoding), data: new TextEncoder().encode(text as string) },
      ]),
  );
  const counts = new Map(
    rows(database, "SELECT topic_id, COUNT(*) AS messages FROM messages GROUP BY topic_id").map((row) => [
      Number(row.topic_id),
      Number(row.messages),
    ]),
  );
  const topics = new Map<number, Topic>();
  for (const row of rows(database, "SELECT * FROM topics ORDER BY id")) {
    const type = fullType(String(row.type));
    const metadata = new Map<string, string>();
    if (row.offered_qos_profiles) metadata.set("offered_qos_profiles", String(row.offered_qos_profiles));
    if (row.type_description_hash) metadata.set("topic_type_hash", String(row.type_description_hash));
    const encoding = String(row.serialization_format ?? "cdr");
    const messages = counts.get(Number(row.id)) ?? 0;
    topics.set(Number(row.id), {
      name: String(row.name),
      type,
      encoding,
      schema: schemas.get(type),
      metadata,
      messages,
    });
  }
  const [span = {}] = rows(database, "SELECT MIN(timestamp) AS first, MAX(timestamp) AS last FROM messages");
  const messages = [...counts.values()].reduce((sum, count) => sum + count, 0);
  const [first] = rows(database, "SELECT data FROM messages ORDER BY id LIMIT 1");
  return {
    topics,
    start: nanoseconds(span.first),
    end: nanoseconds(span.last),
    messages,
    isPacked: first?.data instanceof Uint8Array && isPacked(first.data),
  };
}

const rows = (database: Database, sql: string): Row[] => database.all(sql) as Row[];
const nanoseconds = (value: unknown): bigint => BigInt((value as number | bigint | null | undefined) ?? 0);

class SqliteBag implements Bag {
  readonly topics: readonly Topic[];
  readonly start: bigint;
  readonly end: bigint;
  readonly messages: number;
  readonly isPacked: boolean;
  readonly problems: readonly string[] = [];
  readonly #byId: ReadonlyMap<number, Topic>;
  #isOpen = true;

  constructor(
    readonly path: string,
    private readonly database: Database,
    private readonly folder: string,
    { topics, start, end, messages, isPacked }: Described,
  ) {
    this.#byId = unitedById(topics);
    this.topics = [...new Set(this.#byId.values())];
    [this.start, this.end, this.messages, this.isPacked] = [start, end, messages, isPacked];
  }

  async *read({ topics, start = this.start, end = this.end }: Selection = {}): AsyncGenerator<BagRecord> {
    const wanted = [...this.#byId].filter(([, { name }]) => !topics || topics.has(name)).map(([id]) => id);
    const some = topics ? `AND topic_id IN (${wanted.join(", ")})` : "";
    const order = "ORDER BY timestamp, id";
    const sql = `SELECT topic_id, timestamp, data FROM messages WHERE timestamp BETWEEN ? AND ? ${some} ${order}`;
    const statement = this.database.prepare(sql);
    try {
      for (const row of statement.iterate([start, end]) as Iterable<Row>) {
        const topic = this.#byId.get(Number(row.topic_id));
        if (!topic || !(row.data instanceof Uint8Array)) continue;
        const time = nanoseconds(row.timestamp);
        yield { topic, logTime: time, publishTime: time, data: unpacked(row.data) };
      }
    } catch (error) {
      if (!(error instanceof sqlite.SQLite3Error)) throw error;
      throw new InputError(`${this.path}: damaged (${error.message})`);
    } finally {
      if (this.#isOpen) statement.finalize();
    }
  }

  async close(): Promise<void> {
    if (!this.#isOpen) return;
    this.#isOpen = false;
    this.database.close();
    await rm(this.folder, { recursive: true, force: true });
  }
}
