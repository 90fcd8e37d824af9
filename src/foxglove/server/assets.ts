import { open, realpath } from "node:fs/promises";
import { join, sep } from "node:path";
import { fileURLToPath } from "node:url";
import { InputError } from "../../errors.js";
import { packagePath } from "../../package-files.js";

const OWN = "torquelens";
/** Folders of this package that clients may read. */
const FOLDERS = ["urdf", "models"];
/** Ends of the names of meshes and their pictures. */
const MESH = /\.(stl|dae|obj|mtl|gltf|glb|ply|png|jpe?g)$/i;
/** Largest file, bytes. */
const LARGEST = 16 * 1024 * 1024;

/** Files that clients may fetch: those of this package's `urdf` and `models`, and the meshes of the robot description. */
export class Assets {
  /** URIs of the meshes in the robot description. */
  meshes: ReadonlySet<string> = new Set();

  /** @param prefixes where ROS 2 packages are installed (`AMENT_PREFIX_PATH`) */
  constructor(private readonly prefixes: readonly string[]) {}

  /** @throws InputError with the reason why there is none */
  async read(uri: string): Promise<Uint8Array> {
    const path = await this.#place(uri);
    if (path === undefined) throw new InputError(`${JSON.stringify(uri.slice(0, 200))}: no asset of this server`);
    const file = await open(path);
    try {
      const stat = await file.stat();
      if (!stat.isFile()) throw new InputError(`${uri}: not a file`);
      if (stat.size > LARGEST) throw new InputError(`${uri}: ${stat.size} bytes, expected at most ${LARGEST}`);
      const data = new Uint8Array(stat.size);
      const { bytesRead } = await file.read(data, 0, data.length, 0);
      return data.subarray(0, bytesRead);
    } finally {
      await file.close();
    }
  }

  /** Path of an asset; undefined for one that clients may not have, or that is not there. */
  async #place(uri: string): Promise<string | undefined> {
    const [, name, path] = /^package:\/\/([^/]+)\/(.+)$/.exec(uri) ?? [];
    if (name === OWN) {
      const folder = FOLDERS.find((own) => path!.startsWith(`${own}/`));
      return folder && inside(packagePath(folder), path!.slice(folder.length + 1));
    }
    if (!this.meshes.has(uri) || !MESH.test(uri)) return undefined;
    if (name !== undefined) {
      for (const prefix of this.prefixes) {
        const found = await inside(join(prefix, "share", name), path!);
        if (found !== undefined) return found;
      }
      return undefined;
    }
    if (!uri.startsWith("file:///") || !URL.canParse(uri)) return undefined;
    try {
      return await realpath(fileURLToPath(uri));
    } catch {
      return undefined;
    }
  }
}

/** Path of an existing file inside a folder, links followed; undefined for another. */
async function inside(folder: string, path: string): Promise<string | undefined> {
  try {
    const root = await realpath(folder);
    const found = await realpath(join(root, path));
    return found.startsWith(root + sep) ? found : undefined;
  } catch {
    return undefined;
  }
}
