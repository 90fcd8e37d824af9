import { readdirSync } from "node:fs";
import type { IncomingMessage } from "node:http";
import { extname } from "node:path";

/** Content types of files that the build packs. */
const TYPES: ReadonlyMap<string, string> = new Map([
  [".js", "text/javascript; charset=utf-8"],
  [".css", "text/css; charset=utf-8"],
]);

/** Paths of a folder's files that are also there as `FILE.gz`, with their content type. */
export function packedFiles(folder: string): ReadonlyMap<string, string> {
  const names = readdirSync(folder, { recursive: true, encoding: "utf8" }).map((name) => name.replaceAll("\\", "/"));
  const known = new Set(names);
  return new Map(
    names.flatMap((name) => {
      const type = TYPES.get(extname(name));
      return type !== undefined && known.has(`${name}.gz`) ? [[`/${name}`, type] as const] : [];
    }),
  );
}

/** True where the sender of a request reads gzip: it names it, or any coding, and not with weight 0 (RFC 9110, 12.5.3). */
export function readsGzip({ headers }: IncomingMessage): boolean {
  const weights = new Map<string, number>();
  for (const part of String(headers["accept-encoding"] ?? "").split(",")) {
    const [coding, weight = "q=1"] = part.split(";").map((word) => word.trim().toLowerCase());
    weights.set(coding!, Number(/^q=([\d.]+)$/.exec(weight)?.[1] ?? 0));
  }
  return (weights.get("gzip") ?? weights.get("*") ?? 0) > 0;
}
