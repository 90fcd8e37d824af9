import { InputError } from "../../errors.js";

/** A Redis server. */
export interface EngineAddress {
  /** For people: without user and password. */
  readonly name: string;
  readonly options: {
    readonly host: string;
    readonly port: number;
    readonly db?: number;
    readonly username?: string;
    readonly password?: string;
    readonly tls?: { readonly servername: string };
  };
}

type Environment = Readonly<Record<string, string | undefined>>;

const EXPECTED = "expected redis://HOST:PORT, or rediss:// for TLS";

/**
 * The server that `given` or the environment names: TORQUELENS_ENGINE holds a URL, TORQUELENS_REDIS_USERNAME and
 * TORQUELENS_REDIS_PASSWORD what a URL on a command line must not hold.
 * @returns undefined where neither names one
 * @throws InputError for another kind of URL, and for a password on the command line, which every user of a machine sees
 */
export function engineAddress(given: string | undefined, environment: Environment): EngineAddress | undefined {
  const text = given ?? (environment.TORQUELENS_ENGINE || undefined);
  if (text === undefined) return undefined;
  const source = given === undefined ? "TORQUELENS_ENGINE" : "the engine's URL";
  let url: URL;
  try {
    url = new URL(text);
  } catch {
    // What it holds may be a password.
    throw new InputError(`${source}: not a URL, ${EXPECTED}`);
  }
  const name = `${url.protocol}//${url.hostname}:${url.port || 6379}${url.pathname.replace(/^\/$/, "")}`;
  if (url.protocol !== "redis:" && url.protocol !== "rediss:")
    throw new InputError(`${source}: ${url.protocol}//…, ${EXPECTED}`);
  if (url.hostname === "") throw new InputError(`${source}: no host in it, ${EXPECTED}`);
  const db = /^\/?(\d{0,4})$/.exec(url.pathname)?.[1];
  if (db === undefined) throw new InputError(`${name}: expected the number of a database after the /, or nothing`);
  if (given !== undefined && url.password !== "")
    throw new InputError(
      `${name}: a password on the command line is shown to all who list processes; expected it in TORQUELENS_REDIS_PASSWORD`,
    );
  const username = decodeURIComponent(url.username) || environment.TORQUELENS_REDIS_USERNAME;
  const password = decodeURIComponent(url.password) || environment.TORQUELENS_REDIS_PASSWORD;
  const host = url.hostname.replace(/^\[(.*)\]$/, "$1");
  return {
    name,
    options: {
      host,
      port: Number(url.port || 6379),
      ...(db !== "" && { db: Number(db) }),
      ...(username && { username }),
      ...(password && { password }),
      ...(url.protocol === "rediss:" && { tls: { servername: host } }),
    },
  };
}
