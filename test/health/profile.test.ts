import { describe, expect, it } from "vitest";
import { InputError } from "#src/errors.js";
import { type Profile, parseProfile, ShareStatistics, serialiseProfile } from "#src/health/profile.js";
import { ProfileBuilder } from "#src/health/profile-builder.js";
import { toExplanation, toRatios } from "#src/messages/explanation.js";
import { sampleExplanation } from "../messages/sample.js";

const profile: Profile = {
  torquelens_profile: 1,
  policy_sha256: "ab".repeat(32),
  method: "dtd",
  recordings: ["run.mcap"],
  ticks: 100,
  shares: { image: { q01: 0.4, q05: 0.42, q50: 0.5, q95: 0.58, q99: 0.6 } },
};

/** An explanation whose image share is this, all else being the joints'. */
const sharing = (image: number, more = {}) => ({
  ...toExplanation({ ...sampleExplanation(), flags: [], shares: Float32Array.of(image, 1 - image, 0, 0) }),
  ...more,
});

describe("ShareStatistics", () => {
  it("has the shares that 1, 5, 50, 95 and 99 % do not exceed", () => {
    const statistics = new ShareStatistics();
    // 0.001, 0.002 … 1 in another order.
    for (let i = 0; i < 1000; i++) statistics.add({ image: (((i * 7) % 1000) + 1) / 1000, rest: 0.25 });
    expect(statistics.quantiles()).toEqual({
      image: { q01: 0.01, q05: 0.05, q50: 0.5, q95: 0.95, q99: 0.99 },
      rest: { q01: 0.25, q05: 0.25, q50: 0.25, q95: 0.25, q99: 0.25 },
    });
  });
});

describe("ProfileBuilder", () => {
  it("sums up explanations that count: not idle, with shares", () => {
    const builder = new ProfileBuilder();
    builder.begin("a.mcap");
    for (const share of [0.2, 0.4, 0.6]) builder.explanation(sharing(share));
    builder.explanation(sharing(0.9, { flags: ["idle"] }));
    builder.explanation(sharing(0.9, { level: 2, shares: new Float32Array(4).fill(Number.NaN) }));
    builder.explanation(sharing(0, { shares: new Float32Array(4) }));
    builder.ratios(toRatios(sampleExplanation()));
    const made = builder.profile();
    expect(made).toMatchObject({ ticks: 3, method: "dtd", policy_sha256: "ab".repeat(32), recordings: ["a.mcap"] });
    expect(made.shares!.image).toEqual({ q01: 0.2, q05: 0.2, q50: 0.4, q95: 0.6, q99: 0.6 });
    expect(Object.keys(made.shares!)).toEqual(sampleExplanation().modalities);
    expect(made.ratios).toBeUndefined();
  });

  it("makes do with ratios", () => {
    const builder = new ProfileBuilder();
    builder.begin("a.mcap");
    builder.ratios(toRatios(sampleExplanation()));
    builder.ratios({ ...toRatios(sampleExplanation()), image: Number.NaN });
    expect(builder.profile()).toEqual({
      torquelens_profile: 1,
      recordings: ["a.mcap"],
      ticks: 1,
      ratios: Object.fromEntries(
        [
          ["image", 0.5],
          ["position", 0.375],
          ["velocity", 0.125],
        ].map(([name, q]) => [name, { q01: q, q05: q, q50: q, q95: q, q99: q }]),
      ),
    });
  });

  it("refuses recordings of two policies, of two methods, and of nothing", () => {
    const begun = () => {
      const builder = new ProfileBuilder();
      builder.begin("a.mcap");
      builder.explanation(sharing(0.5));
      builder.begin("b.mcap");
      return builder;
    };
    expect(() => begun().explanation(sharing(0.5, { policy_sha256: "cd".repeat(32) }))).toThrow(
      "b.mcap: found explanations of the policies abababababab… and cdcdcdcdcdcd…, expected one policy",
    );
    expect(() => begun().explanation(sharing(0.5, { method: "rap" }))).toThrow(
      "b.mcap: found the methods dtd and rap, expected one method",
    );
    const empty = new ProfileBuilder();
    empty.begin("a.mcap");
    empty.explanation(sharing(0.5, { flags: ["idle"] }));
    expect(() => empty.profile()).toThrow("a.mcap: no explanation to make a profile of");
  });
});

describe("a profile as YAML", () => {
  it("reads back as it was written", () => {
    expect(parseProfile(serialiseProfile(profile), "profile.yaml")).toEqual(profile);
  });

  it.each([
    [{ torquelens_profile: 2 }, "torquelens_profile: found 2, expected 1, the profile format"],
    [{ shares: undefined }, "shares or ratios"],
    [{ share: {} }, "share: unknown key, expected one of torquelens_profile"],
    [{ shares: { image: { q01: 0.5 } } }, "shares.image.q05: missing, expected a share from 0 to 1"],
    [{ shares: { image: { ...profile.shares!.image, q99: 1.5 } } }, "shares.image.q99: found 1.5, expected 1 or less"],
    [{ shares: { image: { ...profile.shares!.image, q50: 0.1 } } }, "expected quantiles in rising order"],
  ])("is refused with %j", (change, message) => {
    const text = serialiseProfile({ ...profile, ...change } as Profile);
    expect(() => parseProfile(text, "profile.yaml")).toThrow(InputError);
    expect(() => parseProfile(text, "profile.yaml")).toThrow("profile.yaml: ");
    expect(() => parseProfile(text, "profile.yaml")).toThrow(message);
  });
});
