import type { ServiceControl } from "../foxglove/controls.js";
import type { Parameters } from "../parameters/parameters.js";
import type { Table } from "../parameters/spec.js";
import type { SteeredRun } from "./steered-run.js";

/** The services by which clients control a simulation. */
export function simulationServices(run: SteeredRun, parameters: Parameters<Table>): ServiceControl[] {
  const set = async (name: string, value: unknown, done: string) => {
    const refusal = await parameters.set(new Map([[name, value]]));
    return { success: refusal === undefined, message: refusal ?? done };
  };
  const done = (message: string) => ({ success: true, message });
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
        set("heatmap_joint", joint, `heatmaps explain ${joint === "" ? "all torques" : String(joint)}`),
    },
    {
      name: "/torquelens/pause",
      type: "std_srvs/srv/SetBool",
      answer: ({ data }) => {
        const { gate } = run.stage.source;
        if (data) gate.pause();
        else gate.resume();
        parameters.report([["paused", gate.isPaused]]);
        return done(data ? "paused" : "running");
      },
    },
    {
      name: "/torquelens/step",
      type: "std_srvs/srv/Trigger",
      answer: async () => {
        const { gate } = run.stage.source;
        if (!gate.isPaused) return { success: false, message: "the simulation is running, expected it to be paused" };
        await gate.step(1);
        return done("one step done");
      },
    },
    {
      name: "/torquelens/reset",
      type: "std_srvs/srv/Trigger",
      answer: () => {
        run.stage.source.restart();
        run.showNext();
        return done("the first episode begins at the next step");
      },
    },
    {
      name: "/torquelens/perturb",
      type: "torquelens/srv/Perturb",
      answer: ({ perturbation }) => {
        try {
          const applied = JSON.stringify(run.stage.source.perturb(String(perturbation)));
          return { success: true, message: `applied ${applied}`, applied };
        } catch (error) {
          return { success: false, message: (error as Error).message, applied: "" };
        }
      },
    },
  ];
}
