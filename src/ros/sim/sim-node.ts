import { setImmediate as turn } from "node:timers/promises";
import { InputError } from "../../errors.js";
import type { Observation } from "../../explain/observation.js";
import type { AnyExplainer } from "../../explain/pipeline.js";
import type { Image } from "../../image/image.js";
import { opticsOf } from "../../sim/render/view.js";
import type { SimulatedSource } from "../../sim/source.js";
import type { Task } from "../../sim/tasks/task.js";
import type { RosNode } from "../client/ros.js";
import { SimPublisher } from "./sim-publisher.js";
import { serveSimulation } from "./sim-services.js";

/** Source of the torques of a simulated arm, N·m, one per joint. */
export interface Driver {
  torque(observation: Observation, signal: AbortSignal): Promise<ArrayLike<number>>;
  close(): Promise<void> | void;
}

/** Drives the arm by the policy itself, without topics. */
export function policyDriver(explainer: AnyExplainer & { close(): Promise<void> }): Driver {
  return {
    torque: async (observation) => (await explainer.explain(observation)).torque,
    close: () => explainer.close(),
  };
}

export interface SimNodeOptions {
  readonly source: SimulatedSource;
  readonly driver: Driver;
  /** The task that the source simulates; the node only reads it. */
  readonly task: Task;
  /** The same task with the camera's own image size, where that differs from the policy's input. */
  readonly camera?: Task;
  readonly paused?: boolean;
  /** Called when a client pauses the simulation or lets it go on. */
  readonly pausing?: (isPaused: boolean) => void;
  /** Clock of the messages' stamps, nanoseconds, instead of simulated time. */
  readonly now?: () => bigint;
}

/** A simulated robot on the ROS 2 graph. Frees its options when it ends. */
export class SimNode {
  constructor(
    private readonly ros: RosNode,
    private readonly options: SimNodeOptions,
  ) {
    if (options.paused) options.source.gate.pause();
  }

  /** Simulates until `signal` aborts. @throws InputError where a topic or service cannot be opened */
  async run(signal: AbortSignal): Promise<void> {
    const { source, task } = this.options;
    const opened: { close(): void }[] = [];
    const open = <T extends { close(): void }>(resource: T): T => {
      opened.push(resource);
      return resource;
    };
    const stop = () => void source.close();
    signal.addEventListener("abort", stop);
    try {
      const publisher = open(new SimPublisher(this.ros, task.robotDescription));
      open(serveSimulation(this.ros, source, this.options.pausing));
      await this.#simulate(publisher, signal);
    } finally {
      signal.removeEventListener("abort", stop);
      for (const resource of opened) resource.close();
      await this.options.driver.close();
      await source.close();
      this.options.camera?.delete();
    }
  }

  async #simulate(publisher: SimPublisher, signal: AbortSignal): Promise<void> {
    const { source, driver, now } = this.options;
    for await (const simulated of source.observations()) {
      if (signal.aborted) return;
      const observation = { ...simulated, stamp: now?.() ?? simulated.stamp };
      publisher.publish(observation, this.#image(observation));
      source.accept({ torque: await driver.torque(observation, signal) });
      // Yield to the event loop, also at full speed.
      await turn();
    }
  }

  #image({ images }: Observation): Image {
    const { task, camera } = this.options;
    const own = images.image;
    if (!own) throw new InputError(`task ${task.name}: it gives no image`);
    if (!camera) return { ...own, optics: opticsOf(task) };
    camera.restore(task.save());
    const { width, height, cameraFrame } = camera;
    const { image } = camera.observe();
    return { width, height, encoding: "rgb8", data: image, frameId: cameraFrame, optics: opticsOf(camera) };
  }
}
