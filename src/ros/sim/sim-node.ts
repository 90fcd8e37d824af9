import { setImmediate as turn } from "node:timers/promises";
import type { Explanation } from "../../explain/explanation.js";
import type { Observation } from "../../explain/observation.js";
import type { AnyExplainer } from "../../explain/pipeline.js";
import type { Image } from "../../image/image.js";
import type { Simulated } from "../../sim/simulated.js";
import type { SimulatedSource } from "../../sim/source.js";
import type { RosNode } from "../client/ros.js";
import { SimPublisher } from "./sim-publisher.js";
import { serveSimulation } from "./sim-services.js";

/** What moves a simulated arm or a world. */
export interface Driver {
  /** Torques, N·m, one per joint; of a world values of its actions, of which the largest is taken, or their numbers. */
  torque(observation: Observation, signal: AbortSignal): Promise<ArrayLike<number>>;
  /** Where the last action acts, cells over the picture, where the driver says so. */
  readonly mask?: () => { readonly data: ArrayLike<number> } | undefined;
  /** True where it may take longer than a control period: the picture is then published again and again. */
  readonly waits?: boolean;
  close(): Promise<void> | void;
}

/** Drives by the policy itself, without topics. */
export function policyDriver(explainer: AnyExplainer & { close(): Promise<void> }): Driver {
  let mask: Explanation["mask"];
  return {
    torque: async (observation) => {
      const explanation = await explainer.explain(observation);
      mask = explanation.mask;
      return explanation.torque;
    },
    mask: () => mask,
    close: () => explainer.close(),
  };
}

export interface SimNodeOptions {
  readonly source: SimulatedSource;
  readonly driver: Driver;
  /** What the source simulates; the node only reads it. */
  readonly task: Pick<Simulated, "robotDescription" | "controlPeriod" | "isTelling">;
  /** A camera with an image size of its own, where that differs from the policy's input. */
  readonly camera?: OwnCamera;
  readonly paused?: boolean;
  /** Called when a client pauses the simulation or lets it go on. */
  readonly pausing?: (isPaused: boolean) => void;
  /** Clock of the messages' stamps, nanoseconds, instead of simulated time. */
  readonly now?: () => bigint;
}

/** A camera that looks at what the source simulates. */
export interface OwnCamera {
  image(): Image;
  delete(): void;
}

/** A simulated robot or world on the ROS 2 graph. Frees its options when it ends. */
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
      const publisher = open(new SimPublisher(this.ros, task.robotDescription, task.isTelling));
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
    const { source, driver, now, task } = this.options;
    for await (const simulated of source.observations()) {
      if (signal.aborted) return;
      const show = () => {
        const observation = { ...simulated, stamp: now?.() ?? simulated.stamp };
        publisher.publish(observation, this.#image(observation));
        return observation;
      };
      const observation = show();
      const again = driver.waits ? setInterval(show, 1000 * task.controlPeriod) : undefined;
      try {
        const torque = await driver.torque(observation, signal);
        source.accept({ torque, mask: driver.mask?.() });
      } finally {
        clearInterval(again);
      }
      // Yield to the event loop, also at full speed.
      await turn();
    }
  }

  #image({ images }: Observation): Image {
    return this.options.camera?.image() ?? images.image!;
  }
}
