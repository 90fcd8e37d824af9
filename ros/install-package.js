// node install-package.js FROM TO [--link]: installs the npm package built in FROM as directory TO, without what only
// building and testing need; with --link as a symbolic link.
import { cpSync, mkdirSync, readFileSync, rmSync, symlinkSync } from "node:fs";
import { dirname, join, relative, sep } from "node:path";
import { report } from "./npm-packages.js";

const PARTS = ["bin", "dist", "models", "msg", "srv", "urdf", "viewer/dist", "package.json"];

await report(() => {
  const [from, to, link] = process.argv.slice(2);
  rmSync(to, { recursive: true, force: true });
  mkdirSync(dirname(to), { recursive: true });
  if (link === "--link") {
    symlinkSync(from, to);
    return;
  }
  for (const part of PARTS) cpSync(join(from, part), join(to, part), { recursive: true });
  for (const path of packagesOf(from)) copyPackage(from, to, path);
  for (const path of packagesOf(join(from, "ros"))) copyPackage(join(from, "ros"), join(to, "ros"), path);
});

/** Directories of the packages that running needs, such as `node_modules/sharp`, from npm's own list of what is there. */
function packagesOf(root) {
  const { packages } = JSON.parse(readFileSync(join(root, "node_modules/.package-lock.json"), "utf8"));
  return Object.keys(packages).filter((path) => !packages[path].dev);
}

/** Copies one package, not those nested in it. */
function copyPackage(from, to, path) {
  const source = join(from, path);
  cpSync(source, join(to, path), {
    recursive: true,
    filter: (file) => wanted(relative(source, file).split(sep)),
  });
}

/** Not: nested packages, object files, and onnxruntime's libraries for other machines. */
function wanted([first = "", ...rest]) {
  if (first === "node_modules") return false;
  if (first === "build" && rest[1]?.startsWith("obj")) return false;
  const [, platform, arch] = rest;
  if (first === "bin" && rest[0]?.startsWith("napi-v")) {
    if (platform !== undefined && platform !== process.platform) return false;
    if (arch !== undefined && arch !== process.arch) return false;
  }
  return true;
}
