import { ExplainerPool } from "../explain/explainer-pool.js";
import { isMeaningful, type Level } from "../explain/explanation.js";
import type { Observation } from "../explain/observation.js";
import { mean } from "../numbers/mean.js";
import { CONVENTIONS } from "../policy/conventions.js";
import type { Policy } from "../policy/policy.js";
import { underConvention } from "../policy/under-convention.js";
import type { Method } from "../relevance/contract/method.js";
import { dataMeans } from "./data-means.js";
import { SameNetwork } from "./same-network.js";

/** Mean shares by one convention, over the same observations as by the others. */
export interface SharesUnder {
  /** Name of the convention, or `the card's`. */
  readonly convention: string;
  /** Mean share of each modality over the ticks that count, [M]; NaN if none counts. */
  readonly shares: readonly number[];
  /** Number of ticks that count: idle ones do not. */
  readonly ticks: number;
}

/** The row of the policy as its card states it. */
const OWN = "the card's";

/**
 * Shares of the same observations under the card's convention and every other one (methods.md §0.8). The torques are the
 * same under all of them. Means that a convention measures from are those of the observations.
 * @param options.level `full` measures an image's share on its pixels, `shares` on its features (methods.md §4)
 * @param options.done called after each row
 * @throws InputError as `Explainer.create` and `Explainer.explain`
 */
export async function sharesUnderConventions(
  policy: Policy,
  method: Method,
  observations: readonly Observation[],
  { level, done = () => {} }: { readonly level: Level; readonly done?: () => void },
): Promise<SharesUnder[]> {
  const means = await dataMeans(policy, observations);
  const networks = new SameNetwork<Omit<SharesUnder, "convention">>();
  const under = [
    { name: OWN, policy },
    ...CONVENTIONS.map((entry) => ({ name: entry.name, policy: underConvention(policy, entry, means) })),
  ];
  const rows: SharesUnder[] = [];
  for (const { name, policy } of under) {
    rows.push({
      convention: name,
      ...(await networks.of(policy, method, () => meanShares(policy, method, observations, level))),
    });
    done();
  }
  return rows;
}

/** Mean shares of the observations that are neither idle nor without numbers. */
async function meanShares(policy: Policy, method: Method, observations: readonly Observation[], level: Level) {
  const pool = await ExplainerPool.create(policy, { jobs: 1, method, levels: [level] });
  try {
    const counted: Float32Array[] = [];
    for (const observation of observations) {
      const { shares, flags } = await pool.explain(observation);
      if (isMeaningful(flags)) counted.push(shares);
    }
    return { shares: policy.modalities.map((_, m) => mean(counted, (one) => one[m]!)), ticks: counted.length };
  } finally {
    await pool.close();
  }
}
