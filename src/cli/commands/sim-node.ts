import { InputError } from "../../errors.js";
import { Explainer } from "../../explain/explainer.js";
import { shippedPolicy } from "../../package-files.js";
import type { Parameters } from "../../parameters/parameters.js";
import { loadPolicy } from "../../policy/policy.js";
import { rosArguments } from "../../ros/client/arguments.js";
import { openNode } from "../../ros/client/rclnodejs.js";
import type { RosNode } from "../../ros/client/ros.js";
import { SIM_NODE } from "../../ros/parameters/nodes.js";
import { serveParameters } from "../../ros/parameters/parameter-server.js";
import { SIM_PARAMETERS } from "../../ros/parameters/sim-parameters.js";
import { ActionListener } from "../../ros/sim/action-listener.js";
import { type Driver, type OwnCamera, policyDriver, SimNode, type SimNodeOptions } from "../../ros/sim/sim-node.js";
import { checkStamps, steerBy } from "../../ros/sim/steering.js";
import { TorqueListener } from "../../ros/sim/torque-listener.js";
import { opticsOf } from "../../sim/render/view.js";
import type { Simulated } from "../../sim/simulated.js";
import { SimulatedSource } from "../../sim/source.js";
import type { Targets } from "../../sim/tasks/task.js";
import { loadTask } from "../../sim/tasks/tasks.js";
import { worldNamed } from "../../sim/worlds/worlds.js";
import { givenFor, parametersOf } from "../input/ros-parameters.js";
import { simulatedFor } from "../input/sim-task.js";

type SimParameters = Parameters<typeof SIM_PARAMETERS>;

/** Runs the simulator until `signal` aborts. @throws InputError for arguments or parameters that are wrong */
export async function runSimNode(argv: readonly string[], signal: AbortSignal): Promise<void> {
  const given = rosArguments(argv);
  const ros = await openNode({ name: SIM_NODE, args: given.passed });
  try {
    const parameters = parametersOf(ros, SIM_PARAMETERS, await givenFor(ros, given));
    const server = serveParameters(ros, parameters);
    const options = await simulated(ros, parameters);
    steerBy(parameters, options.source);
    const node = new SimNode(ros, options);
    ros.log("info", `simulates ${parameters.get("task")}, driven by ${parameters.get("driver")}`);
    await node.run(signal);
    server.close();
  } finally {
    ros.close();
  }
}

async function simulated(ros: RosNode, parameters: SimParameters): Promise<SimNodeOptions> {
  const { get } = { get: parameters.get.bind(parameters) };
  const name = get("task");
  const targets = get("targets") as Targets;
  const path = get("policy") || shippedPolicy(name);
  const policy = await loadPolicy(path, { card: get("card") || undefined });
  const task = await simulatedFor(policy, name, { targets });
  const [width, height] = [get("width") || task.width, get("height") || task.height];
  const isOwnSize = width !== task.width || height !== task.height;
  const camera = isOwnSize ? await cameraOf(task, { width, height, targets }) : undefined;
  const isWall = get("stamps") === "wall";
  checkStamps(get("stamps"), get("speed"));
  const source = new SimulatedSource({
    task,
    seed: get("seed"),
    speed: get("speed"),
    condition: get("condition") || undefined,
    unstable: (problem) => ros.log("warn", `${problem}; the next episode begins`),
  });
  const driver =
    get("driver") === "policy"
      ? policyDriver(await Explainer.create(policy, { levels: ["skip"] }))
      : listener(ros, task);
  return {
    source,
    driver,
    task,
    ...(camera && { camera }),
    paused: get("paused"),
    pausing: (isPaused) => parameters.report([["paused", isPaused]]),
    ...(isWall && { now: () => ros.systemTime() }),
  };
}

/** A camera of an arm with its own image size. @throws InputError for a world, whose pictures have one size */
export async function cameraOf(
  task: Simulated,
  own: { width: number; height: number; targets?: Targets },
): Promise<OwnCamera> {
  const { name, save } = task;
  if (!save)
    throw new InputError(
      `width, height: found ${own.width}×${own.height}, expected ${task.width}×${task.height}, the size of the pictures of ${name}`,
    );
  const other = await loadTask(name, own);
  const { width, height, cameraFrame: frameId } = other;
  return {
    image: () => {
      other.restore(save.call(task));
      return { width, height, encoding: "rgb8", data: other.observe().image, frameId, optics: opticsOf(other) };
    },
    delete: () => other.delete(),
  };
}

function listener(ros: RosNode, task: Simulated): Driver {
  const { name, joints, controlPeriod } = task;
  if (!joints) {
    const heard = new ActionListener(ros, worldNamed(name).facts.actions);
    return { torque: (_, signal) => heard.next(signal), waits: true, close: () => heard.close() };
  }
  const now = () => performance.now();
  const heard = new TorqueListener(ros, "torque_command", { joints, periodMs: 1000 * controlPeriod, now });
  return { torque: (_, signal) => heard.next(signal), close: () => heard.close() };
}
