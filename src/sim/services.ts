import type { SimulatedSource } from "./source.js";

/** The controls of a simulation. */
export type Controlled = Pick<SimulatedSource, "gate" | "restart" | "perturb">;

type Fields = Readonly<Record<string, unknown>>;

/** A service by which clients control a simulation. */
export interface SimulationService {
  /** Last part of the service's name. */
  readonly name: string;
  /** `package/srv/Name` */
  readonly type: string;
  readonly answer: (request: Fields) => object | Promise<object>;
}

export interface ServicesOptions {
  /** The simulation now. */
  readonly simulation: () => Controlled;
  /** Called when a client pauses the simulation or lets it go on. */
  readonly pausing?: (isPaused: boolean) => void;
  /** Called when a client restarted it. */
  readonly restarted?: () => void;
}

const done = (message: string) => ({ success: true, message });
const refused = (message: string) => ({ success: false, message });

/** Pauses a simulation, or lets it go on. */
export function setPaused({ simulation, pausing }: ServicesOptions, isPaused: boolean): void {
  const { gate } = simulation();
  if (isPaused) gate.pause();
  else gate.resume();
  pausing?.(isPaused);
}

/** Pause, step, reset and perturb, as the live socket and the ROS 2 node offer them. */
export function simulationServices(options: ServicesOptions): SimulationService[] {
  const { simulation, restarted } = options;
  return [
    {
      name: "pause",
      type: "std_srvs/srv/SetBool",
      answer: ({ data }) => {
        setPaused(options, data === true);
        return done(data === true ? "paused" : "running");
      },
    },
    {
      name: "step",
      type: "std_srvs/srv/Trigger",
      answer: async () => {
        const { gate } = simulation();
        if (!gate.isPaused) return refused("the simulation is running, expected it to be paused");
        await gate.step(1);
        return done("one step done");
      },
    },
    {
      name: "reset",
      type: "std_srvs/srv/Trigger",
      answer: () => {
        simulation().restart();
        restarted?.();
        return done("the first episode begins at the next step");
      },
    },
    {
      name: "perturb",
      type: "torquelens/srv/Perturb",
      answer: ({ perturbation }) => {
        try {
          const applied = JSON.stringify(simulation().perturb(String(perturbation)));
          return { ...done(`applied ${applied}`), applied };
        } catch (error) {
          return { ...refused((error as Error).message), applied: "" };
        }
      },
    },
  ];
}
