import * as ort from "onnxruntime-node";
import { InputError } from "#src/errors.js";
import { compile } from "#src/relevance/compile.js";
import type { NodeRule } from "#src/relevance/contract/attribution.js";
import { methodNamed } from "#src/relevance/methods.js";
import { float32, Session } from "#src/runtime/session.js";
import { randoms, relativeError } from "../evaluate.js";
import { type SweptNetwork, type Torques, torquesOf } from "./networks.js";

/** What one method gave on one network: figures of what is to be small, or the reason for a refusal. */
export interface Found {
  readonly method: string;
  readonly figures: Readonly<Record<string, number>>;
  readonly refused?: string;
  /** The first node whose rule may lose relevance, and why. */
  readonly loses?: string;
}

/** Largest figure that counts as rounding. */
export const TOLERANCES: Readonly<Record<string, number>> = {
  torque: 1e-4,
  slope: 2e-3,
  residual: 1e-4,
  difference: 2e-3,
  broken: 0,
};

const QUIET = {
  graphOptimizationLevel: "disabled",
  intraOpNumThreads: 1,
  interOpNumThreads: 1,
  logSeverityLevel: 4,
} as const;

interface Run {
  readonly outputs: Readonly<Record<string, Float64Array>>;
  readonly rules: readonly NodeRule[];
}

/** The relevance of a network, and what all methods are compared with. */
export class Sweep {
  private constructor(
    readonly network: SweptNetwork,
    readonly torques: Torques,
    /** In float64 where onnxruntime has the operators. */
    readonly exact: Torques | undefined,
    readonly commanded: Float64Array,
    readonly release: () => Promise<void>,
  ) {}

  static async of(network: SweptNetwork): Promise<Sweep> {
    const session = await ort.InferenceSession.create(network.bytes.float32, QUIET);
    const wide =
      network.bytes.float64 && (await ort.InferenceSession.create(network.bytes.float64, QUIET).catch(() => undefined));
    const torques = torquesOf(session, network, "float32");
    const exact = wide && torquesOf(wide, network, "float64");
    const commanded = await torques(at(network));
    const agrees = exact && relativeError(await exact(at(network)), commanded) < 1e-4;
    return new Sweep(network, torques, agrees ? exact : undefined, commanded, async () => {
      await session.release();
      await wide?.release();
    });
  }

  /** @param differentiable false where elements are equal: there is no slope to compare with */
  async check(spec: string, differentiable: boolean): Promise<Found> {
    let run: Run;
    try {
      run = await this.#run(spec);
    } catch (error) {
      if (!(error instanceof InputError))
        return { method: spec, figures: { broken: Number.POSITIVE_INFINITY }, refused: String(error) };
      return {
        method: spec,
        figures:
          error.message.includes("\n") || error.message.startsWith("onnxruntime")
            ? { broken: Number.POSITIVE_INFINITY }
            : {},
        refused: error.message,
      };
    }
    const { outputs, rules } = run;
    const figures: Record<string, number> = { torque: relativeError(outputs.torque!, this.commanded) };
    const allFinite = Object.values(outputs).every((values) => values.every(Number.isFinite));
    if (this.commanded.every(Number.isFinite)) figures.broken = allFinite ? 0 : Number.POSITIVE_INFINITY;
    if (!allFinite) return { method: spec, figures };
    const lossy = rules.find(({ loses }) => loses !== undefined);
    const method = methodNamed(spec);
    const isBias = outputs["torquelens.empty_pool"]!.some((x) => x === 1);
    if (method.conserves && !lossy && !isBias) figures.residual = outputs["torquelens.residual"]![0]!;
    if (method.name === "gradient" && differentiable) figures.slope = await this.#slopes(outputs);
    if (method.name === "deeplift" && !lossy) figures.difference = await this.#difference(outputs);
    return { method: spec, figures, ...(lossy && { loses: `${lossy.node} (${lossy.op}): ${lossy.loses}` }) };
  }

  async #run(spec: string): Promise<Run> {
    const { subject, inputs } = this.network;
    const { bytes, rules } = compile(subject, { method: spec });
    const session = await Session.create(bytes, { threads: 1 });
    const feeds = Object.fromEntries(inputs.map(({ name, shape, values }) => [name, float32(values, shape)]));
    const ones = new Float32Array(this.commanded.length).fill(1);
    const results = await session.run({ ...feeds, "torquelens.importance": float32(ones, [ones.length]) });
    await session.release();
    const outputs = Object.entries(results).map(([name, { data }]) => [
      name,
      Float64Array.from(data as Float32Array, Number),
    ]);
    return { outputs: Object.fromEntries(outputs), rules };
  }

  /** Σ sign(τ) τ, the signs being those of the observation. */
  async #size(torques: Torques, where: Observation): Promise<number> {
    const found = await torques(where);
    return found.reduce((sum, torque, j) => sum + Math.sign(this.commanded[j]!) * torque, 0);
  }

  /**
   * The largest difference of a slope from the gradient along a random direction of each input, over the sum of sizes.
   * Where the slope changes with the distance, a kink lies between, and there is nothing to compare.
   */
  async #slopes(outputs: Run["outputs"]): Promise<number> {
    let worst = 0;
    const torques = this.exact ?? this.torques;
    const step = this.exact ? 1e-6 : 2e-3;
    const here = at(this.network);
    for (const [k, { name, values }] of this.network.inputs.entries()) {
      const gradient = outputs[`torquelens.relevance.${name}`]!;
      const direction = randoms(values.length, 91 + k);
      const moved = (by: number) => ({ ...here, [name]: Float64Array.from(values, (x, i) => x + by * direction[i]!) });
      const slope = async (by: number) =>
        ((await this.#size(torques, moved(by))) - (await this.#size(torques, moved(-by)))) / (2 * by);
      const [near, far] = [await slope(step), await slope(4 * step)];
      const found = gradient.reduce((sum, g, i) => sum + g * direction[i]!, 0);
      const scale = gradient.reduce((sum, g, i) => sum + Math.abs(g * direction[i]!), 1e-3);
      const noise = ((this.exact ? 1e-14 : 3e-7) * (1 + Math.abs(await this.#size(torques, here)))) / step;
      if (Math.abs(near - far) > 1e-3 * Math.max(scale, Math.abs(near)) + noise) continue;
      worst = Math.max(worst, Math.max(0, Math.abs(found - near) - noise) / Math.max(scale, Math.abs(near)));
    }
    return worst;
  }

  /** |ΣR − (τ − τ at the reference)| over the sum of sizes. */
  async #difference(outputs: Run["outputs"]): Promise<number> {
    const there = await this.#size(this.torques, this.network.references);
    const here = await this.#size(this.torques, at(this.network));
    const { sum, size } = this.#total(outputs);
    if (!Number.isFinite(there)) return 0;
    return Math.abs(sum - (here - there)) / Math.max(size, Math.abs(here), Math.abs(there), 1e-6);
  }

  #total(outputs: Run["outputs"]) {
    const all = this.network.inputs.flatMap(({ name }) => [...outputs[`torquelens.relevance.${name}`]!]);
    return { sum: all.reduce((a, x) => a + x, 0), size: all.reduce((a, x) => a + Math.abs(x), 0) };
  }
}

type Observation = Readonly<Record<string, ArrayLike<number>>>;

const at = ({ inputs }: SweptNetwork): Observation =>
  Object.fromEntries(inputs.map(({ name, values }) => [name, values]));
