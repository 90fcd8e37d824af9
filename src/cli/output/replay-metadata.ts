import { basename } from "node:path";
import type { Bag } from "../../bag/bag.js";
import type { BagSource } from "../../bag/bag-source.js";
import type { Provenance } from "../../bag/unfinished.js";
import type { ExplainerPool } from "../../explain/explainer-pool.js";
import type { SubjectOptions } from "../../parameters/subject.js";
import { serialiseCard } from "../../policy/card.js";
import type { Policy } from "../../policy/policy.js";

/** Everything that the output depends on. */
interface ReplayRun {
  readonly policy: Policy;
  readonly bag: Bag;
  readonly source: BagSource;
  readonly explainer: ExplainerPool;
  readonly options: {
    readonly start?: number;
    readonly end?: number;
    readonly every: number;
    readonly copy: string;
    readonly value: readonly string[];
  } & SubjectOptions;
  readonly paths: readonly string[];
}

/** Metadata records of an explained bag: a resumed run must have the same. */
export function replayMetadata({ policy, bag, source, explainer, options, paths }: ReplayRun): Provenance {
  const { start, end, every, copy, value, action, contrast, against } = options;
  const { precision, device } = explainer.first;
  const cameras = source.topicsOf("image").map(([camera, topic]) => [`topic.${camera}`, topic]);
  const joints = source.topicsOf("joint_states").map(([, topic]) => topic);
  return {
    "torquelens.policy": { name: policy.card.name, sha256: policy.sha256, card: serialiseCard(policy.card) },
    "torquelens.replay": {
      bags: paths.map((path) => basename(path)).join(","),
      messages: String(bag.messages),
      log_time: `${bag.start} to ${bag.end}`,
      copy,
      ...(value.length > 0 && { value: value.join(" ") }),
      ...(action !== undefined && { action }),
      ...(contrast !== undefined && { contrast }),
      ...(against !== undefined && { against }),
      precision,
      device,
      ...Object.fromEntries(cameras),
      "topic.joint_states": joints.join(","),
      ...(start !== undefined && { start: String(start) }),
      ...(end !== undefined && { end: String(end) }),
      every: String(every),
    },
  };
}
