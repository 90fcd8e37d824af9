import { readRuns } from "../../analysis/read-runs.js";
import { bagRecord } from "../../bag/bag-record.js";
import { InputError } from "../../errors.js";
import { SimulatedAgain, type SimulatedEpisode } from "../../evaluation/what-if/simulated-again.js";
import type { Observation } from "../../explain/observation.js";
import type { Policy } from "../../policy/policy.js";
import { parseAblation } from "../../sim/ablation.js";
import { parsePerturbations } from "../../sim/perturbations.js";
import type { Starts, Targets } from "../../sim/tasks/task.js";
import { taskNames } from "../../sim/tasks/tasks.js";
import { taskFor } from "./sim-task.js";

/** Metadata record of a recording that says how it was simulated. */
export const SIMULATION = "torquelens.simulation";

interface Simulated {
  readonly task: string;
  readonly seed: number;
  readonly targets: Targets;
  readonly starts: Starts;
}

/** What a recording says of its simulation. */
export const simulationRecord = ({ task, seed, targets, starts }: Simulated): Readonly<Record<string, string>> => ({
  ...{ task, starts },
  seed: String(seed),
  targets: String(targets),
});

/**
 * An episode of a recording, to be simulated again. What was changed in it stands in its outcome.
 * @throws InputError for a recording of no simulated arm, or a run without an outcome
 */
async function recordedEpisode(bag: string, policy: Policy, episode: number): Promise<SimulatedEpisode> {
  const record = await bagRecord(bag, SIMULATION);
  const task = record?.get("task") ?? "";
  if (!record || !taskNames.includes(task))
    throw new InputError(`${bag}: --outcome: expected a recording of sim with an arm, which can be simulated again`);
  let number = 0;
  for await (const { outcome } of readRuns(bag)) {
    if (number++ !== episode) continue;
    if (!outcome) throw new InputError(`${bag}: --outcome: run ${episode} has no outcome, expected one that ended`);
    const targets = record.get("targets") ?? "four";
    const kind = { targets: (Number(targets) || targets) as Targets, starts: record.get("starts") as Starts };
    const load = () => taskFor(policy, task, kind);
    const checked = await load();
    const changes = JSON.stringify(outcome.perturbations ?? []);
    const perturbations = parsePerturbations(changes, `${bag}: the outcome's perturbations`, checked);
    checked.delete();
    const ablation = outcome.ablation ? parseAblation(outcome.ablation) : undefined;
    return {
      ...{ load, perturbations, ablation, episode },
      seed: Number(record.get("seed")),
      condition: outcome.condition ?? undefined,
    };
  }
  throw new InputError(`--run ${episode}: ${bag} has ${number} runs, from 0`);
}

/** Joint positions that differ by more are of another episode, rad. */
const SAME = 1e-4;

/**
 * A run of a recording, simulated again.
 * @param run what was recorded of it @param moment a tick of it
 * @throws InputError as `recordedEpisode`, and where it comes out otherwise than recorded
 */
export async function simulatedAgain(
  bag: string,
  policy: Policy,
  number: number,
  run: readonly Observation[],
  moment: number,
): Promise<SimulatedAgain> {
  let apart = Number.POSITIVE_INFINITY;
  const again = await SimulatedAgain.create(policy, await recordedEpisode(bag, policy, number), (tick) => {
    if (tick.tick !== moment) return;
    const { position } = run[moment]!.joints;
    apart = Math.max(...Array.from(tick.observation.joints.position, (value, j) => Math.abs(value - position[j]!)));
  });
  if (apart < SAME) return again;
  await again.close();
  throw new InputError(`${bag}: --outcome: run ${number} comes out otherwise than recorded when it is simulated again`);
}
