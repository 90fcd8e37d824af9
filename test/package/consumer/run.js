// npm run test:package: packs this checkout as built, installs the package in an empty project outside it with the
// README's line, and uses it there. Nothing but the npm registry is needed: downloads of install scripts are led to a
// port where nobody listens.
import { execFileSync } from "node:child_process";
import { mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";

const root = join(import.meta.dirname, "../../..");
const project = mkdtempSync(join(tmpdir(), "torquelens-consumer-"));
const { exports, name, version } = JSON.parse(readFileSync(join(root, "package.json"), "utf8"));
const modules = Object.keys(exports)
  .filter((path) => !path.endsWith(".json"))
  .map((path) => `${name}${path.slice(1)}`);

/** A user's environment: `npm run` adds the settings of this checkout, its .npmrc included. */
const env = Object.fromEntries(
  Object.entries(process.env).filter(
    ([key]) =>
      /^npm_config_(registry|cache|userconfig)$/i.test(key) ||
      !/^(npm_|NODE_OPTIONS$|ONNXRUNTIME_|INIT_CWD$)/i.test(key),
  ),
);
env.GLOBAL_AGENT_HTTPS_PROXY = "http://127.0.0.1:9";

/** Standard output of a command line. */
const sh = (command, cwd = project) =>
  execFileSync("sh", ["-c", command], { cwd, env, encoding: "utf8", stdio: ["ignore", "pipe", "pipe"] });

/** The README's line, for this tarball. */
function installLine(tarball) {
  const line = /^(.*npm install )\S*torquelens-\S+\.tgz/m.exec(readFileSync(join(root, "README.md"), "utf8"));
  if (!line) throw new Error("the README has no line that installs the tarball");
  return `${line[1]}--no-audit --no-fund ${tarball}`;
}

const STEPS = {
  "install it": () => {
    const [{ filename }] = JSON.parse(sh(`npm pack --ignore-scripts --json --pack-destination "${project}"`, root));
    writeFileSync(join(project, "package.json"), '{ "private": true, "type": "module" }');
    sh(installLine(`./${filename}`));
    const files = readdirSync(join(project, "node_modules/onnxruntime-node/bin"), { recursive: true });
    const cuda = files.filter((file) => /providers_(cuda|tensorrt)/.test(file));
    if (cuda.length > 0) throw new Error(`onnxruntime-node downloaded ${cuda}`);
  },
  "import every module": () => {
    const each = `for (const name of ${JSON.stringify(modules)}) if (!Object.keys(await import(name)).length) throw name;`;
    writeFileSync(join(project, "import.js"), each);
    sh("node import.js");
  },
  "run the command": () => {
    if (sh("npx --no-install torquelens --version").trim() !== version) throw new Error("another version runs");
    if (!sh("npx --no-install torquelens --help").includes("simulate")) throw new Error("--help lists no commands");
    const ticks = sh("npx --no-install torquelens sim --ticks 5 --speed 0 --no-live --json").trim().split("\n");
    const shares = ticks.slice(0, 5).map((line) => Object.keys(JSON.parse(line).shares).length);
    if (shares.join() !== "5,5,5,5,5") throw new Error(`sim: shares of ${shares} modalities in 5 ticks`);
  },
  "compile against its types": () => {
    const lines = modules.map((module, i) => `import * as module${i} from "${module}";\nconsole.log(module${i});`);
    writeFileSync(join(project, "use.ts"), lines.join("\n"));
    const fixed = { strict: true, skipLibCheck: false, target: "ES2023", noEmit: true };
    for (const [module, moduleResolution] of [
      ["NodeNext", "NodeNext"],
      ["ESNext", "Bundler"],
    ]) {
      const compilerOptions = { ...fixed, module, moduleResolution };
      writeFileSync(join(project, "tsconfig.json"), JSON.stringify({ compilerOptions, files: ["use.ts"] }));
      sh(`node "${join(root, "node_modules/typescript/bin/tsc")}" -p .`);
    }
  },
};

/** Why the registry does not answer, or undefined. */
function unreachable() {
  try {
    sh("npm view onnxruntime-node version --fetch-retries 1");
    return undefined;
  } catch (error) {
    return error.stderr.trim().split("\n")[0];
  }
}

try {
  const reason = unreachable();
  if (reason) throw new Error(`this test needs the npm registry, which does not answer: ${reason}`);
  for (const [step, run] of Object.entries(STEPS)) {
    const start = performance.now();
    try {
      run();
    } catch (error) {
      throw new Error(`cannot ${step}: ${error.message ?? error}\n${error.stdout ?? ""}${error.stderr ?? ""}`);
    }
    console.log(`${step}: ${((performance.now() - start) / 1000).toFixed(1)} s`);
  }
} catch (error) {
  console.error(`test:package: ${error.message}`);
  process.exitCode = 1;
} finally {
  rmSync(project, { recursive: true, force: true });
}
