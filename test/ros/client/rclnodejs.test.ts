import { spawn, spawnSync } from "node:child_process";
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { delimiter, join } from "node:path";
import { setImmediate as turn } from "node:timers/promises";
import { fileURLToPath } from "node:url";
import { afterAll, describe, expect, test } from "vitest";
import { encoderOf } from "#src/messages/cdr.js";
import { openNodeOf } from "#src/ros/client/rclnodejs.js";
import { middlewareRefusal } from "#src/ros/client/rclnodejs-load.js";
import type { RclNode, Rclnodejs } from "#src/ros/client/rclnodejs-types.js";
import type { Fields } from "#src/ros/client/ros.js";

const BIN = fileURLToPath(new URL("../../../bin/torquelens.js", import.meta.url));
const text = (data: string) => encoderOf("std_msgs/msg/String")({ data });
const QOS = { reliability: "best_effort", durability: "transient_local", depth: 3 } as const;

/** rclnodejs as far as it is used, and what was asked of it. */
function fake() {
  const calls: string[] = [];
  const logged: string[] = [];
  const sent: Buffer[] = [];
  const made: { kind: string; args: unknown[] }[] = [];
  let take: ((cdr: Buffer) => void) | undefined;
  let serve: ((request: Fields) => object | Promise<object | undefined>) | undefined;
  const node: RclNode = {
    name: () => "torquelens",
    namespace: () => "/arm",
    getFullyQualifiedName: () => "/arm/torquelens",
    getLogger: () => {
      const log = (text: string) => void logged.push(text);
      return { debug: () => {}, info: log, warn: log, error: log };
    },
    execute: (what) => {
      if (what === "broken") throw new Error("native trouble");
      calls.push(`execute ${what}`);
    },
    resolveTopicName: (name) => `/arm/${name}`,
    createPublisher: (...args) => {
      made.push({ kind: "publisher", args });
      if (args[1] === "unknown")
        throw new Error("libodd_msgs__rosidl_typesupport_c.so: cannot open shared object file");
      return { topic: "/arm/t", subscriptionCount: 2, publish: (message) => void sent.push(message as Buffer) };
    },
    createSubscription: (...args) => {
      made.push({ kind: "subscription", args });
      take = args[3];
      return { topic: "/arm/t" };
    },
    createService: (...args) => {
      made.push({ kind: "service", args });
      serve = args[2];
      return {};
    },
    destroyPublisher: () => void calls.push("destroy publisher"),
    destroySubscription: () => void calls.push("destroy subscription"),
    destroyService: () => void calls.push("destroy service"),
    getPublishersInfoByTopic: () => [
      {
        node_name: "cam",
        node_namespace: "/",
        topic_type: "sensor_msgs/msg/Image",
        qos_profile: {
          history: 1,
          depth: 1,
          reliability: 2,
          durability: 2,
          liveliness: 1,
          avoidRosNameSpaceConventions: false,
        },
      },
    ],
    getSubscriptionsInfoByTopic: () => [],
    spin: (...args: unknown[]) => void calls.push(`spin ${args.length}`),
  };
  const classes: Record<string, object> = {
    "std_msgs/msg/String": { of: "String" },
    "std_srvs/srv/Trigger": { Request: { of: "nothing" }, Response: { of: "Trigger" } },
  };
  const rcl = {
    Context: class {
      handle = {};
    },
    Clock: class {
      now() {
        return { nanoseconds: 5n };
      }
    },
    // A class, as it is called with new.
    Node: function Node(...args: unknown[]) {
      made.push({ kind: "node", args });
      return node;
    },
    init: async (_: object, argv: readonly string[]) => void calls.push(`init ${argv.join(" ")}`),
    shutdown: () => void calls.push("shutdown"),
    removeSignalHandlers: () => void calls.push("removeSignalHandlers"),
    require: (type: string) => classes[type],
  } as unknown as Rclnodejs;
  return {
    rcl,
    node,
    calls,
    logged,
    sent,
    made,
    take: (cdr: Uint8Array) => take!(Buffer.from(cdr.slice().buffer)),
    serve: (request: Fields) => serve!(request),
  };
}

