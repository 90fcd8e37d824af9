import { totalmem } from "node:os";
import { Explainer } from "../explain/explainer.js";
import type { Observation } from "../explain/observation.js";
import { quantile } from "../numbers/quantile.js";
import type { Policy } from "../policy/policy.js";
import { METHODS } from "../relevance/methods.js";
import { drawnObservations } from "./drawn.js";
import type { Finding } from "./finding.js";

/** Ticks that are timed. */
const TIMED = 12;
const MIB = 2 ** 20;
/** Part of the control period that a tick may take. */
const BUDGET = 0.8;
/** Conservation residual up to which a method conserves. */
const CONSERVED = 1e-3;

/** Runs policy and explanations on this machine: outputs that are numbers, time against the control period, memory. */
export async function running(policy: Policy, observations: readonly Observation[]): Promise<Finding[]> {
  const given = observations.length > 0 ? observations : drawnObservations(policy);
  const period = 1000 * policy.card.control_period;
  const before = process.memoryUsage.rss();
  const explainer = await Explainer.create(policy, { method: "dtd", levels: ["full", "skip"], worker: false });
  try {
    const times = { skip: [] as number[], full: [] as number[] };
    for (let i = 0; i < TIMED; i++)
      for (const level of ["skip", "full"] as const) {
        const { latencyMs } = await explainer.explain(given[i % given.length]!, { level });
        times[level].push(latencyMs);
      }
    const used = process.memoryUsage.rss() - before;
    return [
      {
        check: "runs",
        grade: "good",
        text: `${policy.outputs.length} outputs, all of them numbers, over ${Math.min(TIMED, given.length)} observations`,
      },
      speedOf("the policy alone", times.skip, period),
      speedOf("explained by dtd", times.full, period),
      memoryOf(used),
    ];
  } finally {
    await explainer.close();
  }
}

function speedOf(what: string, times: readonly number[], period: number): Finding {
  const [middle, late] = [quantile(times, 0.5), quantile(times, 0.9)];
  const text = `${what} takes ${middle.toFixed(1)} ms (one in ten ${late.toFixed(1)} or more) of the ${Number(period.toPrecision(3))} ms of a control period`;
  if (late <= BUDGET * period) return { check: "speed", grade: "good", text };
  const isPolicy = what.startsWith("the policy");
  const hint = isPolicy
    ? "it cannot keep up on this machine"
    : "explanations will be shares only, or left out at some ticks (docs/real-time.md)";
  return { check: "speed", grade: isPolicy ? "fault" : "warning", text: `${text}: ${hint}` };
}

function memoryOf(used: number): Finding {
  const all = totalmem();
  const text = `policy and explanation take ${Math.max(1, Math.round(used / MIB))} MiB of ${Math.round(all / MIB)}`;
  return { check: "memory", grade: used > all / 2 ? "warning" : "good", text };
}

/** Tells which of the methods that conserve by their rules do so on this policy. */
export async function conserving(policy: Policy, observations: readonly Observation[]): Promise<Finding[]> {
  const given =
    observations.length > 0
      ? observations.filter((_, i) => i % Math.ceil(observations.length / 4) === 0)
      : drawnObservations(policy);
  const [kept, lost]: [string[], string[]] = [[], []];
  for (const { name } of METHODS.filter(({ conserves }) => conserves)) {
    const worst = await residualOf(policy, name, given);
    if (worst === undefined) continue;
    if (worst <= CONSERVED) kept.push(name);
    else lost.push(`${name} (${worst.toPrecision(2)})`);
  }
  const where = observations.length > 0 ? "" : `, judged by ${given.length} drawn observations for lack of a recording`;
  const but = lost.length > 0 ? `; relevance is lost by ${lost.join(", ")}` : "";
  const text = `${kept.length > 0 ? `${kept.join(", ")} conserve relevance` : "no method conserves relevance"} on this policy${where}${but}`;
  return [{ check: "methods", grade: kept.length > 0 ? "good" : "warning", text }];
}

/** The largest residual of a method where the policy commands something; undefined where it cannot explain the policy. */
async function residualOf(policy: Policy, method: string, given: readonly Observation[]): Promise<number | undefined> {
  const explainer = await Explainer.create(policy, { method, levels: ["full"], worker: false }).catch(
    (error: Error) => {
      if (error.name !== "InputError") throw error;
    },
  );
  if (!explainer) return undefined;
  try {
    let worst = 0;
    for (const observation of given) {
      const { conservationResidual, flags } = await explainer.explain(observation);
      if (!flags.includes("idle")) worst = Math.max(worst, conservationResidual);
    }
    return worst;
  } finally {
    await explainer.close();
  }
}
