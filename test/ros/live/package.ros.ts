import { existsSync } from "node:fs";
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { describe, expect, it } from "vitest";
import { NODE, policy, share, start } from "./node.js";
import { output, Program, stopAll } from "./process.js";

describe("the installed package", () => {
  it("offers its executables to ros2 run", async () => {
    const { text } = await output("ros2", ["pkg", "executables", "torquelens"]);
    expect(text.trim().split("\n").sort()).toEqual(
      ["explain_node", "sim_node", "torquelens"].map((name) => `torquelens ${name}`),
    );
    const listed = await output("ros2", ["run", "torquelens", "torquelens", "methods", "--json"]);
    expect(listed.code).toBe(0);
    expect(JSON.parse(listed.text).map(({ name }: { name: string }) => name)).toContain("dtd");
  });

  it.each([
    ["msg/Explanation", ["std_msgs/Header header", "relevance per pixel that 65535", "N m", "milliseconds"]],
    ["msg/RelevanceRatios", ["share of all camera images, ratio"]],
    ["msg/TorqueRelevance", ["commanded torque, N m"]],
    ["msg/Simulation", ["bool paused", "uint32 episode_tick", "float64[6] wrench", "world axes"]],
    ["srv/Perturb", ["string perturbation", "YAML or JSON", "string applied"]],
    ["srv/SetMethod", ["string method", "bool success"]],
    ["srv/SetTorque", ["string joint", "bool success"]],
  ])("shows %s with its comments", async (name, texts) => {
    const { code, text } = await output("ros2", ["interface", "show", `torquelens/${name}`]);
    expect(code).toBe(0);
    for (const expected of texts) expect(text).toContain(expected);
  });

  it("makes message classes for Python", async () => {
    const { text } = await output("python3", [
      "-c",
      "from torquelens.msg import Explanation, Simulation; from torquelens.srv import Perturb; " +
        "print(Explanation.LEVEL_SKIP, Explanation().torques, len(Simulation().wrench), Perturb.Response().success)",
    ]);
    expect(text.trim()).toBe("2 [] 6 False");
  });

  it.each(["explain.launch.py", "sim.launch.py"])("tells the arguments of %s", async (file) => {
    const { code, text } = await output("ros2", ["launch", "torquelens", file, "--show-args"]);
    expect(code).toBe(0);
    for (const name of ["policy", "params_file", "namespace", "viewer", "rviz"]) expect(text).toContain(`'${name}':`);
  });

  it.each([
    ["explain.launch.py", "use_sim_time"],
    ["explain.launch.py", "viewer"],
    ["sim.launch.py", "viewer"],
    ["sim.launch.py", "explain"],
  ])("says in one line that an argument of %s is wrong, and starts nothing: %s", async (file, name) => {
    const { code, text } = await output("ros2", ["launch", "torquelens", file, `${name}:=perhaps`]);
    expect(code).toBe(1);
    expect(text).toContain(`launch argument '${name}' is 'perhaps'; expected true or false`);
    expect(text).not.toContain("process started");
  });

  it("holds models, robot, launch files and layouts", async () => {
    const files = ["models/reacher.yaml", "urdf/reacher.urdf", "launch/torquelens.rviz", "launch/params.yaml"];
    const { code, text } = await output(
      "ls",
      files.map((file) => join(share, file)),
    );
    expect([code, text.trim().split("\n").length]).toEqual([0, files.length]);
  });
});

describe("what is missing", () => {
  it("is said before the build: the ros2 command", async () => {
    const path = process.env.PATH!.split(":").filter((folder) => !existsSync(join(folder, "ros2")));
    const folder = await mkdtemp(join(tmpdir(), "torquelens-cmake-"));
    const source = join(process.env.TORQUELENS_WORKSPACE!, "src/torquelens");
    try {
      const { code, text } = await output("cmake", ["-S", source, "-B", folder], { PATH: path.join(":") });
      expect(code).not.toBe(0);
      expect(text.replaceAll(/\s+/g, " ")).toContain("found no ros2 command on PATH");
    } finally {
      await rm(folder, { recursive: true });
    }
  });

  it("is said in one line: the middleware that RMW_IMPLEMENTATION names", async () => {
    const node = start("explain_node", [], { RMW_IMPLEMENTATION: "rmw_nowhere_cpp" });
    expect((await node.ended()).code).toBe(2);
    expect(node.output).toMatch(/^torquelens: RMW_IMPLEMENTATION: found rmw_nowhere_cpp, which is not installed.*\n$/);
  });
});

describe.runIf(process.env.TORQUELENS_LINKED)("the package installed with --symlink-install", () => {
  const env = {
    AMENT_PREFIX_PATH: [join(process.env.TORQUELENS_LINKED!, "torquelens"), process.env.AMENT_PREFIX_PATH].join(":"),
  };

  it("runs the explaining node", async () => {
    const node = new Program(
      "ros2",
      ["run", "torquelens", "explain_node", "--ros-args", "-p", `policy:=${policy}`],
      env,
    );
    try {
      const prefix = await output("ros2", ["pkg", "prefix", "torquelens"], env);
      expect(prefix.text.trim()).toBe(join(process.env.TORQUELENS_LINKED!, "torquelens"));
      await node.printed(/explaining reacher/);
      const { text } = await output("ros2", ["node", "list"], env);
      expect(text).toContain(NODE);
    } finally {
      await stopAll();
    }
  });
});
