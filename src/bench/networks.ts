import { shippedPolicy } from "../package-files.js";
import type { Subject } from "../relevance/contract/subject.js";

/** A shipped policy, with the modalities of its card. */
const shipped = (name: string) => async (): Promise<Subject> => {
  const [{ subjectOf }, { loadPolicy }] = await Promise.all([
    import("../explain/subject.js"),
    import("../policy/policy.js"),
  ]);
  return subjectOf(await loadPolicy(shippedPolicy(name)));
};

/** Networks to time, by name; each is loaded only when it is called for. */
export const NETWORKS: Readonly<Record<string, () => Promise<Subject>>> = {
  "levine-240": async () => (await import("./levine.js")).levineNetwork(240),
  "shipped-reacher": shipped("reacher"),
  "shipped-peg": shipped("peg"),
};
