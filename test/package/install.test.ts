import { spawnSync } from "node:child_process";
import { chmodSync, existsSync, lstatSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { afterAll, describe, expect, it } from "vitest";

const root = new URL("../../", import.meta.url).pathname;
const scratch = mkdtempSync(join(tmpdir(), "torquelens-package-"));
afterAll(() => rmSync(scratch, { recursive: true }));

function write(directory: string, files: Record<string, string>): void {
  for (const [name, text] of Object.entries(files)) {
    mkdirSync(dirname(join(directory, name)), { recursive: true });
    writeFileSync(join(directory, name), text);
  }
}

describe("installing the JavaScript", () => {
  const from = join(scratch, "from");
  const other = process.platform === "linux" ? "darwin" : "linux";
  const lock = (packages: object) => JSON.stringify({ packages });
  write(from, {
    "bin/torquelens.js": "",
    "dist/index.js": "",
    "models/m.onnx": "",
    "msg/E.msg": "",
    "srv/S.srv": "",
    "urdf/r.urdf": "",
    "viewer/dist/index.html": "",
    "viewer/index.html": "",
    "src/index.ts": "",
    "package.json": "{}",
    "node_modules/.package-lock.json": lock({
      "node_modules/kept": {},
      "node_modules/kept/node_modules/nested": {},
      "node_modules/kept/node_modules/tool": { dev: true },
      "node_modules/onnxruntime-node": {},
      "node_modules/tool": { dev: true },
    }),
    "node_modules/kept/index.js": "",
    "node_modules/kept/node_modules/nested/index.js": "",
    "node_modules/kept/node_modules/tool/index.js": "",
    [`node_modules/onnxruntime-node/bin/napi-v6/${process.platform}/${process.arch}/lib.so`]: "",
    [`node_modules/onnxruntime-node/bin/napi-v6/${process.platform}/other/lib.so`]: "",
    [`node_modules/onnxruntime-node/bin/napi-v6/${other}/${process.arch}/lib.so`]: "",
    "node_modules/tool/index.js": "",
    "ros/node_modules/.package-lock.json": lock({ "node_modules/rclnodejs": {} }),
    "ros/node_modules/rclnodejs/index.js": "",
    "ros/node_modules/rclnodejs/build/Release/rclnodejs.node": "",
    "ros/node_modules/rclnodejs/build/Release/obj.target/a.o": "",
  });

  const install = (to: string, ...options: string[]) =>
    spawnSync(process.execPath, [join(root, "ros/install-package.js"), from, to, ...options], { encoding: "utf8" });

  it("leaves out what only building and other machines need", () => {
    const to = join(scratch, "copied");
    write(to, { "dist/stale.js": "" });
    expect(install(to).status).toBe(0);
    const holds = (name: string) => existsSync(join(to, name));
    for (const name of [
      "bin/torquelens.js",
      "dist/index.js",
      "models/m.onnx",
      "msg/E.msg",
      "srv/S.srv",
      "urdf/r.urdf",
      "viewer/dist/index.html",
      "package.json",
      "node_modules/kept/index.js",
      "node_modules/kept/node_modules/nested/index.js",
      `node_modules/onnxruntime-node/bin/napi-v6/${process.platform}/${process.arch}/lib.so`,
      "ros/node_modules/rclnodejs/index.js",
      "ros/node_modules/rclnodejs/build/Release/rclnodejs.node",
    ]) {
      expect(holds(name), name).toBe(true);
    }
    for (const name of [
      "dist/stale.js",
      "src",
      "viewer/index.html",
      "node_modules/tool",
      "node_modules/kept/node_modules/tool",
      `node_modules/onnxruntime-node/bin/napi-v6/${process.platform}/other`,
      `node_modules/onnxruntime-node/bin/napi-v6/${other}`,
      "ros/node_modules/rclnodejs/build/Release/obj.target",
    ]) {
      expect(holds(name), name).toBe(false);
    }
  });

  it("refers to the build space with --link, and back again", () => {
    const to = join(scratch, "linked");
    expect(install(to, "--link").status).toBe(0);
    expect(lstatSync(to).isSymbolicLink()).toBe(true);
    expect(install(to).status).toBe(0);
    expect(lstatSync(to).isSymbolicLink()).toBe(false);
    expect(existsSync(join(from, "src/index.ts"))).toBe(true);
  });

  it("says in one line what is missing", () => {
    const { status, stderr } = spawnSync(
      process.execPath,
      [join(root, "ros/install-package.js"), scratch, scratch + 2],
      {
        encoding: "utf8",
      },
    );
    expect(status).toBe(1);
    expect(stderr).toMatch(/^torquelens: .*\n$/);
  });
});

describe("the client's build", () => {
  it("refuses in one line where no ROS 2 is sourced", () => {
    const { status, stderr } = spawnSync(process.execPath, [join(root, "ros/build-client.js")], {
      encoding: "utf8",
      env: { PATH: process.env.PATH },
    });
    expect([status, stderr]).toEqual([1, expect.stringMatching(/^torquelens: no ROS 2 is sourced .*\n$/)]);
  });

  it.each([
    [
      "an rcl that is too old",
      "  CXX(target) rcl.o\n../src/t.cpp:9:2: error: ‘rcl_timer_get_next_call_time’ was not declared\n../src/t.cpp:12:2: error: other\ngyp ERR! build error",
      /^rclnodejs could not be compiled: \.\.\/src\/t\.cpp:9:2: error: ‘rcl_timer_get_next_call_time’ was not declared; the sourced ROS 2 \(jazzy\) does not fit it/,
    ],
    [
      "a header of ROS 2 that is missing",
      "../src/t.cpp:1:10: fatal error: rcl/rcl.h: No such file or directory",
      /fatal error: rcl\/rcl\.h: No such file or directory; the sourced ROS 2/,
    ],
    [
      "too little memory",
      "g++: fatal error: Killed signal terminated program cc1plus",
      /: g\+\+: fatal error: Killed signal terminated program cc1plus$/,
    ],
    ["no make", "gyp ERR! stack Error: not found: make", /: it needs a C\+\+ compiler, make and Python 3$/],
  ])("names the compiler's first error: %s", async (_, output, expected) => {
    const { compileFailure } = await import(join(root, "ros/compile-failure.js"));
    expect(compileFailure(output, "jazzy")).toMatch(expected);
  });
});

describe("the wrapper of the executables", () => {
  const prefix = join(scratch, "prefix");
  const script = readFileSync(join(root, "ros/run.in"), "utf8").replaceAll("@NODE_MINIMUM@", "20.20");
  for (const name of ["explain_node", "sim_node", "torquelens"]) {
    write(prefix, { [`lib/torquelens/${name}`]: script });
    chmodSync(join(prefix, "lib/torquelens", name), 0o755);
  }
  write(prefix, { "share/torquelens/js/bin/torquelens.js": "console.log(JSON.stringify(process.argv.slice(2)));" });
  /** A `node` that calls itself by a version, and else is the real one. */
  function nodeOf(version: string): string {
    const directory = `bin-${version}`;
    write(scratch, {
      [`${directory}/node`]: `#!/bin/sh\n[ "$1" = --version ] && echo ${version} || exec "${process.execPath}" "$@"\n`,
    });
    chmodSync(join(scratch, directory, "node"), 0o755);
    return join(scratch, directory);
  }
  const run = (name: string, args: string[], env: Record<string, string>) =>
    spawnSync(join(prefix, "lib/torquelens", name), args, { encoding: "utf8", env: { PATH: "/usr/bin:/bin", ...env } });

  it("hands its arguments on to the command it stands for", () => {
    const env = { TORQUELENS_NODE: process.execPath };
    const args = ["--ros-args", "-p", "a:=b c", "-r", "__ns:=/x"];
    expect(JSON.parse(run("explain_node", args, env).stdout)).toEqual(["node", ...args]);
    expect(JSON.parse(run("sim_node", args, env).stdout)).toEqual(["sim-node", ...args]);
    expect(JSON.parse(run("torquelens", ["methods", "--json"], env).stdout)).toEqual(["methods", "--json"]);
  });

  it.each(["v20.20.0", "v20.21.3", "v22.0.0", "v100.1.0"])("runs under Node.js %s", (version) => {
    const { status, stdout } = run("sim_node", [], { PATH: `${nodeOf(version)}:/usr/bin:/bin` });
    expect([status, stdout]).toEqual([0, '["sim-node"]\n']);
  });

  it.each(["v18.19.1", "v20.19.9", "v12.22.9"])("refuses Node.js %s in one line", (version) => {
    const { status, stderr } = run("explain_node", [], { PATH: `${nodeOf(version)}:/usr/bin:/bin` });
    expect(status).toBe(1);
    expect(stderr).toMatch(new RegExp(`^torquelens: needs Node.js 20.20 or newer: "node" is ${version} .*\\n$`));
  });

  it("says in one line that there is no Node.js", () => {
    const { status, stderr } = run("explain_node", [], { TORQUELENS_NODE: "/nowhere/node" });
    expect([status, stderr]).toEqual([1, expect.stringMatching(/^torquelens: .*found no "\/nowhere\/node".*\n$/)]);
  });
});
