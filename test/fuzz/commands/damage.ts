import { execFileSync } from "node:child_process";
import {
  existsSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  rmSync,
  statSync,
  symlinkSync,
  writeFileSync,
} from "node:fs";
import { extname, join } from "node:path";
import type { Choices } from "../choices.js";
import { damagedDatabase } from "./damaged-database.js";
import { damagedMcap } from "./damaged-mcap.js";
import { damagedModel } from "./damaged-model.js";
import { damagedTree, damagedXml } from "./damaged-text.js";

/** Damages a file of the scene. @returns what was done, in a word or two, and text that was put in */
export async function damage(path: string, c: Choices): Promise<readonly [how: string, text: string]> {
  const way = c.below(10);
  if (way < 2) return [inPlace(path, c), ""];
  const structure = STRUCTURES[extname(path)];
  if (way < 6 && structure && statSync(path).isFile()) return ["structure", await structure(path, c)];
  if (!statSync(path).isFile()) return [inPlace(path, c), ""];
  writeFileSync(path, inBytes(readFileSync(path), c, path));
  return ["bytes", ""];
}

const textual =
  (change: (text: string, c: Choices) => readonly [text: string, put: string]) => (path: string, c: Choices) => {
    const [text, put] = change(readFileSync(path, "utf8"), c);
    writeFileSync(path, text);
    return put;
  };

/** What keeps the form of a file and changes its meaning, by the ending of its name. @returns text that was put in */
const STRUCTURES: Readonly<Record<string, (path: string, c: Choices) => string | Promise<string>>> = {
  ".onnx": damagedModel,
  ".mcap": damagedMcap,
  ".db3": damagedDatabase,
  ".yaml": textual(damagedTree("yaml")),
  ".json": textual(damagedTree("json")),
  ".xml": textual(damagedXml),
  ".urdf": textual(damagedXml),
};

/** Puts something else where a file is. */
function inPlace(path: string, c: Choices): string {
  const how = c.pick([
    "missing",
    "empty",
    "zeros",
    "folder",
    "another",
    "another",
    "circle",
    "nowhere",
    "device",
    "pipe",
  ]);
  const others = readdirSync(join(path, "..")).filter((name) =>
    /\.(onnx|yaml|png|gif|svg|mcap|db3|bag|urdf)$/.test(name),
  );
  const other = others.length > 0 ? readFileSync(join(path, "..", c.pick(others))) : "";
  rmSync(path, { recursive: true });
  if (how === "empty") writeFileSync(path, "");
  if (how === "zeros") writeFileSync(path, new Uint8Array(5000));
  if (how === "folder") mkdirSync(path);
  if (how === "another") writeFileSync(path, other);
  if (how === "circle") symlinkSync(path, path);
  if (how === "nowhere") symlinkSync("/nowhere/at/all", path);
  if (how === "device") symlinkSync(c.pick(["/dev/null", "/dev/zero"]), path);
  if (how === "pipe") execFileSync("mkfifo", [path]);
  return existsSync(path) ? how : `no ${how}`;
}

/** Changes bytes anywhere, more often near the ends, where the structure is. */
function inBytes(bytes: Buffer, c: Choices, path: string): Buffer {
  const how = c.pick(["bit", "byte", "cut", "zeros", "twice", "random", "page", "text"]);
  const end = c.pick([1000, 64, 300]);
  const near = c.below(1000);
  const isLate = c.flag();
  const some = end === 1000 ? Math.floor((bytes.length * near) / 1000) : near % end;
  const at = Math.max(0, Math.min(bytes.length - 1, isLate && end < 1000 ? bytes.length - 1 - some : some));
  const value = c.below(256);
  const changed = Buffer.from(bytes);
  if (bytes.length === 0) return changed;
  if (how === "bit") changed[at]! ^= 1 << (value % 8);
  if (how === "byte") changed[at] = value;
  if (how === "cut") return changed.subarray(0, at);
  if (how === "zeros") changed.fill(0, at, Math.min(bytes.length, at + 1 + value));
  if (how === "twice") return Buffer.concat([changed.subarray(0, at + value), changed.subarray(at)]);
  if (how === "random")
    for (let i = 0; i < 32; i++) changed[(at + i * 7) % bytes.length] = (value * (i + 3) * 31) % 256;
  if (how === "page" && extname(path) === ".db3") {
    const page = 4096 * Math.floor((at / bytes.length) * (bytes.length / 4096));
    changed.fill(value, Math.min(bytes.length, page + (value % 100)), Math.min(bytes.length, page + 200 + value));
  }
  if (how === "text") changed.write("zork", at);
  return changed;
}
