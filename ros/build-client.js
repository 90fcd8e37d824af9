// node build-client.js [PREFIX…]: installs rclnodejs beside this file, binds it to the sourced ROS 2, and generates the
// message classes of every sourced package and of the ament prefixes given.
import { spawnSync } from "node:child_process";
import { existsSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { createRequire } from "node:module";
import { cpus } from "node:os";
import { delimiter, join } from "node:path";
import { compileFailure } from "./compile-failure.js";
import { installPackages, report, run } from "./npm-packages.js";

const here = import.meta.dirname;
const client = join(here, "node_modules/rclnodejs");
const OWN = "torquelens/torquelens__msg__Explanation.js";

await report(() => {
  const { ROS_DISTRO: distribution, AMENT_PREFIX_PATH: prefixes } = process.env;
  if (!distribution || !prefixes) {
    throw new Error("no ROS 2 is sourced (ROS_DISTRO and AMENT_PREFIX_PATH are not set): source its setup.bash first");
  }
  const command = spawnSync("which", ["ros2"], { encoding: "utf8" }).stdout.trim();
  if (command === "") throw new Error("no ros2 command on PATH: rclnodejs finds ROS 2 by it (install ros2cli)");
  installPackages(here);
  bind(`${distribution} ${process.arch} ${command}\n`, distribution);
  generate([...process.argv.slice(2), prefixes].join(delimiter));
});

/** Its own prebuilt binary where there is one for this distribution and Ubuntu, else compiled; once for each `subject`. */
function bind(subject, distribution) {
  const marker = join(client, ".torquelens-bound");
  if (existsSync(marker) && readFileSync(marker, "utf8") === subject) return;
  const { checkPrebuiltBinary } = createRequire(import.meta.url)(join(client, "scripts/install.cjs"));
  rmSync(join(client, "build"), { recursive: true, force: true });
  if (!checkPrebuiltBinary()) {
    run(
      process.execPath,
      [join(here, "node_modules/node-gyp/bin/node-gyp.js"), "rebuild", `--jobs=${cpus().length}`, ...headers()],
      client,
      (output) => compileFailure(output, distribution),
    );
  }
  writeFileSync(marker, subject);
}

/** Node's own headers where they stand beside it, so that node-gyp need not download them. */
function headers() {
  const root = join(process.execPath, "../..");
  const configured = process.env.npm_config_nodedir ?? process.env.NPM_CONFIG_NODEDIR;
  return configured === undefined && existsSync(join(root, "include/node/node.h")) ? [`--nodedir=${root}`] : [];
}

function generate(prefixes) {
  const failure = "rclnodejs could not generate its message classes";
  run(process.execPath, [join(client, "scripts/generate_messages.cjs")], client, failure, {
    ...process.env,
    AMENT_PREFIX_PATH: prefixes,
  });
  // The script reports success whatever happened.
  for (const type of ["std_msgs/std_msgs__msg__Header.js", ...(process.argv.length > 2 ? [OWN] : [])]) {
    if (!existsSync(join(client, "generated", type))) throw new Error(`${failure}: generated/${type} is missing`);
  }
}
