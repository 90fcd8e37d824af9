import { largePolicy, shippedPolicy } from "../package-files.js";
import type { Policy } from "../policy/policy.js";
import type { Subject } from "../relevance/contract/subject.js";
import type { Tensors } from "../runtime/models.js";

/** A network to time. */
export interface BenchNetwork {
  readonly subject: Subject;
  /** What it is shown: its own inputs. By default noise. */
  readonly observation?: Tensors;
}

async function policyAt(path: string): Promise<{ readonly policy: Policy; readonly subject: Subject }> {
  const [{ subjectOf }, { loadPolicy }] = await Promise.all([
    import("../explain/subject.js"),
    import("../policy/policy.js"),
  ]);
  const policy = await loadPolicy(path);
  return { policy, subject: subjectOf(policy) };
}

/** A shipped policy, with the modalities of its card. */
const shipped = (name: string) => async (): Promise<BenchNetwork> => ({
  subject: (await policyAt(shippedPolicy(name))).subject,
});

/** The large reacher's policy before its task: where it looks depends on what it sees. */
async function trained(): Promise<BenchNetwork> {
  const [{ policy, subject }, { sceneFor }] = await Promise.all([policyAt(largePolicy()), import("./scene.js")]);
  return { subject, observation: await sceneFor(policy, "reacher") };
}

/** The same with a head of seven torques. */
async function trainedArm(): Promise<BenchNetwork> {
  const [{ subject, observation }, { withArm }] = await Promise.all([trained(), import("./levine.js")]);
  return { subject: withArm(subject), observation: observation! };
}

/** Networks to time, by name; each is loaded only when it is called for. */
export const NETWORKS: Readonly<Record<string, () => Promise<BenchNetwork>>> = {
  "levine-240": async () => ({ subject: (await import("./levine.js")).levineNetwork(240) }),
  "trained-240": trained,
  "trained-240-arm": trainedArm,
  "shipped-reacher": shipped("reacher"),
  "shipped-peg": shipped("peg"),
};
