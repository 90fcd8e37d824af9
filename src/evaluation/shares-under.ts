import { isDeepStrictEqual } from "node:util";
import { ExplainerPool } from "../explain/explainer-pool.js";
import { type Convention, isMeaningful } from "../explain/explanation.js";
import type { Observation } from "../explain/observation.js";
import { mean } from "../numbers/mean.js";
import { CONVENTIONS } from "../policy/conventions.js";
import { conventionOf } from "../policy/modalities.js";
import type { Policy } from "../policy/policy.js";
import { underConvention } from "../policy/under-convention.js";
import type { Method } from "../relevance/contract/method.js";
import { dataMeans } from "./data-means.js";
import { SameNetwork } from "./same-network.js";

/** Mean shares by one convention, over the same observations as by the others. */
export interface SharesUnder {
  /** Name of the convention, or `the card's`, with the runs' own where theirs is another. */
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
 * @param options.runs the convention of the runs that the observations are of
 * @param options.done called after each row
 * @throws InputError as `Explainer.create` and `Explainer.explain`
 */
export async function sharesUnderConventions(
  policy: Policy,
  method: Method,
  observations: readonly Observation[],
  { runs, done = () => {} }: { readonly runs: Convention; readonly done?: () => void },
): Promise<SharesUnder[]> {
  const means = await dataMeans(policy, observations);
  const networks = new SameNetwork<Omit<SharesUnder, "convention">>();
  const others = CONVENTIONS.map((entry) => ({ name: entry.name, policy: underConvention(policy, entry, means) }));
  const isOfRuns = ({ card, modalities }: Policy) => isDeepStrictEqual(conventionOf(card, modalities), runs);
  const ofRuns = others.find((other) => isOfRuns(other.policy))?.name ?? inWords(runs);
  const under = [{ name: isOfRuns(policy) ? OWN : `${OWN} (the runs': ${ofRuns})`, policy }, ...others];
  const rows: SharesUnder[] = [];
  for (const { name, policy } of under) {
    rows.push({
      convention: name,
      ...(await networks.of(policy, method, () => meanShares(policy, method, observations))),
    });
    done();
  }
  return rows;
}

/** A convention that has no name, such as that of another card. */
function inWords({ reference, featurePoints }: Convention): string {
  const kinds = Object.entries(reference).filter(([, kind]) => kind !== "range");
  const measured = kinds.map(([modality, kind]) => `${modality} from ${kind}`);
  return [...measured, `feature points from ${featurePoints}`].join(", ");
}

/** Mean shares of the observations that are neither idle nor without numbers. */
async function meanShares(policy: Policy, method: Method, observations: readonly Observation[]) {
  const pool = await ExplainerPool.create(policy, { jobs: 1, method, levels: ["shares"] });
  try {
    const counted: Float32Array[] = [];
    let names = policy.modalities.map(({ name }) => name) as readonly string[];
    for (const observation of observations) {
      const { modalities, shares, flags } = await pool.explain(observation);
      names = modalities;
      if (isMeaningful(flags)) counted.push(shares);
    }
    return { shares: names.map((_, m) => mean(counted, (one) => one[m]!)), ticks: counted.length };
  } finally {
    await pool.close();
  }
}
