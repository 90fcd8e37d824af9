import fc from "fast-check";
import { describe, expect, it } from "vitest";
import type { Depth } from "#src/relevance/contract/depth.js";
import type { Method } from "#src/relevance/contract/method.js";
import { METHODS, methodNamed } from "#src/relevance/methods.js";
import { randoms, relativeError } from "../../evaluate.js";
import { networkOf, type Spec, specs } from "../networks.js";
import { explain, type Outputs, total } from "../subjects.js";

/** Random policies; the same for every method. */
const SPECS = fc.sample(specs, { numRuns: 8, seed: 11 });
const DEPTHS: readonly Depth[] = ["shares", "heatmap", "full", "per-torque"];
const importanceOf = ({ torques, seed }: Spec) => randoms(torques, seed + 9, 0.1, 2);
const outputs = ["torquelens.relevance.configuration", "torquelens.torque_relevance.configuration"];

/** What a method says of a policy, for each of several importances, or why it cannot. */
async function ask(spec: Spec, method: Method, depth: Depth, importances: readonly ArrayLike<number>[]) {
  const network = networkOf(spec);
  try {
    return await explain(network.subject, network.feeds(spec.seed), { depth, method, importances });
  } catch (error) {
    expect((error as Error).name).toBe("InputError");
    return String((error as Error).message);
  }
}

/** What a method says of policies; each is compiled once a depth. */
class Answers {
  readonly #known = new Map<string, Promise<Outputs | string>>();

  constructor(private readonly method: Method) {}

  of(spec: Spec, depth: Depth): Promise<Outputs | string> {
    const key = `${SPECS.indexOf(spec)} ${depth}`;
    const known = this.#known.get(key) ?? this.#ask(spec, depth);
    this.#known.set(key, known);
    return known;
  }

  async #ask(spec: Spec, depth: Depth): Promise<Outputs | string> {
    const found = await ask(spec, this.method, depth, [importanceOf(spec)]);
    return typeof found === "string" ? found : found[0]!;
  }
}

const answered = (found: Outputs | string): found is Outputs => typeof found !== "string";

describe.each(METHODS.map(({ name }) => name))("%s on random policies", (name) => {
  const method = methodNamed(name);
  const answers = new Answers(method);

  it("gives finite numbers at every depth, shares that sum to 1, and conserves if it says so", async () => {
    let explained = 0;
    for (const spec of SPECS)
      for (const depth of DEPTHS) {
        const found = await answers.of(spec, depth);
        if (!answered(found)) {
          expect(found, "a refusal is one line and names what works").toMatch(
            /^[^\n]*(methods that|works?|expected)[^\n]*$/,
          );
          continue;
        }
        explained++;
        for (const [key, values] of Object.entries(found)) expect(values.every(Number.isFinite), key).toBe(true);
        const sum = total(found["torquelens.shares"]!);
        if (sum !== 0) expect(sum).toBeCloseTo(1, 4);
        for (const share of found["torquelens.shares"]!) expect(share).toBeGreaterThanOrEqual(0);
        if (method.conserves && found.last!.some((x) => x !== 0))
          expect(found["torquelens.residual"]![0]).toBeLessThan(1e-3);
      }
    // Random policies have no attention, and no actions.
    if (name !== "attention" && name !== "sarfa") expect(explained).toBeGreaterThan(0);
  });

  it("sums torques by importance", async () => {
    for (const spec of SPECS.slice(0, 4)) {
      const { torques } = spec;
      const whole = await answers.of(spec, "heatmap");
      if (!answered(whole)) continue;
      const alpha = importanceOf(spec);
      const each = Array.from({ length: torques }, (_, j) =>
        Float32Array.from({ length: torques }, (_, k) => Number(j === k)),
      );
      const single = (await ask(spec, method, "heatmap", each)) as Outputs[];
      for (const key of ["torquelens.heatmap.image", outputs[0]!]) {
        const sum = whole[key]!.map((_, i) => total(single.map((out, j) => alpha[j]! * out[key]![i]!)));
        // Grad-CAM's map is rectified, XRAI's the largest channel of each pixel: neither is a sum.
        const isSum = key !== "torquelens.heatmap.image" || !["grad-cam", "xrai"].includes(method.name);
        if (isSum) expect(relativeError(whole[key]!, sum), key).toBeLessThan(2e-4);
      }
    }
  });

  it("says of the configuration and of all shares the same at every depth", async () => {
    for (const spec of SPECS.slice(0, 4)) {
      const [first, ...others] = await Promise.all(DEPTHS.map((depth) => answers.of(spec, depth)));
      if (!answered(first!)) continue;
      for (const other of others)
        for (const key of [...outputs, "torquelens.shares", "torquelens.torque_shares"])
          expect(relativeError((other as Outputs)[key]!, first[key]!), key).toBeLessThan(2e-4);
    }
  });
});
