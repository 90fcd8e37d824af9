import { InputError } from "../../errors.js";
import type { RunGate } from "../../sim/run-gate.js";
import type { Answer, RosNode } from "../client/ros.js";

/** The controls of a simulation. */
export interface Simulation {
  readonly gate: RunGate;
  /** Ends the episode and starts a new one. */
  restart(): void;
}

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
 * Offers pause, step and reset as services: those of simulation_interfaces where that package is installed, else std_srvs.
 * @returns a handle that closes them
 */
export function serveSimulation(ros: RosNode, simulation: Simulation): { close(): void } {
  if (!ros.hasPackage(PACKAGE)) return offer(ros, simple(simulation));
  try {
    return offer(ros, standard(simulation));
  } catch (error) {
    if (!(error instanceof InputError)) throw error;
    // The package was installed after the client library was built.
    ros.log(
      "warn",
      `cannot offer the services of ${PACKAGE}, using std_srvs instead (build torquelens again): ${error.message}`,
    );
    return offer(ros, simple(simulation));
  }
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

function standard({ gate, restart }: Simulation): Answers {
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
        if (asked === STATES.paused) gate.pause();
        else gate.resume();
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
        restart();
        return result(RESULTS.ok);
      },
    ],
    get_simulator_features: [
      type("GetSimulatorFeatures"),
      () => ({ features: { features: Object.values(FEATURES), spawn_formats: [], custom_info: "torquelens" } }),
    ],
  };
}

function simple({ gate, restart }: Simulation): Answers {
  const done = (message: string) => ({ success: true, message });
  return {
    pause: [
      "std_srvs/srv/SetBool",
      ({ data }) => {
        if (data) gate.pause();
        else gate.resume();
        return done(data ? "paused" : "running");
      },
    ],
    step: [
      "std_srvs/srv/Trigger",
      async () => {
        if (!gate.isPaused) return { success: false, message: "the simulation is running, expected it to be paused" };
        await gate.step(1);
        return done("one step done");
      },
    ],
    reset: [
      "std_srvs/srv/Trigger",
      () => {
        restart();
        return done("a new episode begins at the next step");
      },
    ],
  };
}
