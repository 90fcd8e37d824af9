import { InputError } from "../errors.js";
import type { Controls, ServiceControl } from "../foxglove/controls.js";
import type { ChannelEncoder } from "../messages/channel-encoder.js";
import type { DisplayOptions } from "../messages/display.js";
import { DISPLAY_PARAMETERS } from "../parameters/display-parameters.js";
import { optionsFrom } from "../parameters/option-table.js";
import { Parameters } from "../parameters/parameters.js";
import type { Value } from "../parameters/spec.js";
import {
  SUBJECT,
  SUBJECT_PARAMETERS,
  SUBJECT_PARTS,
  type SubjectParameter,
  subjectFrom,
} from "../parameters/subject.js";
import { namesOf } from "../policy/outputs.js";
import type { Method } from "../relevance/contract/method.js";
import { methodNamed } from "../relevance/methods.js";
import { simulatedNames } from "../sim/names.js";
import { type Choices, simulationParameters } from "./parameters.js";
import { controlServices } from "./services.js";
import type { Stage, StageChoice } from "./stage.js";
import type { SteeredRun } from "./steered-run.js";

export interface ControlsOptions {
  /** Encoders of the first explanation and of the compared one. */
  readonly encoders: readonly ChannelEncoder[];
  /** Loads a task and policy. @throws InputError for those that do not fit each other or the method */
  readonly build: (choice: StageChoice) => Promise<Stage>;
  /** Task, policy and methods of the start. */
  readonly start: StageChoice;
  /** Names of the methods as given at the start; no compared one: empty. */
  readonly methodNames: Readonly<Record<"method" | "compared", string>>;
  /** Policy file given at the start, which drives the task of the start. */
  readonly policyFile?: string | undefined;
  /** Why task and policy of this run stay; left out where they can change. */
  readonly fixed?: string | undefined;
}

type Changes = ReadonlyMap<string, Value>;

/** What clients can read and change of a simulation: its parameters and services. */
export class SimulationControls implements Controls {
  readonly parameters: Parameters<ReturnType<typeof simulationParameters>>;
  readonly services: readonly ServiceControl[];

  constructor(
    private readonly run: SteeredRun,
    private readonly options: ControlsOptions,
  ) {
    const { source } = run.stage;
    const { start, methodNames } = options;
    const table = simulationParameters(() => this.#choices());
    const given = new Map<string, Value>([
      ["task", start.task],
      ["policy", start.policy],
      ["method", methodNames.method],
      ...SUBJECT_PARTS.map((part): [string, Value] => [
        SUBJECT[part].parameter,
        run.stage.explainer.subject[part] ?? "",
      ]),
      ["compare_method", methodNames.compared],
      ["condition", source.condition ?? ""],
      ["speed", source.speed],
      ["paused", source.gate.isPaused],
      ...this.#lists(),
    ]);
    this.parameters = new Parameters(table, given);
    this.parameters.apply = (changes) => this.#apply(changes);
    this.services = controlServices(run, this.parameters);
  }

  /** @throws InputError where a change is refused; nothing changes then */
  async #apply(changes: Changes): Promise<void> {
    // First what takes long and may be refused; the parameters' rows have checked the rest.
    await this.#changeStage(changes);
    const { source } = this.run.stage;
    const value = (name: string) => changes.get(name) ?? this.parameters.value(name);
    const speed = changes.get("speed");
    if (speed !== undefined) source.speed = speed as number;
    const condition = changes.get("condition");
    if (condition !== undefined) {
      source.condition = (condition as string) || undefined;
      this.run.showNext();
    }
    if (Object.keys(DISPLAY_PARAMETERS).some((name) => changes.has(name)))
      for (const encoder of this.options.encoders)
        encoder.setDisplay(optionsFrom<DisplayOptions>(DISPLAY_PARAMETERS, value));
  }

  /** Changes task, policy and methods. */
  async #changeStage(changes: Changes): Promise<void> {
    const { fixed, build } = this.options;
    const named = (name: "method" | "compare_method") =>
      this.#method((changes.get(name) as string | undefined) ?? this.parameters.get(name));
    const [method, compared] = [named("method")!, named("compare_method")];
    const joint = (name: SubjectParameter) => (changes.get(name) as string | undefined) ?? this.parameters.get(name);
    if (!changes.has("task") && !changes.has("policy")) {
      if (["method", ...SUBJECT_PARAMETERS].some((name) => changes.has(name))) {
        await this.run.stage.explainer.change(subjectFrom(joint), changes.has("method") ? method : undefined);
      }
      if (changes.has("compare_method")) await this.run.stage.compared.set(compared);
      return;
    }
    if (fixed !== undefined) throw new InputError(`task and policy stay as they are: ${fixed}`);
    const task = (changes.get("task") as string | undefined) ?? this.parameters.get("task");
    const policy = (changes.get("policy") as string | undefined) ?? this.#policyOf(task);
    const stage = await build({ task, policy, method, compared });
    stage.source.speed = this.parameters.get("speed");
    const names = namesOf(stage.policy.outputs);
    // Of a contrast whose partner the new policy lacks, nothing is kept.
    const isKept = SUBJECT_PARAMETERS.every(
      (name) => joint(name) === "" || changes.has(name) || names.includes(joint(name)),
    );
    const kept = (name: SubjectParameter) => (isKept || changes.has(name) ? joint(name) : "");
    try {
      await stage.explainer.change(subjectFrom(kept));
    } catch (error) {
      await Promise.all([stage.source.close(), stage.explainer.close(), stage.compared.close()]);
      throw error;
    }
    await this.run.change(stage);
    this.parameters.report([
      ["policy", policy],
      ["condition", ""],
      ...SUBJECT_PARAMETERS.map((name): [string, Value] => [name, kept(name)]),
      ...this.#lists(),
    ]);
    this.run.showNext();
  }

  /** The policy that drives a task where none is named. */
  #policyOf(task: string): string {
    const { start, policyFile } = this.options;
    return policyFile !== undefined && task === start.task ? policyFile : task;
  }

  /** Clients name methods, and no files but those given at the start. Undefined for an empty name. */
  #method(name: string): Method | undefined {
    const { start, methodNames } = this.options;
    if (name === methodNames.method) return start.method;
    if (name === methodNames.compared) return start.compared;
    return name === "" ? undefined : methodNamed(name);
  }

  #choices(): Choices {
    const { policyFile, methodNames } = this.options;
    const { policy, source } = this.run.stage;
    return {
      conditions: source.conditions,
      joints: policy.outputs.map(({ name }) => name),
      policies: [...simulatedNames, ...(policyFile === undefined ? [] : [policyFile])],
      givenMethods: Object.values(methodNames).filter((name) => name !== ""),
    };
  }

  #lists(): [name: string, value: Value][] {
    const { conditions, joints, policies } = this.#choices();
    return [
      ["conditions", conditions],
      ["joints", joints],
      ["policies", policies],
    ];
  }
}
