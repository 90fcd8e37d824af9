import type { Bag } from "../bag/bag.js";
import { ManyObservations } from "../evaluation/what-if/many.js";
import { hasMemory } from "../explain/memory.js";
import type { Graph } from "../graph/value.js";
import type { Policy } from "../policy/policy.js";
import { agreement } from "./agreement.js";
import type { Finding } from "./finding.js";
import { InputWatch } from "./inputs.js";
import { jointOrder } from "./joint-order.js";
import { normalisedTwice } from "./normalised-twice.js";
import { type Recorded, readRecorded } from "./recorded.js";
import { conserving, running } from "./running.js";
import { ranges } from "./statistics.js";

/**
 * Checks a policy, alone or on a recording of its robot.
 * @param graph of the model alone, without what the card adds
 * @throws InputError where the recording lacks what the policy needs
 */
export async function examine(policy: Policy, graph: Graph, bag?: Bag): Promise<Finding[]> {
  const watch = new InputWatch();
  const recorded = bag && (await readRecorded(bag, policy, (observation) => watch.add(observation)));
  const observations = recorded?.observations ?? [];
  return [
    ...normalisedTwice(policy.card, graph),
    ...(recorded ? await onRecording(policy, recorded, watch) : []),
    ...(await running(policy, observations)),
    ...(await conserving(policy, observations)),
  ];
}

async function onRecording(policy: Policy, recorded: Recorded, watch: InputWatch): Promise<Finding[]> {
  const { observations, topics } = recorded;
  if (observations.length === 0)
    return [
      {
        check: "recording",
        grade: "fault",
        text: `no image with the joint states of its time on ${topics.join(", ")}`,
      },
    ];
  const seen: Finding = {
    check: "recording",
    grade: "good",
    text: `${observations.length} observations from ${topics.join(", ")}`,
  };
  const findings = [seen, ...ranges(policy, observations), ...watch.findings()];
  if (hasMemory(policy))
    return [
      ...findings,
      { check: "commands", grade: "unknown", text: "not compared: the policy remembers earlier ticks" },
    ];
  const many = await ManyObservations.create(policy);
  try {
    const agreed = await agreement(policy, recorded, many);
    const isOrderFound = agreed.some(({ grade, text }) => grade === "fault" && text.includes("order"));
    return [...findings, ...agreed, ...(isOrderFound ? [] : await jointOrder(policy, observations, many))];
  } finally {
    await many.release();
  }
}
