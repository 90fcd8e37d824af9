// node build-package.js SOURCE TARGET PART…: copies the parts of the npm package in SOURCE to TARGET, installs its
// dependencies there, compiles it and builds its page. The source tree stays as it is.
import { cpSync, mkdirSync, rmSync } from "node:fs";
import { basename, join } from "node:path";
import { installPackages, report, run } from "./npm-packages.js";

await report(() => {
  const [source, target, ...parts] = process.argv.slice(2);
  mkdirSync(target, { recursive: true });
  for (const part of parts) {
    if (part !== "ros") rmSync(join(target, part), { recursive: true, force: true });
    cpSync(join(source, part), join(target, part), {
      recursive: true,
      filter: (path) => basename(path) !== "node_modules",
    });
  }
  installPackages(target);
  rmSync(join(target, "dist"), { recursive: true, force: true });
  run(
    process.execPath,
    [join(target, "node_modules/typescript-native/bin/tsc"), "-p", "tsconfig.json"],
    target,
    "the TypeScript of torquelens does not compile",
  );
  run(
    process.execPath,
    [join(target, "node_modules/vite/bin/vite.js"), "build", "--config", "viewer/vite.config.ts", "--logLevel", "warn"],
    target,
    "the page of torquelens does not build",
  );
});
