import type { ServiceControl } from "../foxglove/controls.js";
import type { Parameters } from "../parameters/parameters.js";
import type { Table } from "../parameters/spec.js";
import { simulationServices } from "../sim/services.js";
import type { SteeredRun } from "./steered-run.js";

/** The services by which clients control a simulation. */
export function controlServices(run: SteeredRun, parameters: Parameters<Table>): ServiceControl[] {
  const set = async (
    name: string,
    value: unknown,
    done: string,
    also: readonly (readonly [string, unknown])[] = [],
  ) => {
    const refusal = await parameters.set(new Map([[name, value], ...also]));
    return { success: refusal === undefined, message: refusal ?? done };
  };
  const ofSimulation = simulationServices({
    simulation: () => run.stage.source,
    pausing: (isPaused) => parameters.report([["paused", isPaused]]),
    restarted: () => run.showNext(),
  });
  return [
    {
      name: "/torquelens/set_method",
      type: "torquelens/srv/SetMethod",
      answer: ({ method }) => set("method", method, `method ${method}`),
    },
    {
      name: "/torquelens/set_torque",
      type: "torquelens/srv/SetTorque",
      answer: ({ joint }) =>
        set("heatmap_joint", joint, `heatmaps explain ${joint === "" ? "all torques" : String(joint)}`, [
          ["contrast_joint", ""],
          ["against_joint", ""],
        ]),
    },
    ...ofSimulation.map(({ name, ...rest }) => ({ name: `/torquelens/${name}`, ...rest })),
  ];
}
