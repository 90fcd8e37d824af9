// npm run test:ros [-- OPTION… vitest arguments…]: builds the package with colcon from a copy of this checkout and runs
// test/ros/live against it. Exit code 77 where no ROS 2 is sourced. --quick: without the build of --symlink-install.
// --built: with what was built the last time.
import { execFileSync, spawnSync } from "node:child_process";
import { cpSync, existsSync, mkdirSync, rmSync } from "node:fs";
import { join } from "node:path";

const root = join(import.meta.dirname, "../../..");
const workspace = join(root, "build/ros-test");
const OPTIONS = ["--quick", "--built"];
const args = process.argv.slice(2);
const built = args.includes("--built");
const quick = args.includes("--quick");

/** Why nothing can be tested here, or undefined. */
function lacking() {
  const { ROS_DISTRO, AMENT_PREFIX_PATH } = process.env;
  if (!ROS_DISTRO || !AMENT_PREFIX_PATH) return "no ROS 2 is sourced";
  for (const command of ["ros2", "colcon", "python3"]) {
    if (spawnSync("which", [command]).status !== 0) return `no ${command} on PATH`;
  }
  return undefined;
}

/** A copy of what a clone would hold, changes not yet committed included. */
function copyCheckout(to) {
  const listed = execFileSync("git", ["ls-files", "-z", "--cached", "--others", "--exclude-standard"], { cwd: root });
  rmSync(to, { recursive: true, force: true });
  for (const file of listed.toString().split("\0")) {
    if (file === "" || !existsSync(join(root, file))) continue;
    mkdirSync(join(to, file, ".."), { recursive: true });
    cpSync(join(root, file), join(to, file), { preserveTimestamps: true });
  }
}

function build(name, ...options) {
  console.log(`test:ros: colcon build ${options.join(" ")}`);
  const { status } = spawnSync(
    "colcon",
    ["build", "--build-base", `build-${name}`, "--install-base", `install-${name}`, ...options],
    { cwd: workspace, stdio: "inherit" },
  );
  if (status !== 0) process.exit(1);
}

/** The environment with a built workspace sourced. */
function sourced(name) {
  const script = `. "${join(workspace, `install-${name}`, "local_setup.sh")}" && env -0`;
  const text = execFileSync("sh", ["-c", script], {
    stdio: ["ignore", "pipe", "inherit"],
    env: { ...process.env, COLCON_CURRENT_PREFIX: join(workspace, `install-${name}`) },
  });
  return Object.fromEntries(
    text
      .toString()
      .split("\0")
      .filter((line) => line.includes("="))
      .map((line) => [line.slice(0, line.indexOf("=")), line.slice(line.indexOf("=") + 1)]),
  );
}

const reason = lacking();
if (reason !== undefined) {
  console.log(`test:ros: ${reason}; nothing was tested`);
  process.exit(77);
}

if (!built) {
  execFileSync("npm", ["run", "--silent", "build"], { cwd: root, stdio: "inherit" });
  copyCheckout(join(workspace, "src/torquelens"));
  build("copy");
  if (!quick) build("link", "--symlink-install");
}

if (!existsSync(join(workspace, "install-copy/torquelens/lib/libtorquelens__rosidl_typesupport_cpp.so")))
  console.log(
    "test:ros: torquelens was built without C++ types of its messages (rosidl_generator_cpp), which ros2 bag needs: its tests are left out",
  );

const domain = process.env.ROS_DOMAIN_ID ?? String(1 + (process.pid % 100));
const environment = { ...sourced("copy"), ROS_DOMAIN_ID: domain };
const others = execFileSync("ros2", ["node", "list", "--no-daemon"], { env: environment }).toString().trim();
if (others !== "") {
  console.error(`test:ros: ROS_DOMAIN_ID ${domain} is in use by ${others.split("\n").join(", ")}; choose another`);
  process.exit(1);
}

const { ROS_DISTRO, RMW_IMPLEMENTATION } = process.env;
const client = `${process.version}, ${ROS_DISTRO}, ${RMW_IMPLEMENTATION ?? "default middleware"}`;
console.log(`test:ros: ${client}, ${new Date().toISOString().slice(0, 10)}`);
const { status } = spawnSync(
  process.execPath,
  [
    join(root, "node_modules/vitest/vitest.mjs"),
    "run",
    "--config",
    "test/ros/live/vitest.config.ts",
    ...args.filter((argument) => !OPTIONS.includes(argument)),
  ],
  {
    cwd: root,
    stdio: "inherit",
    env: {
      ...environment,
      TORQUELENS_WORKSPACE: workspace,
      TORQUELENS_LINKED: quick ? "" : join(workspace, "install-link"),
    },
  },
);
process.exit(status ?? 1);
