import type { Observation } from "../../explain/observation.js";
import type { Image } from "../../image/image.js";
import { encoderOf } from "../../messages/cdr.js";
import { toCameraInfo, toImage } from "../../messages/images.js";
import type { Qos } from "../../messages/qos.js";
import { QOS } from "../../messages/qos.js";
import { toJointState, toTf, toTime } from "../../messages/robot.js";
import { SIMULATION, toSimulation } from "../../messages/simulation.js";
import type { Publisher, RosNode } from "../client/ros.js";

/** A topic of the simulated robot. Messages are made only for subscribers. */
interface Outlet {
  readonly publisher: Publisher;
  readonly write: (message: object) => Uint8Array;
}

/** Name of the simulated camera. */
const CAMERA = "camera";

/**
 * The simulated robot's sensors as topics (images, calibration, joint states, poses), the clock, and the simulation's
 * state. A world has pictures alone.
 */
export class SimPublisher {
  readonly #clock: Outlet;
  readonly #image: Outlet;
  readonly #simulation: Outlet;
  readonly #ofArm: Readonly<Record<"cameraInfo" | "jointStates" | "tf", Outlet>> | undefined;
  readonly #instruction: Outlet | undefined;
  /** What the robot was told last. */
  #told: string | undefined;
  readonly #all: Outlet[] = [];

  /**
   * @param robotDescription URDF, published latched; undefined for a world
   * @param isTelling true where it says in words what is to be done, published latched
   */
  constructor(
    private readonly ros: RosNode,
    robotDescription: string | undefined,
    isTelling = false,
  ) {
    this.#clock = this.#open("rosgraph_msgs/msg/Clock", "/clock", QOS.reliable);
    this.#image = this.#open("sensor_msgs/msg/Image", "camera/image", QOS.reliable);
    this.#simulation = this.#open(SIMULATION, "~/simulation", QOS.reliable);
    if (isTelling) this.#instruction = this.#open("std_msgs/msg/String", "instruction", QOS.latched);
    if (robotDescription === undefined) return;
    this.#ofArm = {
      cameraInfo: this.#open("sensor_msgs/msg/CameraInfo", "camera/camera_info", QOS.reliable),
      jointStates: this.#open("sensor_msgs/msg/JointState", "joint_states", QOS.reliable),
      tf: this.#open("tf2_msgs/msg/TFMessage", "/tf", { ...QOS.reliable, depth: 100 }),
    };
    const description = this.#open("std_msgs/msg/String", "robot_description", QOS.latched);
    description.publisher.publish(description.write({ data: robotDescription }));
  }

  /** Publishes an observation, the clock first. @param image the camera's image, which may differ from the policy's */
  publish(observation: Observation, image: Image): void {
    const { cameraInfo, jointStates, tf } = this.#ofArm ?? {};
    this.#tell(observation.instruction);
    this.#say(this.#clock, () => ({ clock: toTime(observation.stamp) }));
    if (jointStates) this.#say(jointStates, () => toJointState(observation));
    if (tf) this.#say(tf, () => toTf(observation));
    this.#say(this.#simulation, () => toSimulation({ observation }));
    const seen = { observation: { ...observation, images: { [CAMERA]: image }, cameras: {} } };
    if (cameraInfo) this.#say(cameraInfo, () => toCameraInfo(seen, CAMERA));
    this.#say(this.#image, () => toImage(seen, CAMERA));
  }

  close(): void {
    for (const { publisher } of this.#all) publisher.close();
  }

  /** Latched: published when it changes, also where nobody listens yet. */
  #tell(instruction: string | undefined): void {
    if (!this.#instruction || instruction === undefined || instruction === this.#told) return;
    this.#told = instruction;
    const { publisher, write } = this.#instruction;
    publisher.publish(write({ data: instruction }));
  }

  #open(type: string, topic: string, qos: Qos): Outlet {
    const outlet = { publisher: this.ros.publisher(type, topic, qos), write: encoderOf(type) };
    this.#all.push(outlet);
    return outlet;
  }

  #say({ publisher, write }: Outlet, message: () => object | undefined): void {
    if (publisher.subscribers === 0) return;
    const made = message();
    if (made) publisher.publish(write(made));
  }
}
