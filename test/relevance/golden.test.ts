import { describe, expect, it } from "vitest";
import { gradients } from "#src/backward/gradients.js";
import * as b from "#src/graph/build.js";
import { compile } from "#src/relevance/compile.js";
import { float32, Session, type TensorData } from "#src/runtime/session.js";
import { evaluate, relativeError } from "../evaluate.js";
import { GOLDEN, netA, netB, numbers } from "../golden.js";

/** float32 against float64 references given to nine digits. */
const TOLERANCE = 1e-4;

async function run(bytes: Uint8Array, feeds: Record<string, TensorData>): Promise<Record<string, Float32Array>> {
  const session = await Session.create(bytes, { threads: 1 });
  const results = await session.run(feeds);
  await session.release();
  return Object.fromEntries(Object.entries(results).map(([name, { data }]) => [name, data as Float32Array]));
}

describe("DTD against the golden vectors", () => {
  const image = float32(numbers(GOLDEN.x), [1, 3, 4, 4]);
  for (const k of [0, 1] as const)
    it(`net A, torque ${k}: zB, z+, winner takes all, Eq. 1 (Zennit)`, async () => {
      const { bytes } = compile(netA());
      const importance = float32([Number(k === 0), Number(k === 1)], [2]);
      const out = await run(bytes, { image, "torquelens.importance": importance });
      expect(relativeError(out.torque!, numbers(GOLDEN.y))).toBeLessThan(1e-5);
      const expected = numbers(GOLDEN[`k${k}`].dtd_zB01_zplus_zerobias_eq1!);
      expect(relativeError(out["torquelens.relevance.image"]!, expected)).toBeLessThan(TOLERANCE);
      expect(out["torquelens.residual"]![0]).toBeLessThan(1e-4);
    });

  it("net A, both torques at once, one heatmap each", async () => {
    const { bytes } = compile(netA(), { depth: "per-torque" });
    const out = await run(bytes, { image, "torquelens.importance": float32([1, 1], [2]) });
    for (const k of [0, 1] as const) {
      const expected = numbers(GOLDEN[`k${k}`].dtd_zB01_zplus_zerobias_eq1!);
      const summed = Float64Array.from({ length: 16 }, (_, i) => expected[i]! + expected[i + 16]! + expected[i + 32]!);
      const row = out["torquelens.torque_heatmap.image"]!.slice(16 * k, 16 * k + 16);
      expect(relativeError(row, summed)).toBeLessThan(TOLERANCE);
    }
  });

  const B = GOLDEN.netB;
  const feedsB = {
    image: float32(numbers(B.x!), [1, 3, 6, 6]),
    configuration: float32(numbers(B.cfg!), [1, 3]),
    "torquelens.importance": float32(numbers(B.alpha!), [3]),
  };
  it("net B: spatial softmax by the mass rule, signed configuration, three α-weighted torques", async () => {
    const out = await run(compile(netB()).bytes, feedsB);
    expect(relativeError(out.torque!, numbers(B.tau!))).toBeLessThan(1e-5);
    expect(relativeError(out["torquelens.relevance.image"]!, numbers(B.R_image!))).toBeLessThan(TOLERANCE);
    expect(relativeError(out["torquelens.relevance.configuration"]!, numbers(B.R_cfg!))).toBeLessThan(TOLERANCE);
    const total = numbers(B.R_cfg!).reduce((a, x) => a + x) + numbers(B.R_image!).reduce((a, x) => a + x);
    const image = numbers(B.R_image!).reduce((a, x) => a + x) / total;
    expect(out["torquelens.shares"]![0]).toBeCloseTo(image, 4);
    expect(out["torquelens.residual"]![0]).toBeLessThan(1e-4);
  });

  it("net B: torques weighted by α add up to the whole, and shares need no convolution", async () => {
    const full = await run(compile(netB()).bytes, feedsB);
    const shares = await run(compile(netB(), { depth: "shares" }).bytes, feedsB);
    expect(relativeError(shares["torquelens.shares"]!, full["torquelens.shares"]!)).toBeLessThan(TOLERANCE);
    expect(relativeError(shares["torquelens.torque_shares"]!, full["torquelens.torque_shares"]!)).toBeLessThan(1e-6);
    const alpha = numbers(B.alpha!);
    const rows = full["torquelens.torque_relevance.configuration"]!;
    const sum = [0, 1, 2].map((i) => alpha.reduce((total, a, j) => total + a * rows[3 * j + i]!, 0));
    expect(relativeError(full["torquelens.relevance.configuration"]!, sum)).toBeLessThan(1e-5);
  });
});

describe("methods against the golden vectors, net A", () => {
  /** Each hands out |τ|: what Zennit gives for a seed of τ, turned where τ is negative. */
  const METHODS: Readonly<Record<string, string>> = {
    "dtd:first=wsquare": "dtd_wsquare_first",
    "lrp-epsilon": "lrp_eps1e-6",
    "lrp-gamma": "lrp_gamma0.25conv_eps_fc",
    "lrp-alpha-beta": "lrp_a2b1conv_eps_fc",
  };
  const image = float32(numbers(GOLDEN.x), [1, 3, 4, 4]);
  for (const k of [0, 1] as const)
    it.each(Object.entries(METHODS))(`%s, torque ${k} (Zennit)`, async (method, key) => {
      const importance = float32([Number(k === 0), Number(k === 1)], [2]);
      const out = await run(compile(netA(), { method }).bytes, { image, "torquelens.importance": importance });
      const turn = method.startsWith("dtd") ? 1 : Math.sign(numbers(GOLDEN.y)[k]!);
      const expected = numbers(GOLDEN[`k${k}`][key]!).map((x) => turn * x);
      expect(relativeError(out["torquelens.relevance.image"]!, expected)).toBeLessThan(TOLERANCE);
    });
});

describe("gradients against the golden vectors", () => {
  for (const k of [0, 1] as const)
    it(`net A, torque ${k}`, async () => {
      const { graph } = netA();
      const x = graph.inputs.get("image")!;
      const seed = b.tensor("float32", [1, 2], [Number(k === 0), Number(k === 1)]);
      const [g] = gradients(graph.outputs.get("torque")!, [x], seed);
      const out = await evaluate([x], { g: g! }, { image: float32(numbers(GOLDEN.x), [1, 3, 4, 4]) });
      expect(relativeError(out.g!, numbers(GOLDEN[`k${k}`].gradient!))).toBeLessThan(TOLERANCE);
    });
});

describe("depth heatmap", () => {
  it("net A: the same heatmap, shares and residual without every channel", async () => {
    const feeds = {
      image: float32(numbers(GOLDEN.x), [1, 3, 4, 4]),
      "torquelens.importance": float32([0.5, 1.5], [2]),
    };
    const full = await run(compile(netA()).bytes, feeds);
    const heatmap = await run(compile(netA(), { depth: "heatmap" }).bytes, feeds);
    expect(relativeError(heatmap["torquelens.heatmap.image"]!, full["torquelens.heatmap.image"]!)).toBeLessThan(1e-5);
    expect(relativeError(heatmap["torquelens.shares"]!, full["torquelens.shares"]!)).toBeLessThan(1e-5);
    expect(heatmap["torquelens.residual"]![0]).toBeLessThan(1e-4);
    expect(heatmap).not.toHaveProperty("torquelens.relevance.image");
  });
});
