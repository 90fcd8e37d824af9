import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { writeModel } from "#src/graph/onnx-write.js";
import { compile } from "#src/relevance/compile.js";
import type { Depth } from "#src/relevance/contract/depth.js";
import { float32 } from "#src/runtime/session.js";
import { randoms, relativeError } from "../evaluate.js";
import { feed, runModel } from "../graph/onnx-model.js";
import { type Network, networkOf, type Spec, specs } from "./networks.js";
import { explain, type Feeds, total } from "./subjects.js";

const RUNS = { numRuns: 12, seed: 3 };

const tensors = (feeds: Feeds) =>
  Object.fromEntries(
    Object.entries(feeds).map(([name, { dtype, shape, data }]) => [name, feed(dtype, shape, data as Float32Array)]),
  );
const importanceOf = ({ torques, seed }: Spec) => randoms(torques, seed + 9, 0.1, 2);

/** For every random policy; torques of nothing but bias have nothing to conserve and are passed over. */
const holds = (check: (network: Network, spec: Spec, feeds: Feeds) => Promise<void>) =>
  fc.assert(
    fc.asyncProperty(specs, async (spec) => {
      const network = networkOf(spec);
      await check(network, spec, network.feeds(spec.seed));
    }),
    RUNS,
  );

describe("for any policy", () => {
  it("conserves: what the inputs get is Σα|τ|, finite, and nowhere negative", () =>
    holds(async (network, spec, feeds) => {
      const [out] = await explain(network.subject, feeds, { importances: [importanceOf(spec)] });
      for (const [name, values] of Object.entries(out!)) expect(values.every(Number.isFinite), name).toBe(true);
      for (const input of ["image", "configuration"]) {
        const relevance = out![`torquelens.relevance.${input}`]!;
        const most = Math.max(...relevance.map(Math.abs), 1e-20);
        expect(Math.min(...relevance) / most, input).toBeGreaterThan(-1e-4);
      }
      const isBiasOnly = out!.last!.every((x) => x === 0);
      if (isBiasOnly) return;
      expect(out!["torquelens.residual"]![0]).toBeLessThan(1e-3);
      expect(total(out!["torquelens.shares"]!)).toBeCloseTo(1, 4);
    }));

  it("leaves the policy's outputs as they are, to the bit", () =>
    holds(async (network, spec, feeds) => {
      const { subject } = network;
      const alpha = importanceOf(spec);
      const asked = { ...feeds, "torquelens.importance": float32(alpha, [alpha.length]) };
      // Without onnxruntime's fusions: with them a sum may be rounded elsewhere, since relevance reads what is between.
      const plain = await runModel(writeModel(subject.graph), tensors(feeds));
      const compiled = await runModel(compile(subject).bytes, tensors(asked));
      expect(compiled.torque!.data).toEqual(plain.torque!.data);
      const [fused] = await explain(subject, feeds, { importances: [alpha] });
      expect(relativeError(fused!.torque!, plain.torque!.data as Float32Array)).toBeLessThan(1e-4);
    }));

  it("is linear in the importance; a one-hot importance explains one torque", () =>
    holds(async (network, spec, feeds) => {
      const { torques } = spec;
      const hot = Array.from({ length: torques }, (_, j) =>
        Float32Array.from({ length: torques }, (_, k) => Number(j === k)),
      );
      const alpha = importanceOf(spec);
      const [whole, ...single] = await explain(network.subject, feeds, { importances: [alpha, ...hot] });
      for (const input of ["image", "configuration"]) {
        const name = `torquelens.relevance.${input}`;
        const sum = whole![name]!.map((_, i) => total(single.map((out, j) => alpha[j]! * out[name]![i]!)));
        expect(relativeError(whole![name]!, sum), input).toBeLessThan(1e-4);
      }
      const rows = whole!["torquelens.torque_relevance.configuration"]!;
      const size = rows.length / torques;
      single.forEach((out, j) => {
        const row = rows.slice(j * size, (j + 1) * size);
        expect(relativeError(out["torquelens.relevance.configuration"]!, row)).toBeLessThan(1e-4);
      });
    }));

  it("says the same at every depth", () =>
    holds(async (network, spec, feeds) => {
      const alpha = importanceOf(spec);
      const at = async (depth: Depth) => (await explain(network.subject, feeds, { depth, importances: [alpha] }))[0]!;
      const full = await at("full");
      const perTorque = await at("per-torque");
      const heatmap = await at("heatmap");
      const shares = await at("shares");
      const maps = perTorque["torquelens.torque_heatmap.image"]!;
      const size = maps.length / spec.torques;
      const sum = Float32Array.from({ length: size }, (_, i) =>
        total(Array.from(alpha, (a, j) => a * maps[j * size + i]!)),
      );
      expect(relativeError(full["torquelens.heatmap.image"]!, sum), "Σα·heatmap").toBeLessThan(1e-4);
      expect(relativeError(heatmap["torquelens.heatmap.image"]!, sum), "heatmap").toBeLessThan(1e-4);
      for (const other of [perTorque, heatmap, shares])
        for (const name of ["relevance.configuration", "torque_relevance.configuration", "shares", "torque_shares"]) {
          const key = `torquelens.${name}`;
          expect(relativeError(other[key]!, full[key]!), name).toBeLessThan(1e-3);
        }
    }));
});
