import { DISPLAY_PARAMETERS } from "../parameters/display-parameters.js";
import { EXPLAINING_PARAMETERS } from "../parameters/explaining-parameters.js";
import type { Table } from "../parameters/spec.js";
import { METHODS, methodNamed } from "../relevance/methods.js";
import { simulatedNames } from "../sim/names.js";

/** What parameters may be set to, which changes with the task. */
export interface Choices {
  readonly conditions: readonly string[];
  readonly joints: readonly string[];
  readonly policies: readonly string[];
  /** Methods as given at the start, which may be files. */
  readonly givenMethods: readonly string[];
}

/** Parameters of a simulation that clients control. @param choices those of the task now */
export function simulationParameters(choices: () => Choices) {
  const oneOf = (names: readonly string[], value: string) =>
    names.includes(value)
      ? undefined
      : `expected ${names.map((name) => name || '""').join(" | ")}, found ${JSON.stringify(value.slice(0, 60))}`;
  const ofOutput = (value: string) => oneOf(["", ...choices().joints], value);
  return {
    task: {
      type: "string",
      choices: simulatedNames,
      default: simulatedNames[0]!,
      description: "Simulated task or world; its shipped policy then drives it.",
      changeable: "always",
    },
    policy: {
      type: "string",
      default: "",
      description: "Policy that drives it: a task's shipped one by the task's name, or the file given at the start.",
      problem: (value: string) => oneOf(choices().policies, value),
      changeable: "always",
    },
    condition: {
      type: "string",
      default: "",
      description: "Condition that every episode begins in; empty: they take turns. Restarts with the first episode.",
      problem: (value: string) => oneOf(["", ...choices().conditions], value),
      changeable: "always",
    },
    speed: {
      type: "double",
      range: [0, 1000],
      default: 1,
      description: "Simulated seconds per second; 0: as fast as possible.",
      changeable: "always",
    },
    method: {
      ...EXPLAINING_PARAMETERS.method,
      description: "Method with its options, such as lrp-gamma:gamma=0.5.",
      problem: (value: string) => (choices().givenMethods.includes(value) ? undefined : problemOfMethod(value)),
    },
    compare_method: {
      ...EXPLAINING_PARAMETERS.compare_method,
      problem: (value: string) =>
        value === "" || choices().givenMethods.includes(value) ? undefined : problemOfMethod(value),
    },
    heatmap_joint: { ...EXPLAINING_PARAMETERS.heatmap_joint, problem: ofOutput },
    contrast_joint: { ...EXPLAINING_PARAMETERS.contrast_joint, problem: ofOutput },
    against_joint: { ...EXPLAINING_PARAMETERS.against_joint, problem: ofOutput },
    ...DISPLAY_PARAMETERS,
    paused: {
      type: "bool",
      default: false,
      description: "True while the simulation is paused (service /torquelens/pause).",
      changeable: "never",
    },
    tasks: list("Tasks and worlds that can be simulated.", simulatedNames),
    policies: list("Policies that the parameter policy takes."),
    conditions: list("Conditions of the task."),
    joints: EXPLAINING_PARAMETERS.joints,
    methods: { ...EXPLAINING_PARAMETERS.methods, default: METHODS.map(({ name }) => name) },
  } as const satisfies Table;
}

const list = (description: string, names: readonly string[] = []) =>
  ({ type: "string_array", default: names, description, changeable: "never" }) as const;

function problemOfMethod(spec: string): string | undefined {
  try {
    methodNamed(spec);
    return undefined;
  } catch (error) {
    return (error as Error).message;
  }
}
