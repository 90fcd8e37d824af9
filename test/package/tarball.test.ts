import { execFileSync } from "node:child_process";
import { cpSync, existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join, relative, sep } from "node:path";
import { afterAll, beforeAll, describe, expect, it } from "vitest";

const root = new URL("../../", import.meta.url).pathname;
const project = mkdtempSync(join(tmpdir(), "torquelens-project-"));
afterAll(() => rmSync(project, { recursive: true }));

const run = (program: string, ...args: string[]) =>
  execFileSync(program, args, { cwd: project, encoding: "utf8", stdio: ["ignore", "pipe", "pipe"] });
/** Standard output of a script that fails; empty where it does not. */
function problemsOf(...args: string[]): string {
  try {
    run(process.execPath, ...args);
    return "";
  } catch (error) {
    return (error as { stdout: string }).stdout;
  }
}
const json = (path: string) => JSON.parse(readFileSync(path, "utf8"));
const { exports, version } = json(join(root, "package.json"));
/** `torquelens`, `torquelens/sim`, … */
const modules = Object.keys(exports)
  .filter((path) => !path.endsWith(".json"))
  .map((path) => `torquelens${path.slice(1)}`);
let packed: string[];

/** What npm would install beside torquelens, copied from the checkout: the test needs no network. */
function copyDependencies(): void {
  const installed = join(root, "node_modules");
  const { packages } = json(join(installed, ".package-lock.json")) as { packages: Record<string, { dev?: boolean }> };
  const kept = Object.keys(packages).filter((path) => !packages[path]!.dev);
  for (const path of kept) {
    const source = join(root, path);
    const isRuntime = path.endsWith("/onnxruntime-node");
    const filter = (file: string) => {
      const [first, second, platform = process.platform] = relative(source, file).split(sep);
      // Nested packages have entries of their own; onnxruntime's libraries for other systems are large.
      if (first === "node_modules") return second === undefined || second === ".bin";
      return !(isRuntime && first === "bin" && platform !== process.platform);
    };
    cpSync(source, join(project, path), { recursive: true, verbatimSymlinks: true, filter });
  }
  cpSync(join(installed, ".bin"), join(project, "node_modules/.bin"), { recursive: true, verbatimSymlinks: true });
}

beforeAll(() => {
  const [tarball] = JSON.parse(
    execFileSync("npm", ["pack", "--ignore-scripts", "--json", "--pack-destination", project], {
      cwd: root,
      encoding: "utf8",
      stdio: ["ignore", "pipe", "ignore"],
    }),
  );
  packed = tarball.files.map(({ path }: { path: string }) => path);
  writeFileSync(join(project, "package.json"), '{ "private": true, "type": "module" }');
  copyDependencies();
  run(
    "npm",
    "install",
    "--offline",
    "--ignore-scripts",
    "--no-audit",
    "--no-fund",
    `--cache=${join(project, "cache")}`,
    `./${tarball.filename}`,
  );
});

