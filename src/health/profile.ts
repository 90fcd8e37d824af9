import { Document } from "yaml";
import * as z from "zod";
import { readText } from "../files/reading.js";
import { nearestRank } from "../numbers/quantile.js";
import { parseYaml } from "../yaml/parse.js";
import { quoteInvisible } from "../yaml/quote.js";

/** Version of the profile format that this version reads and writes. */
const PROFILE_VERSION = 1;

const share = z.number({ error: "a share from 0 to 1" }).min(0, { error: "0 or more" }).max(1, { error: "1 or less" });
const QUANTILES = { q01: 0.01, q05: 0.05, q50: 0.5, q95: 0.95, q99: 0.99 } as const;
const QUANTILE_KEYS = Object.keys(QUANTILES).join(", ");

const quantiles = z
  .strictObject(
    { q01: share, q05: share, q50: share, q95: share, q99: share },
    {
      error: (issue) => (issue.code === "unrecognized_keys" ? `one of ${QUANTILE_KEYS}` : `the keys ${QUANTILE_KEYS}`),
    },
  )
  .refine(({ q01, q05, q50, q95, q99 }) => q01 <= q05 && q05 <= q50 && q50 <= q95 && q95 <= q99, {
    error: "quantiles in rising order",
  });

const byName = z.record(z.string(), quantiles, { error: "a mapping from names to quantiles" });

const KEYS = "torquelens_profile, policy_sha256, method, recordings, ticks, shares, ratios";
const profileSchema = z
  .strictObject(
    {
      torquelens_profile: z.literal(PROFILE_VERSION, {
        error: `${PROFILE_VERSION}, the profile format that this version reads`,
      }),
      /** SHA-256 of the policy; a profile holds for this policy only. */
      policy_sha256: z.string({ error: "a SHA-256, hexadecimal" }).optional(),
      /** Method of the explanations; shares of other methods cannot be compared. */
      method: z.string({ error: "a method" }).optional(),
      /** Names of the bags. */
      recordings: z.array(z.string({ error: "a file name" }), { error: "a list of file names" }),
      /** Explanations that counted: not idle, with shares. */
      ticks: z.int({ error: "a whole number" }),
      /** Share of each modality. */
      shares: byName.optional(),
      /** Shares grouped as image, position and velocity, from bags that hold only ratios. */
      ratios: byName.optional(),
    },
    { error: (issue) => (issue.code === "unrecognized_keys" ? `one of ${KEYS}` : `a mapping with the keys ${KEYS}`) },
  )
  .refine(({ shares, ratios }) => shares !== undefined || ratios !== undefined, { error: "shares or ratios" });

/** Usual shares of a policy, to compare a running one with. */
export interface Profile extends z.output<typeof profileSchema> {}
/** Quantiles of the shares: 1, 5, 50, 95 and 99 %. */
export type Quantiles = z.output<typeof quantiles>;

/** Reads a profile from YAML. Throws InputError, one line naming the key, what was found and what was expected. */
export function parseProfile(text: string, source: string): Profile {
  return parseYaml(text, source, profileSchema);
}

/** Reads a profile from a file. Throws InputError where it is missing or not a profile. */
export async function loadProfile(path: string): Promise<Profile> {
  return parseProfile(await readText(path, "the profile"), path);
}

export function serialiseProfile(profile: Profile): string {
  const document = new Document(profile);
  quoteInvisible(document);
  return document.toString({ lineWidth: 120 });
}

/** Collects shares by name and computes their quantiles. */
export class ShareStatistics {
  readonly #values = new Map<string, number[]>();

  add(shares: Readonly<Record<string, number>>): void {
    for (const [name, value] of Object.entries(shares)) {
      const values = this.#values.get(name);
      if (values) values.push(value);
      else this.#values.set(name, [value]);
    }
  }

  /** Quantiles (nearest rank) to four digits, by name. */
  quantiles(): Record<string, Quantiles> {
    const of = (values: readonly number[]) =>
      Object.fromEntries(
        Object.entries(QUANTILES).map(([key, part]) => [key, Number(nearestRank(values, part).toFixed(4))]),
      );
    return Object.fromEntries(Array.from(this.#values, ([name, values]) => [name, of(values) as Quantiles]));
  }
}