const open = async () => {
  const library = fake();
  const ros = await openNodeOf(library.rcl, { name: "torquelens", args: ["--ros-args", "-r", "a:=b"] });
  return { ...library, ros };
};

describe("what rclnodejs does not do well is kept from it", () => {
  test("signals are ours, parameters too, and it spins without a timeout of its own", async () => {
    const { calls, made, ros } = await open();
    expect(calls).toEqual(["removeSignalHandlers", "init torquelens --ros-args -r a:=b", "spin 0"]);
    expect(made[0]!.args[3]).toEqual({ startParameterServices: false, parameterOverrides: [] });
    expect([ros.fullName, ros.systemTime()]).toEqual(["/arm/torquelens", 5n]);
    ros.close();
    ros.close();
    expect(calls.filter((call) => call === "shutdown")).toHaveLength(1);
  });

  test("nothing is thrown into its native side", async () => {
    const { node, logged, ros, take } = await open();
    node.execute("broken");
    ros.subscribe("std_msgs/msg/String", "t", QOS, () => {
      throw new Error("our trouble");
    });
    take(text("x"));
    ros.subscribe("std_msgs/msg/String", "t", QOS, async () => Promise.reject(new Error("later trouble")));
    take(text("x"));
    await turn();
    expect(logged).toEqual(["rclnodejs: native trouble", "t: our trouble", "t: later trouble"]);
  });

  test("messages are read here, and one that is cut off is logged", async () => {
    const { logged, made, ros, take } = await open();
    const taken: Fields[] = [];
    ros.subscribe("std_msgs/msg/String", "t", QOS, (message) => taken.push(message));
    take(text("as sent"));
    take(text("as sent").subarray(0, 9));
    expect(taken).toEqual([{ data: "as sent" }]);
    expect(logged).toEqual([expect.stringMatching(/^t: /)]);
    expect(made.find(({ kind }) => kind === "subscription")!.args[2]).toMatchObject({ isRaw: true });
  });

  test("it is given buffers from their beginning, of the bytes that there are", async () => {
    const { ros, sent } = await open();
    const publisher = ros.publisher("torquelens/msg/Explanation", "t", QOS);
    const bytes = Uint8Array.of(9, 9, 1, 2, 3, 9);
    publisher.publish(bytes.subarray(2, 5));
    publisher.publish(bytes.subarray(0, 2));
    expect(sent.map((buffer) => [...buffer])).toEqual([
      [1, 2, 3],
      [9, 9],
    ]);
    for (const buffer of sent) expect(buffer.byteOffset).toBe(0);
    publisher.close();
    publisher.publish(bytes);
    expect(sent).toHaveLength(2);
  });

  test("publishers need no generated class, and quality of service is whole", async () => {
    const { ros, made } = await open();
    ros.publisher("torquelens/msg/Explanation", "t", QOS);
    const [type, topic, options] = made.at(-1)!.args as [{ type(): object }, string, object];
    expect(typeof type).toBe("function");
    expect(type.type()).toEqual({ pkgName: "torquelens", subFolder: "msg", interfaceName: "Explanation" });
    expect(topic).toBe("t");
    expect(options).toEqual({
      qos: {
        history: 1,
        depth: 3,
        reliability: 2,
        durability: 1,
        liveliness: 0,
        avoidRosNameSpaceConventions: false,
      },
    });
    expect(ros.publishersOf("/t")).toEqual([
      { node: "/cam", type: "sensor_msgs/msg/Image", reliability: "best_effort", durability: "volatile" },
    ]);
    expect(() => ros.publisher("odd_msgs/msg/Odd", "unknown", QOS)).toThrow(
      /^unknown \(odd_msgs\/msg\/Odd\): the package odd_msgs is not in the environment/,
    );
  });

  test("our own services are told by types of the same fields; they are answered off the native call", async () => {
    const { ros, made, serve, calls, logged } = await open();
    const own = {
      name: "torquelens/srv/SetMethod",
      request: "std_msgs/msg/String",
      responseOf: "std_srvs/srv/Trigger",
    };
    let isAnswered = false;
    const service = ros.service(own, "~/set_method", () => {
      isAnswered = true;
      return { success: true };
    });
    const type = made.at(-1)!.args[0] as Record<string, unknown> & { type(): object };
    expect(type.type()).toEqual({ pkgName: "torquelens", subFolder: "srv", interfaceName: "SetMethod" });
    expect([type.Request, type.Response]).toEqual([{ of: "String" }, { of: "Trigger" }]);
    const answer = serve({ data: "dtd" });
    expect(isAnswered).toBe(false);
    expect(await answer).toEqual({ success: true });
    ros.service("std_srvs/srv/Trigger", "~/broken", () => {
      throw new Error("no answer");
    });
    expect(await serve({})).toBeUndefined();
    expect(logged).toEqual(["~/broken: no answer"]);
    service.close();
    service.close();
    expect(calls.filter((call) => call === "destroy service")).toHaveLength(1);
  });
});

