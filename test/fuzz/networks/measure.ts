import { createHash } from "node:crypto";
import { InputError } from "#src/errors.js";
import { subjectOf } from "#src/explain/subject.js";
import { readModel } from "#src/graph/onnx-read.js";
import { writeModel } from "#src/graph/onnx-write.js";
import { parseCard } from "#src/policy/card.js";
import { type Policy, policyOf } from "#src/policy/policy.js";
import { type CompiledModel, compile } from "#src/relevance/compile.js";
import type { NodeRule } from "#src/relevance/contract/attribution.js";
import { METHODS } from "#src/relevance/methods.js";
import { float32, Session } from "#src/runtime/session.js";
import { randoms, relativeError } from "../../evaluate.js";
import { runModel } from "../../graph/onnx-model.js";
import type { RandomPolicy } from "./policy.js";
import { Untouched } from "./untouched.js";

/** Methods that are measured on random policies; `fusion` needs one image and one place where all joins. */
export const MEASURED_METHODS: readonly string[] = METHODS.map(({ name }) => name).filter((name) => name !== "fusion");

/** A method on a random policy, compared with the untouched file in onnxruntime. */
export interface Measured {
  /** Error of the torque of the file that is read and written again. */
  readonly written: number;
  /** Why the method refuses the policy, one line; nothing else is measured then. */
  readonly refusal?: string;
  readonly rules: readonly NodeRule[];
  /** Error of the torque of the compiled file. */
  readonly torque: number;
  /** Outputs that are not finite. */
  readonly infinite: readonly string[];
  /** |ΣR − Σα|τ|| / Σα|τ| where the method conserves, names no node that loses, and found no empty pool. */
  readonly residual?: number;
  /** Largest error of a gradient along a random direction, relative to its size; only of the method `gradient`. */
  readonly slope?: number;
}

export async function measured(random: RandomPolicy, method: string): Promise<Measured> {
  const untouched = await Untouched.of(random);
  const policy = policyFrom(random);
  const again = await runModel(writeModel(policy.graph), untouched.feeds);
  const written = relativeError(again.torque!.data as Float32Array, untouched.torque);
  const compiled = compiledOr(policy, method);
  if (typeof compiled === "string") return { written, refusal: compiled, rules: [], torque: 0, infinite: [] };
  const { rules } = compiled;
  const found = await explained(compiled, random, untouched.torque.length);
  const residual = found["torquelens.residual"]![0]!;
  const isEmpty = found["torquelens.empty_pool"]!.some((x) => x > 0);
  const conserves = compiled.method.conserves && !isEmpty && rules.every(({ loses }) => loses === undefined);
  return {
    written,
    rules,
    torque: relativeError(found.torque!, untouched.torque),
    infinite: Object.keys(found).filter((name) => !found[name]!.every(Number.isFinite)),
    ...(conserves && { residual }),
    ...(method === "gradient" && { slope: await slopeError(found, random, untouched) }),
  };
}

/** A policy from its file, without a file. */
function policyFrom({ bytes, card }: RandomPolicy): Policy {
  const sha256 = createHash("sha256").update(bytes).digest("hex");
  const model = { path: "p.onnx", bytes, sha256, graph: readModel(bytes, "p.onnx") };
  return policyOf(model, { card: parseCard(JSON.stringify(card), "card"), source: "card", folder: "." });
}

function compiledOr(policy: Policy, method: string): CompiledModel | string {
  try {
    return compile(subjectOf(policy), { method });
  } catch (error) {
    if (!(error instanceof InputError)) throw error;
    return error.message;
  }
}

/** Outputs of floats, α = 1. */
async function explained({ bytes }: CompiledModel, { feeds }: RandomPolicy, torques: number) {
  const session = await Session.create(bytes, { threads: 1 });
  const importance = float32(new Float32Array(torques).fill(1), [torques]);
  const found = await session.run({ ...feeds, "torquelens.importance": importance });
  await session.release();
  return Object.fromEntries(
    Object.entries(found).flatMap(([name, { dtype, data }]) =>
      dtype === "float32" ? [[name, data as Float32Array]] : [],
    ),
  );
}

/** Compares the gradients of Σ|τ| with differences; an input of bytes has none, nor a point at a kink. */
async function slopeError(
  found: Readonly<Record<string, Float32Array>>,
  { feeds }: RandomPolicy,
  untouched: Untouched,
): Promise<number> {
  let worst = 0;
  for (const [name, { dtype }] of Object.entries(feeds)) {
    if (dtype !== "float32") continue;
    const gradient = found[`torquelens.relevance.${name}`]!;
    const direction = randoms(gradient.length, 50);
    const slope = await untouched.slope(name, direction);
    const along = gradient.reduce((sum, g, i) => sum + g * direction[i]!, 0);
    const size = gradient.reduce((sum, g, i) => sum + Math.abs(g * direction[i]!), 0);
    if (slope.isKnown(size))
      worst = Math.max(worst, Math.max(0, Math.abs(along - slope.value) - slope.noise) / Math.max(size, 1e-20));
  }
  return worst;
}
