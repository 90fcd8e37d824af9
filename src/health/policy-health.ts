import { type Explanation, isMeaningful } from "../explain/explanation.js";
import { percent } from "../numbers/format.js";
import { mean } from "../numbers/mean.js";
import { nearestRank } from "../numbers/quantile.js";
import { wordsOf } from "../outputs/kinds.js";
import { own } from "../own.js";
import { above, type Complaint, type Finding, finding } from "./finding.js";
import type { Profile, Quantiles } from "./profile.js";
import type { Thresholds } from "./thresholds.js";
import { Window } from "./window.js";

/** Window, milliseconds: longer than one motion of an arm. */
const LOOK_BACK = 30_000;
/** Fewer ticks are not judged. */
const ENOUGH = 20;

interface Shares {
  readonly modalities: Readonly<Record<string, number>>;
  readonly ratios: Readonly<Record<string, number>>;
}

/**
 * Checks whether the policy uses its inputs as expected: image shares near zero, ignored cameras, shares far outside a
 * recorded profile. Idle ticks do not count: there is hardly a torque to explain.
 */
export class PolicyHealth {
  readonly #shares = new Window<Shares>(LOOK_BACK);
  readonly #profile: Profile | undefined;
  #images: readonly string[] = [];
  #newest: Pick<Explanation, "policySha256" | "method" | "outputs"> | undefined;

  constructor(profile?: Profile) {
    this.#profile = profile;
  }

  add(explanation: Explanation, at: number): void {
    const { modalities, shares, ratios, flags, level, observation, policySha256, method, outputs } = explanation;
    if (level === "skip" || !isMeaningful(flags)) return;
    this.#newest = { policySha256, method, outputs };
    this.#images = modalities.filter((name) => Object.hasOwn(observation.images, name));
    const { image, position, velocity } = ratios;
    this.#shares.add(at, {
      modalities: Object.fromEntries(modalities.map((name, m) => [name, shares[m]!])),
      ratios: { image, position, velocity },
    });
  }

  find(now: number, thresholds: Thresholds): Finding {
    const seen = this.#shares.values(now);
    const values: Record<string, string | number> = { "Explanations that count": seen.length };
    if (seen.length < ENOUGH) {
      const words = this.#newest && wordsOf(this.#newest.outputs);
      const message = words ? `idle: too few ${words.plural} to judge the policy` : "nothing explained yet";
      return { severity: this.#newest ? "ok" : "stale", message, values };
    }
    const meanShare = (name: string) => mean(seen, ({ modalities }) => own(modalities, name) ?? 0);
    for (const name of Object.keys(seen.at(-1)!.modalities)) {
      values[`Mean share of ${name}`] = meanShare(name).toFixed(3);
    }
    const cameras = this.#images.map((name) => [name, meanShare(name)] as const);
    const complaints = [...this.#looking(cameras, thresholds), ...this.#profiled(seen, thresholds, values)];
    return finding(complaints, this.#profile ? "shares as in the profile" : "the policy uses its images", values);
  }

  clear(): void {
    this.#shares.clear();
  }

  #looking(cameras: readonly (readonly [string, number])[], { image_share, camera_share }: Thresholds): Complaint[] {
    const all = cameras.reduce((sum, [, share]) => sum + share, 0);
    if (cameras.length === 0) return [];
    if (all < image_share) {
      return [{ severity: "warn", message: `the policy ignores its images: mean image share ${percent(all)}` }];
    }
    return cameras.flatMap(([name, share]): Complaint[] => {
      const part = share / all;
      const message = `the policy ignores the camera ${name}: ${percent(part)} of all cameras' relevance`;
      return part < camera_share && cameras.length > 1 ? [{ severity: "warn", message }] : [];
    });
  }

  #profiled(
    seen: readonly Shares[],
    { profile_warn, profile_error }: Thresholds,
    values: Record<string, string | number>,
  ): (Complaint | undefined)[] {
    const profile = this.#profile;
    if (!profile) return [];
    const other = differs(profile, this.#newest!);
    if (other) return [{ severity: "warn", message: other }];
    const groups = profile.shares ? (["modalities", profile.shares] as const) : (["ratios", profile.ratios!] as const);
    const [kind, expected] = groups;
    return Object.entries(expected).map(([name, { q01, q99 }]: [string, Quantiles]) => {
      const median = nearestRank(
        seen.map((shares) => own(shares[kind], name) ?? 0),
        0.5,
      );
      values[`Median share of ${name}`] = `${median.toFixed(3)} (profile ${q01.toFixed(3)} to ${q99.toFixed(3)})`;
      const outside = Math.max(q01 - median, median - q99, 0);
      const message = `share of ${name} is ${median.toFixed(2)}, in the profile ${q01.toFixed(2)} to ${q99.toFixed(2)}`;
      return outside > 0 ? above(outside, profile_warn, profile_error, message) : undefined;
    });
  }
}

/** Why a profile cannot be compared with these explanations; undefined where it can. */
function differs(
  { policy_sha256, method }: Profile,
  newest: Pick<Explanation, "policySha256" | "method">,
): string | undefined {
  if (policy_sha256 !== undefined && policy_sha256 !== newest.policySha256) {
    return `the profile was recorded with another policy (${policy_sha256.slice(0, 12)}…)`;
  }
  if (method !== undefined && method !== newest.method) {
    return `the profile was recorded with the method ${method}, this is ${newest.method}`;
  }
  return undefined;
}
