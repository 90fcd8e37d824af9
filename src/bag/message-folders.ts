import { readdir } from "node:fs/promises";
import { basename, dirname, join, resolve } from "node:path";
import { InputError } from "../errors.js";
import { readText } from "../files/reading.js";
import { isCommon, schemaText, shortName } from "../messages/definitions.js";
import type { Bag, BagRecord, Selection, Topic } from "./bag.js";
import type { Losses } from "./damage.js";

/** A user's own message definitions (`.msg` files), for recordings that hold none. */
export class MessageFolders {
  /** Texts by `package/Name`. */
  readonly #texts = new Map<string, string>();

  private constructor(private readonly paths: readonly string[]) {}

  /**
   * Reads all `PACKAGE/msg/NAME.msg` and `PACKAGE/NAME.msg` below some folders: a workspace's sources, an installed
   * `share`, or one package. Of files with the same name the first one counts.
   * @throws InputError for a folder that cannot be read or has none
   */
  static async read(paths: readonly string[]): Promise<MessageFolders> {
    const folders = new MessageFolders(paths);
    for (const path of paths) {
      const before = folders.#texts.size;
      for (const name of await filesIn(path)) {
        if (!name.endsWith(".msg")) continue;
        const folder = dirname(resolve(path, name));
        const owner = basename(basename(folder) === "msg" ? dirname(folder) : folder);
        const type = `${owner}/${basename(name, ".msg")}`;
        if (!folders.#texts.has(type)) folders.#texts.set(type, await readText(join(path, name), "the definition"));
      }
      if (folders.#texts.size === before) throw new InputError(`${path}: no .msg files in it (--msg-path)`);
    }
    return folders;
  }

  /** The bag, with definitions from these folders for topics that neither it nor the common definitions define. */
  define(bag: Bag): Bag {
    return this.#texts.size === 0 ? bag : new DefinedBag(bag, (topic) => this.#defined(topic, bag.path));
  }

  #defined(topic: Topic, path: string): Topic {
    const type = shortName(topic.type);
    if (topic.schema || topic.encoding !== "cdr" || isCommon(topic.type) || !this.#texts.has(type)) return topic;
    try {
      const data = new TextEncoder().encode(schemaText(type, this.#texts));
      return { ...topic, schema: { encoding: "ros2msg", data } };
    } catch (error) {
      const where = `${path}: ${topic.name}: ${topic.type} from ${this.paths.join(", ")}`;
      throw new InputError(`${where}: ${(error as Error).message}`);
    }
  }
}

async function filesIn(path: string): Promise<string[]> {
  try {
    return (await readdir(path, { recursive: true })).sort();
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException;
    throw new InputError(
      `${path}: cannot read the folder (${code === "ENOENT" ? "no such folder" : code}) (--msg-path)`,
    );
  }
}

/** A bag with further definitions of its topics. */
class DefinedBag implements Bag {
  readonly topics: readonly Topic[];
  readonly #defined: ReadonlyMap<Topic, Topic>;

  constructor(
    private readonly bag: Bag,
    define: (topic: Topic) => Topic,
  ) {
    this.#defined = new Map(bag.topics.map((topic) => [topic, define(topic)]));
    this.topics = [...this.#defined.values()];
  }

  get path(): string {
    return this.bag.path;
  }
  get start(): bigint {
    return this.bag.start;
  }
  get end(): bigint {
    return this.bag.end;
  }
  get messages(): number {
    return this.bag.messages;
  }
  get isPacked(): boolean {
    return this.bag.isPacked;
  }
  get problems(): readonly string[] {
    return this.bag.problems;
  }
  get losses(): Losses {
    return this.bag.losses;
  }

  async *read(selection?: Selection): AsyncGenerator<BagRecord> {
    for await (const record of this.bag.read(selection)) {
      yield { ...record, topic: this.#defined.get(record.topic) ?? record.topic };
    }
  }

  close(): Promise<void> {
    return this.bag.close();
  }
}
