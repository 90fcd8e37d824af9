import { existsSync } from "node:fs";
import { join } from "node:path";
import type { Fields, Part, Probe, Qos } from "./probe.js";
import { output, Program, until } from "./process.js";

const workspace = process.env.TORQUELENS_WORKSPACE!;
const installed = join(workspace, "install-copy/torquelens");

/** Files of the package as installed. */
export const share = join(installed, "share/torquelens");
export const policy = join(share, "models/reacher.onnx");

/** True where `ros2 bag` is there and can record and play this package's messages, for which it needs their C++ types. */
export const hasBag =
  existsSync(join(installed, "lib/libtorquelens__rosidl_typesupport_cpp.so")) &&
  (await output("ros2", ["bag", "--help"])).code === 0;

/** Default name of the node that explains. */
export const NODE = "/torquelens";

/** An executable of the package. */
export const executable = (name: string): string => join(installed, "lib/torquelens", name);

/** An executable of the package, started as `ros2 run` does, without its delay. */
export function start(name: string, args: readonly string[] = [], env: NodeJS.ProcessEnv = {}): Program {
  return new Program(executable(name), args, env);
}

/** The node that explains, with parameters as `-p` gives them. */
export function explainNode(parameters: Record<string, string | number | boolean> = { policy }, more: string[] = []) {
  const given = Object.entries(parameters).flatMap(([name, value]) => ["-p", `${name}:=${value}`]);
  return start("explain_node", ["--ros-args", ...given, ...more]);
}

/** Label of a node's lifecycle state. */
export async function lifecycle(probe: Probe, node = NODE): Promise<string> {
  return (await probe.call(`${node}/get_state`, "lifecycle_msgs/srv/GetState")).current_state.label;
}

export async function reaches(probe: Probe, state: string, node = NODE): Promise<void> {
  await until(`${node} ${state}`, async () => ((await lifecycle(probe, node)) === state ? true : undefined), 60);
}

/** Numbers of the parameter types in rcl_interfaces/msg/ParameterValue, and the field that holds each. */
const VALUES = ["", "bool_value", "integer_value", "double_value", "string_value"];

export async function parameter(probe: Probe, name: string, node = NODE): Promise<unknown> {
  const { values } = await probe.call(`${node}/get_parameters`, "rcl_interfaces/srv/GetParameters", { names: [name] });
  return values[0][VALUES[values[0].type]!];
}

/** Sets one parameter. @returns why it was refused; undefined where it was taken */
export async function setParameter(
  probe: Probe,
  name: string,
  value: unknown,
  node = NODE,
): Promise<string | undefined> {
  const type = typeof value === "boolean" ? 1 : typeof value === "string" ? 4 : Number.isInteger(value) ? 2 : 3;
  const { results } = await probe.call(`${node}/set_parameters`, "rcl_interfaces/srv/SetParameters", {
    parameters: [{ name, value: { type, [VALUES[type]!]: value } }],
  });
  return results[0].successful ? undefined : results[0].reason;
}

/** The newest diagnostics of a node: message, level and values by the part of the status's name behind the colon. */
export async function diagnostics(probe: Probe): Promise<Record<string, Fields>> {
  const { status: statuses } = await probe.next("/diagnostics", { fresh: true });
  return Object.fromEntries(
    statuses.map(({ name, level, message, values }: Fields) => [
      name.slice(name.indexOf(": ") + 2),
      { level, message, ...Object.fromEntries(values.map(({ key, value }: Fields) => [key, value])) },
    ]),
  );
}

export const WIDTH = 96;
export const HEIGHT = 96;

/** Pixels that are not all alike, `bytes` bytes each. */
export function pixels(width: number, height: number, bytes = 3): string {
  const data = new Uint8Array(width * height * bytes);
  for (let i = 0; i < data.length; i++) data[i] = (i * 7 + ((i / width) | 0) * 13) % 256;
  return Buffer.from(data).toString("base64");
}

/** A camera image that the shipped policy takes. */
export function image(more: object = {}, qos: Qos = {}): Part {
  return {
    topic: "/image",
    type: "sensor_msgs/msg/Image",
    qos,
    message: {
      header: { frame_id: "camera_optical_frame" },
      width: WIDTH,
      height: HEIGHT,
      encoding: "rgb8",
      step: 3 * WIDTH,
      data_base64: pixels(WIDTH, HEIGHT),
      ...more,
    },
  };
}

/** Joint states that the shipped policy takes, in another order than its own. */
export function joints(more: object = {}, qos: Qos = {}): Part {
  return {
    topic: "/joint_states",
    type: "sensor_msgs/msg/JointState",
    qos,
    message: { name: ["elbow", "gripper", "shoulder"], position: [0.4, 9, 0.1], velocity: [0, 9, 0.2], ...more },
  };
}

export const EXPLANATION = ["/torquelens/explanation", "torquelens/msg/Explanation"] as const;
