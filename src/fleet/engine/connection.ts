import type { ConnectionOptions, Queue } from "bullmq";
import { Redis } from "ioredis";
import { InputError } from "../../errors.js";
import { SCHEMA_VERSION } from "../dataset/layout.js";
import type { EngineAddress } from "./address.js";

/** Oldest server that BullMQ supports in all it does. */
const OLDEST = [6, 2] as const;
const CONNECT_TIMEOUT = 5000;
/** Longest time between two attempts to connect again, milliseconds. */
const LONGEST_PAUSE = 2000;

/** The queue of jobs, and that of batches, each the parent of its jobs. */
export const JOBS = "jobs";
export const BATCHES = "batches";

/** Versions that batches were made by on a server. */
const VERSIONS = "torquelens/versions";

/** Every version has queues of its own: no worker takes jobs that it would answer otherwise. */
export const prefixOf = (version: string): string => `torquelens/${version}/${SCHEMA_VERSION}`;

/** Options of connections that come back by themselves, until `end` aborts. */
export const lasting = ({ options }: EngineAddress, end?: AbortSignal): ConnectionOptions => ({
  ...options,
  maxRetriesPerRequest: null,
  connectTimeout: CONNECT_TIMEOUT,
  // Many workers that come back at once come at different times.
  retryStrategy: (times: number) =>
    end?.aborted ? null : Math.min(LONGEST_PAUSE, 100 * 2 ** Math.min(times, 10)) * (0.5 + Math.random() / 2),
});

/**
 * Looks whether the server is there and fits, and notes that a version uses it.
 * @param version of a batch; undefined to note nothing
 * @returns versions that have used it
 * @throws InputError where it cannot be reached, refuses the password, or is too old
 */
export async function greet({ name, options }: EngineAddress, version?: string): Promise<string[]> {
  const client = new Redis({
    ...options,
    lazyConnect: true,
    connectTimeout: CONNECT_TIMEOUT,
    retryStrategy: () => null,
  });
  let heard: Error | undefined;
  client.on("error", (error) => {
    heard ??= error;
  });
  try {
    await client.connect();
    const found = /redis_version:(\d+)\.(\d+)/.exec(await client.info("server"));
    const [major, minor] = [Number(found?.[1]), Number(found?.[2])];
    if (major < OLDEST[0] || (major === OLDEST[0] && minor < OLDEST[1]))
      throw new InputError(`${name}: Redis ${major}.${minor}, expected ${OLDEST.join(".")} or later`);
    if (version !== undefined) await client.sadd(VERSIONS, version);
    return await client.smembers(VERSIONS);
  } catch (error) {
    if (error instanceof InputError) throw error;
    throw new InputError(`${name}: ${reasonOf(heard ?? (error as Error))}`);
  } finally {
    client.disconnect();
  }
}

/** Why a server cannot be used, in words. */
function reasonOf({ message, ...error }: Error & { readonly code?: string }): string {
  if (/NOAUTH|WRONGPASS|invalid (username|password)|AUTH/i.test(message))
    return "it asks for a user or password; expected them in TORQUELENS_REDIS_USERNAME and TORQUELENS_REDIS_PASSWORD";
  if (error.code === "ECONNREFUSED") return "nothing answers there, expected a Redis server";
  if (/ETIMEDOUT|timeout/i.test(`${error.code} ${message}`)) return "no answer in 5 s, expected a Redis server";
  return `cannot use it (${message.split("\n")[0] || error.code}), expected a Redis server`;
}

/** True for an error of the connection to a server, or of a server that comes up. */
export const isConnection = ({ code, message }: Error & { readonly code?: string }): boolean =>
  /ECONN|EPIPE|ETIMEDOUT|ENOTFOUND|EHOSTUNREACH|Connection is closed|LOADING|Socket closed|READONLY/i.test(
    `${code} ${message}`,
  );

/** Lines about a connection: once when it is lost, and once when it is there again. */
export class ConnectionLines {
  #isLost = false;

  constructor(
    private readonly name: string,
    private readonly say: (line: string) => void,
  ) {}

  /** An error of a queue or worker; what is none of the connection is said as it is. */
  readonly failed = (error: Error & { readonly code?: string }): void => {
    if (isConnection(error)) this.lost();
    else this.say(error.message.split("\n")[0]!);
  };

  readonly lost = (): void => {
    if (this.#isLost) return;
    this.#isLost = true;
    this.say(`${this.name}: the connection is lost; tries again`);
  };

  readonly back = (): void => {
    if (!this.#isLost) return;
    this.#isLost = false;
    this.say(`${this.name}: connected again`);
  };
}

/** The number of jobs that wait in a queue, at any priority. */
export const waitingIn = async (queue: Queue): Promise<number> => {
  const counts = await queue.getJobCounts("wait", "prioritized", "delayed");
  return Object.values(counts).reduce((sum, count) => sum + count, 0);
};
