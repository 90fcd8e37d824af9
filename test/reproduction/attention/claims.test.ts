import { describe, expect, it } from "vitest";
import type { Change } from "#src/evaluation/attention/play.js";
import { ATTENTION, RANDOM } from "#src/evaluation/saliency/map-maker.js";
import { LOVERING_CLAIMS } from "#src/reproduction/attention/lovering-claims.js";
import type { MapsFound } from "#src/reproduction/attention/maps.js";
import { NIKULIN_CLAIMS } from "#src/reproduction/attention/nikulin-claims.js";
import type { PolicyFindings } from "#src/reproduction/attention/paper.js";
import { LOVERING, NIKULIN } from "#src/reproduction/attention/papers.js";
import { verdictsOf } from "#src/reproduction/attention/verdicts.js";

const maps = (kind: string, change: Partial<MapsFound> = {}): MapsFound => ({
  kind,
  moments: 3,
  measures: { nss: [0, 0, 0], kl: [1, 1, 1], sauc: [0.5, 0.5, 0.5] },
  undefined: { nss: 0, kl: 0, sauc: 0 },
  correlation: [0, 0, 0],
  deletion: [0.9, 0.9, 0.9],
  curve: [],
  ...change,
});
const played = (change: Change, success: readonly boolean[], returns: readonly number[] = []) => ({
  change,
  success,
  returns,
  errors: [],
  moved: [],
});
const policy = (change: Partial<PolicyFindings>, name = "reacher-query"): PolicyFindings => ({
  policy: {
    task: "reacher",
    path: `${name}.onnx`,
    name,
    sha256: "",
    attention: name === "reacher" ? "none" : "query",
    recipe: "",
    learning: undefined,
    maps: [],
    changes: [],
  },
  maps: [],
  refused: [],
  played: [],
  ...change,
});
const ofClaims = (claims: typeof LOVERING_CLAIMS, found: PolicyFindings, baseline?: PolicyFindings) =>
  Object.fromEntries(claims.map(({ id, of }) => [id, of(found, baseline)]));

describe("what Jain and Wallace say", () => {
  it("is measured episode by episode", () => {
    const found = policy({
      maps: [
        maps(ATTENTION, { deletion: [0.5, 0.6, 0.7] }),
        maps(RANDOM, { deletion: [0.9, 0.8, 0.8] }),
        maps("dtd", { deletion: [0.4, 0.6, 0.8] }),
        maps("vanilla-gradient", { correlation: [0.1, 0.2, 0.3] }),
        maps("gradient-x-input", { correlation: [0.8, 0.7, 0.9] }),
      ],
      played: [
        played("own", [true, true, false, false]),
        played("permuted", [false, false, false, false]),
        played("uniform", [true, true, false, false]),
      ],
    });
    const claims = ofClaims(LOVERING_CLAIMS, found);
    const near = (id: string, wanted: readonly number[]) =>
      claims[id]!.forEach((value, k) => {
        expect(value).toBeCloseTo(wanted[k]!, 12);
      });
    near("weakly_correlated", [0.3, 0.2, 0.4]);
    // Half of the episodes succeed, so that one of them is worth 2.
    near("kept_permuted", [1.9, 1.9, -0.1, -0.1]);
    near("kept_uniform", [-0.1, -0.1, -0.1, -0.1]);
    expect(claims.kept_swapped).toBeUndefined();
    near("attention_matters", [0.4, 0.2, 0.1]);
    near("relevance_matters_more", [0.1, 0, -0.1]);
    const verdicts = verdictsOf(LOVERING, [found]).get("reacher-query")!;
    expect(Object.fromEntries(verdicts.map(({ claim, holds }) => [claim.id, holds]))).toEqual({
      weakly_correlated: false,
      kept_permuted: false,
      kept_uniform: true,
      attention_matters: true,
      relevance_matters_more: false,
    });
  });

  it("counts rewards where there are some", () => {
    const found = policy({ played: [played("own", [true, true], [4, 6]), played("uniform", [true, true], [4, 1])] });
    expect(ofClaims(LOVERING_CLAIMS, found).kept_uniform).toEqual([-0.1, 0.9]);
  });

  it("is not tested on a policy that achieves nothing", () => {
    const found = policy({ played: [played("own", [false]), played("uniform", [true])] });
    expect(ofClaims(LOVERING_CLAIMS, found).kept_uniform).toBeUndefined();
  });
});

describe("what Nikulin et al. say", () => {
  it("is measured against the policy without attention and against random maps", () => {
    const found = policy({
      maps: [
        maps(ATTENTION, { measures: { nss: [2, 3, 4], kl: [0.5, 0.5, 1], sauc: [0.9, 0.8, 0.7] } }),
        maps(RANDOM, { measures: { nss: [0, 1, 0], kl: [1, 1, 1], sauc: [0.5, 0.5, 0.5] } }),
      ],
      played: [played("own", [true, false])],
    });
    const baseline = policy({ played: [played("own", [true, true])] }, "reacher");
    const claims = ofClaims(NIKULIN_CLAIMS, found, baseline);
    expect(claims.free_lunch).toEqual([-0.1, 0.9]);
    expect(claims.nss_better_than_random).toEqual([2, 2, 4]);
    expect(claims.kl_better_than_random).toEqual([-0.5, -0.5, 0]);
    expect(claims.sauc_better_than_random!.map((x) => x.toFixed(3))).toEqual(["0.400", "0.300", "0.200"]);
    expect(ofClaims(NIKULIN_CLAIMS, found).free_lunch).toBeUndefined();
    const verdicts = verdictsOf(NIKULIN, [found, baseline]);
    expect([...verdicts.keys()]).toEqual(["reacher-query"]);
    expect(verdicts.get("reacher-query")!.find(({ claim }) => claim.id === "kl_better_than_random")!.holds).toBe(false);
    expect(verdicts.get("reacher-query")!.find(({ claim }) => claim.id === "nss_better_than_random")!.holds).toBe(true);
  });
});