describe("the tarball", () => {
  it("holds what the package needs, and nothing else", () => {
    const rooms = new Set(packed.map((path) => path.split("/")[0]));
    expect([...rooms].sort()).toEqual([
      "LICENSE",
      "README.md",
      "bin",
      "dist",
      "docs",
      "launch",
      "models",
      "msg",
      "package.json",
      "srv",
      "urdf",
      "viewer",
    ]);
    const page = packed.filter((path) => path.startsWith("viewer/"));
    for (const path of page) expect(path).toMatch(/^viewer\/dist\//);
    expect(page).toContain("viewer/dist/index.html");
    const others = packed.filter((path) => !page.includes(path));
    const kinds = new Set(others.map((path) => /(\.d\.ts|\.[a-z]+)?$/.exec(path)![0]));
    expect([...kinds].sort()).toEqual([
      "",
      ".d.ts",
      ".js",
      ".json",
      ".md",
      ".msg",
      ".onnx",
      ".png",
      ".srv",
      ".svg",
      ".urdf",
      ".xml",
      ".yaml",
    ]);
    for (const path of packed.filter((path) => path.startsWith("dist/"))) {
      const source = path.replace(/^dist/, "src").replace(/(\.d)?\.(js|ts)$/, ".ts");
      expect(existsSync(join(root, source)), `${path} has no source any more: npm run build after rm -r dist`).toBe(
        true,
      );
    }
  });
});

describe("the comments of the types", () => {
  /** What a comment cites: a document or source file, a folder of the repository, a script, a paper by its number here. */
  const CITED =
    /(?<![\w/.])(?:[\w./-]+\.(?:md|ts|py|sh)\b|(?:bench|docs|examples|findings|scripts|shared|src|test)\/[\w./-]*|npm run \S+|00\d(?= [§EFI]|\)))/g;
  const cited = (text: string) =>
    [...text.matchAll(/\/\*\*[\s\S]*?\*\/|\/\/(?!#).*/g)]
      .flatMap(([comment]) => comment.replace(/https?:\/\/[^)\s]+, \S+/g, "").match(CITED) ?? [])
      .filter((name) => !packed.includes(name) && !packed.includes(`docs/${name}`));

  it("cite nothing that is left out", () => {
    const types = packed.filter((path) => path.endsWith(".d.ts"));
    expect(types.length).toBeGreaterThan(300);
    const found = types.map((path) => [path, cited(readFileSync(join(root, path), "utf8"))] as const);
    expect(found.filter(([, names]) => names.length > 0)).toEqual([]);
  });

  it.each([
    ["../shared/methods.md §0.7", ["../shared/methods.md"]],
    ["see docs/none.md", ["docs/none.md"]],
    ["tested by test/explain/x.test.ts", ["test/explain/x.test.ts"]],
    ["`npm run bench:levels` measures it", ["npm run bench:levels`"]],
    ["(001 §III-A)", ["001"]],
    ["methods.md §0.8, docs/methods.md", []],
  ])("are searched: %s", (text, names) => expect(cited(`/** ${text} */`)).toEqual(names));
});

describe("an empty project that installs the tarball", () => {
  it("has the command", () => {
    expect(run("npx", "--offline", "torquelens", "--version").trim()).toBe(version);
    const policy = "node_modules/torquelens/models/reacher.onnx";
    expect(run("npx", "--offline", "torquelens", "inspect", policy)).toContain("joint_velocity");
  });

  it("imports every module, and the main one without the heavy packages", () => {
    const importing = `
      for (const name of ${JSON.stringify(modules)}) if (Object.keys(await import(name)).length === 0) throw new Error(name);
    `;
    expect(run(process.execPath, "--input-type=module", "-e", importing)).toBe("");
    // The loader is told to have nothing but what the main module needs.
    const hook = `export const resolve = (name, context, next) => {
      if (/^(@mujoco|vega|sharp|ws$|@mcap|node-sqlite3|rclnodejs)/.test(name)) throw new Error("loads " + name);
      return next(name, context);
    };`;
    const light = `
      import { register } from "node:module";
      register("data:text/javascript,${encodeURIComponent(hook)}");
      const { loadPolicy, shippedPolicy } = await import("torquelens");
      console.log((await loadPolicy(shippedPolicy("reacher"))).card.name);
    `;
    expect(run(process.execPath, "--input-type=module", "-e", light).trim()).toBe("reacher");
  });

  it.each([
    ["NodeNext", "NodeNext", { types: [] }],
    ["ESNext", "Bundler", { types: [] }],
    ["NodeNext", "NodeNext", { types: ["node"], lib: ["ES2023"] }],
  ])("compiles with all types checked, for Node or a browser: %s, %s, %o", (module, moduleResolution, more) => {
    const imports = modules.map((name, i) => `import * as module${i} from "${name}";\nconsole.log(module${i});`);
    const use = `
      import type { Explanation, Sink, Source } from "torquelens";
      import { loadTask, SimulatedSource } from "torquelens/sim";
      export const source: Source = new SimulatedSource({ task: await loadTask("reacher", { width: 96, height: 96 }) });
      export const sink: Sink = { write: ({ torque }: Explanation) => console.log(torque), close: async () => {} };
    `;
    writeFileSync(join(project, "use.ts"), `${imports.join("\n")}\n${use}`);
    const compilerOptions = {
      strict: true,
      exactOptionalPropertyTypes: true,
      skipLibCheck: false,
      module,
      moduleResolution,
      target: "ES2023",
      noEmit: true,
      ...more,
    };
    writeFileSync(join(project, "tsconfig.json"), JSON.stringify({ compilerOptions, files: ["use.ts"] }));
    expect(problemsOf(join(root, "node_modules/typescript/bin/tsc"), "-p", ".")).toBe("");
  });
});