describe("a middleware that is not installed", () => {
  const prefix = mkdtempSync(join(tmpdir(), "torquelens-rmw-"));
  afterAll(() => rmSync(prefix, { recursive: true }));
  const of = (name: string, ...middlewares: string[]) => {
    const index = join(prefix, name, "share/ament_index/resource_index/rmw_typesupport");
    mkdirSync(index, { recursive: true });
    for (const middleware of ["rmw_implementation", ...middlewares]) writeFileSync(join(index, middleware), "");
    return join(prefix, name);
  };
  const prefixes = [of("overlay", "rmw_zenoh_cpp"), of("base", "rmw_cyclonedds_cpp"), "/nowhere"].join(delimiter);

  test.each([
    ["rmw_fastrtps_cpp", "rmw_fastrtps_cpp, which is not installed, expected one of rmw_cyclonedds_cpp, rmw_zenoh_cpp"],
    ["rmw_implementation", "rmw_implementation, which is not installed"],
    ["cyclonedds", "cyclonedds, which is not installed"],
  ])("is refused: %s", (middleware, reason) => {
    expect(middlewareRefusal(prefixes, middleware)).toContain(`RMW_IMPLEMENTATION: found ${reason}`);
  });

  test.each([
    [prefixes, "rmw_cyclonedds_cpp"],
    [prefixes, "rmw_zenoh_cpp"],
    [prefixes, ""],
    [prefixes, undefined],
    ["/nowhere", "rmw_fastrtps_cpp"],
  ])("is no other one: %s, %s", (among, middleware) => {
    expect(middlewareRefusal(among, middleware)).toBeUndefined();
  });

  test("ends the node in one line", () => {
    const env = { ...process.env, AMENT_PREFIX_PATH: prefixes, RMW_IMPLEMENTATION: "rmw_nowhere_cpp" };
    const { status, stderr } = spawnSync(process.execPath, [BIN, "node"], { env, encoding: "utf8" });
    expect([status, stderr]).toEqual([2, expect.stringMatching(/^torquelens: RMW_IMPLEMENTATION: .*\n$/)]);
  });
});

describe("without ROS 2", () => {
  test.each(["node", "sim-node"])("%s says so in one line", async (command) => {
    const { AMENT_PREFIX_PATH: _, ...env } = process.env;
    const child = spawn(process.execPath, [BIN, command], { env });
    let stderr = "";
    child.stderr.on("data", (text) => {
      stderr += text;
    });
    const code = await new Promise((resolve) => child.on("close", resolve));
    expect(stderr).toBe(
      "torquelens: no ROS 2 is sourced: source its setup.bash first (/opt/ros/DISTRIBUTION/setup.bash)\n",
    );
    expect(code).toBe(2);
  });
});
