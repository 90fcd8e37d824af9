import { InputError } from "../../errors.js";
import { type Controlled, type ServicesOptions, setPaused, simulationServices } from "../../sim/services.js";
import type { Answer, RosNode } from "../client/ros.js";

const PACKAGE = "simulation_interfaces";
/** simulation_interfaces/msg/SimulationState */
const STATES = { stopped: 0, playing: 1, paused: 2, quitting: 3 } as const;
/** simulation_interfaces/msg/Result, and SetSimulationState's own. */
const RESULTS = { unsupported: 0, ok: 1, incorrect_state: 3, already_there: 101 } as const;
/** simulation_interfaces/srv/ResetSimulation */
const SCOPES = { default: 0, state: 2 } as const;
/** simulation_interfaces/msg/SimulatorFeatures: the features offered. */
const FEATURES = { reset: 20, reset_state: 22, get_state: 30, set_state: 31, pause: 32, step: 40, steps: 41 } as const;
/** Largest number of steps in one call: an hour at 20 Hz. */
const MOST_STEPS = 72_000;

const result = (code: number, error = "") => ({ result: { result: code, error_message: error } });

/**
 * Offers pause, step, reset and perturb as services, and those of simulation_interfaces where that package is installed.
 * @returns a handle that closes them
 */
export function serveSimulation(
  ros: RosNode,
  simulation: Controlled,
  pausing?: ServicesOptions["pausing"],
): { close(): void } {
  const options = { simulation: () => simulation, ...(pausing && { pausing }) };
  const opened: { close(): void }[] = [];
  const close = () => {
    for (const each of opened) each.close();
  };
  /** A client library that was built before a package was there has no classes for its types. */
  const unlessMissing = (what: string, answers: Answers) => {
    try {
      opened.push(offer(ros, answers));
    } catch (error) {
      if (!(error instanceof InputError)) throw error;
      ros.log("warn", `cannot offer ${what} (build torquelens again): ${error.message}`);
    }
  };
  const all = simulationServices(options).map(({ name, type, answer }) => [name, [type, answer] as const] as const);
  const { perturb, ...common } = Object.fromEntries(all);
  opened.push(offer(ros, common));
  unlessMissing("the service ~/perturb", { perturb: perturb! });
  if (ros.hasPackage(PACKAGE)) unlessMissing(`the services of ${PACKAGE}`, standard(options));
  return { close };
}

function offer(ros: RosNode, answers: Answers): { close(): void } {
  const services: { close(): void }[] = [];
  const close = () => {
    for (const service of services) service.close();
  };
  try {
    for (const [name, [type, answer]] of Object.entries(answers)) services.push(ros.service(type, `~/${name}`, answer));
  } catch (error) {
    close();
    throw error;
  }
  return { close };
}

type Answers = Readonly<Record<string, readonly [type: string, Answer]>>;

function standard(options: ServicesOptions): Answers {
  const simulation = options.simulation();
  const { gate } = simulation;
  const type = (name: string) => `${PACKAGE}/srv/${name}`;
  const state = () => (gate.isPaused ? STATES.paused : STATES.playing);
  return {
    get_simulation_state: [type("GetSimulationState"), () => ({ state: { state: state() }, ...result(RESULTS.ok) })],
    set_simulation_state: [
      type("SetSimulationState"),
      (request) => {
        const asked = Number((request.state as { state: number }).state);
        if (asked !== STATES.playing && asked !== STATES.paused)
          return result(
            RESULTS.unsupported,
            `state ${asked}: expected ${STATES.playing} (playing) or ${STATES.paused} (paused)`,
          );
        if (asked === state()) return result(RESULTS.already_there);
        setPaused(options, asked === STATES.paused);
        return result(RESULTS.ok);
      },
    ],
    step_simulation: [
      type("StepSimulation"),
      async ({ steps }) => {
        const count = Number(steps);
        if (count > MOST_STEPS) return result(RESULTS.unsupported, `${count} steps: expected at most ${MOST_STEPS}`);
        if (!gate.isPaused)
          return result(RESULTS.incorrect_state, "the simulation is running, expected it to be paused");
        await gate.step(count);
        return result(RESULTS.ok);
      },
    ],
    reset_simulation: [
      type("ResetSimulation"),
      ({ scope }) => {
        if (scope !== SCOPES.default && scope !== SCOPES.state)
          return result(
            RESULTS.unsupported,
            `scope ${String(scope)}: expected ${SCOPES.default} or ${SCOPES.state} (state); time cannot be reset`,
          );
        simulation.restart();
        return result(RESULTS.ok);
      },
    ],
    get_simulator_features: [
      type("GetSimulatorFeatures"),
      () => ({ features: { features: Object.values(FEATURES), spawn_formats: [], custom_info: "torquelens" } }),
    ],
  };
}
