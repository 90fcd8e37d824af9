import { existsSync } from "node:fs";
import { relative } from "node:path";
import { InputError } from "../../errors.js";
import { ComparedMethod } from "../../explain/compared-method.js";
import { Explainer } from "../../explain/explainer.js";
import { levelsFor, methodFor } from "../../explain/heatmap-subject.js";
import { RealTimeExplainer } from "../../explain/real-time-explainer.js";
import type { GivenShapes } from "../../graph/given-shapes.js";
import { policiesByArchitecture, shippedPolicy } from "../../package-files.js";
import { loadPolicy } from "../../policy/policy.js";
import type { Precision } from "../../relevance/precision/precision.js";
import type { Device } from "../../runtime/device.js";
import type { Simulated } from "../../sim/simulated.js";
import { SimulatedSource, type SimulationOptions } from "../../sim/source.js";
import type { Starts, Targets } from "../../sim/tasks/task.js";
import { trainedIn } from "../../sim/worlds/worlds.js";
import type { Stage, StageChoice } from "../../simulator/stage.js";
import { instructionFor } from "./instruction.js";
import { simulatedFor } from "./sim-task.js";
import { subjectOf } from "./subject.js";

export interface StageOptions {
  /** Policy file given at the start, its card, and shapes of its inputs. */
  readonly policy?: string;
  readonly card?: string;
  readonly shape?: GivenShapes;
  readonly targets: Targets;
  readonly starts: Starts;
  readonly threads: number;
  readonly device: Device;
  readonly precision: Precision;
  readonly omit?: number;
  /** What the policy is told in words. */
  readonly instruction?: string;
  /** True where heatmaps of single joints can be asked for. */
  readonly live: boolean;
}

/** Path of the policy that a choice names. @throws InputError where none is shipped for a task or world */
export function policyFileOf(choice: Pick<StageChoice, "policy">, { policy }: Pick<StageOptions, "policy">): string {
  if (choice.policy === policy) return policy;
  const shipped = shippedPolicy(choice.policy);
  if (existsSync(shipped)) return shipped;
  const [other] = policiesByArchitecture(trainedIn(choice.policy));
  const such = other === undefined ? "" : `, such as ${relative(process.cwd(), other)}`;
  throw new InputError(`${choice.policy}: no policy is shipped for it; give one with --policy${such}`);
}

/**
 * Loads task and policy, and compiles the method.
 * @param sourceOptions options of the simulation, given its task
 * @param explained called with each explainer, to warn of what it could not do
 * @param compileInThread true to compile in a thread of its own, so that another stage runs on meanwhile
 * @throws InputError for a policy that does not fit the task or the method; nothing stays open then
 */
export async function stageFor(
  choice: StageChoice,
  options: StageOptions,
  sourceOptions: (task: Simulated) => Promise<Omit<SimulationOptions, "task">>,
  explained: (explainer: Explainer) => void,
  compileInThread: boolean,
): Promise<Stage> {
  const { targets, starts, threads, device, precision, omit, live } = options;
  const { card, shape } = choice.policy === options.policy ? options : {};
  const policy = await loadPolicy(policyFileOf(choice, options), { card, shape });
  const task = await simulatedFor(policy, choice.task, { targets, starts });
  let source: SimulatedSource;
  try {
    const instruction = instructionFor(policy, options.instruction, task);
    source = new SimulatedSource({ ...(await sourceOptions(task)), task, instruction });
  } catch (error) {
    task.delete();
    throw error;
  }
  try {
    const { heatmapOf: action, ...rest } = choice.subject ?? {};
    const subject = subjectOf(policy, { action, ...rest });
    const method = methodFor(policy, subject, choice.method);
    const levels = live ? (["full", "shares"] as const) : levelsFor(subject);
    const inference = { levels, threads, device, precision, ...(omit !== undefined && { omit }), compileInThread };
    const explainer = await Explainer.create(policy, { method, ...inference });
    explained(explainer);
    const compared = new ComparedMethod(policy, async (method) => {
      const second = await Explainer.create(policy, { method, ...inference, compileInThread: true });
      explained(second);
      return second;
    });
    try {
      await compared.set(choice.compared);
    } catch (error) {
      await explainer.close();
      throw error;
    }
    return { policy, source, explainer: new RealTimeExplainer(explainer, { level: "full", ...subject }), compared };
  } catch (error) {
    await source.close();
    throw error;
  }
}
