import { createReadStream, createWriteStream } from "node:fs";
import { mkdir, mkdtemp, rm, stat } from "node:fs/promises";
import { tmpdir } from "node:os";
import { basename, dirname, join } from "node:path";
import type { Readable } from "node:stream";
import { pipeline } from "node:stream/promises";
import { InputError } from "../../errors.js";
import type { LocalCopy, Store } from "./store.js";
import { Transient } from "./transient.js";

type Sdk = typeof import("@aws-sdk/client-s3");
type Client = InstanceType<Sdk["S3Client"]>;

interface Place {
  readonly bucket: string;
  readonly key: string;
}

let loaded: Promise<{ readonly sdk: Sdk; readonly client: Client }> | undefined;

/**
 * The client of object stores, by the environment: credentials and region as the AWS tools read them, and
 * AWS_ENDPOINT_URL for other servers.
 */
function connected() {
  loaded ??= (async () => {
    const sdk = await import("@aws-sdk/client-s3").catch(() => {
      throw new InputError(
        "s3:// needs the package @aws-sdk/client-s3, which is not installed (npm install @aws-sdk/client-s3)",
      );
    });
    const { AWS_ENDPOINT_URL_S3, AWS_ENDPOINT_URL, AWS_REGION, AWS_DEFAULT_REGION } = process.env;
    const isOther = (AWS_ENDPOINT_URL_S3 ?? AWS_ENDPOINT_URL) !== undefined;
    const client = new sdk.S3Client({
      region: AWS_REGION ?? AWS_DEFAULT_REGION ?? "us-east-1",
      // Servers at an address have no name a bucket.
      forcePathStyle: isOther,
    });
    return { sdk, client };
  })();
  return loaded;
}

/** Runs a request. @throws InputError that names the place, where the server refuses it */
async function asked<T>(place: string, request: () => Promise<T>): Promise<T> {
  try {
    return await request();
  } catch (error) {
    const { name, message } = error as Error;
    if (error instanceof InputError) throw error;
    throw new Transient(
      `${place}: the object store refuses it (${name === "Error" ? message : `${name}: ${message}`})`,
    );
  }
}

const urlOf = (bucket: string, key: string) => `s3://${bucket}/${key}`;
const isMissing = (error: unknown) =>
  ["NoSuchKey", "NotFound"].includes((error as Error).name) ||
  (error as { $metadata?: { httpStatusCode?: number } }).$metadata?.httpStatusCode === 404;

async function* objects({ bucket, key }: Place) {
  const { sdk, client } = await connected();
  let ContinuationToken: string | undefined;
  do {
    const page = await asked(urlOf(bucket, key), () =>
      client.send(new sdk.ListObjectsV2Command({ Bucket: bucket, Prefix: key, ContinuationToken })),
    );
    for (const { Key, Size, ETag } of page.Contents ?? []) yield { key: Key!, size: Size ?? 0, tag: ETag ?? "" };
    ContinuationToken = page.NextContinuationToken;
  } while (ContinuationToken !== undefined);
}

/** The objects of a recording: one, or those of a folder. */
async function recordingAt({ bucket, key }: Place) {
  const found = [];
  for await (const object of objects({ bucket, key }))
    if (object.key === key || object.key.startsWith(`${key}/`)) found.push(object);
  if (found.length === 0) throw new InputError(`${urlOf(bucket, key)}: no such recording in the object store`);
  return found;
}

/** Names, sizes and tags of a recording's objects. */
export const factsOf = async (place: Place): Promise<string[]> =>
  (await recordingAt(place)).map(({ key, size, tag }) => `${basename(key)} ${size} ${tag}`);

/** Downloads a recording into a folder of its own. */
export async function fetched(place: Place): Promise<LocalCopy> {
  const found = await recordingAt(place);
  const folder = await mkdtemp(join(tmpdir(), "torquelens-recording-"));
  const done = () => rm(folder, { recursive: true, force: true });
  try {
    for (const { key } of found) {
      const name =
        key === place.key ? basename(key) : key.slice(dirname(place.key).length + (place.key.includes("/") ? 1 : 0));
      if (name.split("/").includes("..")) throw new InputError(`${urlOf(place.bucket, key)}: a name with ..`);
      const path = join(folder, name);
      await mkdir(dirname(path), { recursive: true });
      await download(place.bucket, key, path);
    }
    return { path: join(folder, basename(place.key)), done };
  } catch (error) {
    await done();
    throw error;
  }
}

async function download(bucket: string, key: string, path: string): Promise<void> {
  const { sdk, client } = await connected();
  await asked(urlOf(bucket, key), async () => {
    const { Body } = await client.send(new sdk.GetObjectCommand({ Bucket: bucket, Key: key }));
    await pipeline(Body as Readable, createWriteStream(path));
  });
}

/** A folder of an object store. An object is there whole or not at all, so that no name is changed. */
export class S3Store implements Store {
  readonly uri: string;

  private constructor(
    private readonly bucket: string,
    private readonly folder: string,
  ) {
    this.uri = folder === "" ? `s3://${bucket}` : urlOf(bucket, folder);
  }

  static async create(bucket: string, folder: string): Promise<S3Store> {
    await connected();
    return new S3Store(bucket, folder);
  }

  async *list(prefix: string): AsyncGenerator<string> {
    const before = this.#key("");
    for await (const { key } of objects({ bucket: this.bucket, key: `${before}${prefix}` }))
      yield key.slice(before.length);
  }

  async has(name: string): Promise<boolean> {
    const { sdk, client } = await connected();
    const key = this.#key(name);
    return asked(urlOf(this.bucket, key), async () => {
      try {
        await client.send(new sdk.HeadObjectCommand({ Bucket: this.bucket, Key: key }));
        return true;
      } catch (error) {
        if (isMissing(error)) return false;
        throw error;
      }
    });
  }

  async read(name: string): Promise<Uint8Array | undefined> {
    const { sdk, client } = await connected();
    const key = this.#key(name);
    return asked(urlOf(this.bucket, key), async () => {
      try {
        const { Body } = await client.send(new sdk.GetObjectCommand({ Bucket: this.bucket, Key: key }));
        return await Body!.transformToByteArray();
      } catch (error) {
        if (isMissing(error)) return undefined;
        throw error;
      }
    });
  }

  async write(name: string, fill: (path: string) => Promise<void>): Promise<void> {
    const folder = await mkdtemp(join(tmpdir(), "torquelens-part-"));
    try {
      const path = join(folder, basename(name));
      await fill(path);
      const { sdk, client } = await connected();
      const key = this.#key(name);
      const { size } = await stat(path);
      await asked(urlOf(this.bucket, key), () =>
        client.send(
          new sdk.PutObjectCommand({
            Bucket: this.bucket,
            Key: key,
            Body: createReadStream(path),
            ContentLength: size,
          }),
        ),
      );
    } finally {
      await rm(folder, { recursive: true, force: true });
    }
  }

  async remove(name: string): Promise<void> {
    const { sdk, client } = await connected();
    const key = this.#key(name);
    await asked(urlOf(this.bucket, key), () =>
      client.send(new sdk.DeleteObjectCommand({ Bucket: this.bucket, Key: key })),
    );
  }

  #key(name: string): string {
    return this.folder === "" ? name : `${this.folder}/${name}`;
  }
}
