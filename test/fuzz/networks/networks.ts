import { createHash } from "node:crypto";
import fc from "fast-check";
import { InputError } from "#src/errors.js";
import { subjectOf } from "#src/explain/subject.js";
import { readModel } from "#src/graph/onnx-read.js";
import { writeModel } from "#src/graph/onnx-write.js";
import { parseCard } from "#src/policy/card.js";
import { type Policy, policyOf } from "#src/policy/policy.js";
import { compile } from "#src/relevance/compile.js";
import { METHODS } from "#src/relevance/methods.js";
import { float32, Session, type TensorData } from "#src/runtime/session.js";
import { randoms } from "../../evaluate.js";
import { feed, runModel } from "../../graph/onnx-model.js";
import { failed, within } from "../failed.js";
import { kind } from "../kind.js";
import { inspected } from "./inspected.js";
import { type PolicyCase, policyCases, policyOfCase, type RandomPolicy } from "./policy.js";

/** Rounding of float32 in networks of this depth. */
const TOLERANCE = 2e-4;
/** The Explainer flags a residual above it. */
const CONSERVED = 1e-3;

const methods = METHODS.filter(({ name }) => name !== "fusion").map(({ name }) => name);

interface NetworkCase {
  readonly policy: PolicyCase;
  readonly method: string;
}

/**
 * A random policy in any operator set, and one method: what is read, written and compiled commands the torque of the
 * untouched file; gradients are slopes of the untouched file; relevance is finite; methods that conserve do.
 */
export const networks = kind<NetworkCase>({
  name: "networks",
  about: "random ONNX policies, each with one method, against the untouched file in onnxruntime",
  cases: fc.record({ policy: policyCases, method: fc.constantFrom(...methods) }),
  holds: async ({ policy: made, method }) => {
    const random = policyOfCase(made);
    const untouched = await Untouched.of(random);
    const policy = policyFrom(random);
    const rewritten = await runModel(writeModel(policy.graph), tensors(random.feeds));
    within(rewritten.torque!.data as Float32Array, untouched.torque, TOLERANCE, "the torque of the file written again");
    const refusal = refusalOf(policy, method);
    if (refusal !== undefined && method !== "gradient") return `${method} refuses`;
    const { rules } = await explained(policy, random, method, untouched);
    await inspected(random, method, rules);
    return method;
  },
});

/** Why a method refuses a policy: in one line, with the node or what was not found. */
function refusalOf(policy: Policy, method: string): string | undefined {
  try {
    compile(subjectOf(policy), { method });
    return undefined;
  } catch (error) {
    if (!(error instanceof InputError)) throw error;
    const { message } = error;
    if (!/^(node "|method )[^\n]+; (methods that work here: |no other method works either)/.test(message))
      failed(`a refusal that names neither node nor method: ${message}`);
    return message;
  }
}

/** A policy from its file, without a file. */
function policyFrom({ bytes, card }: RandomPolicy): Policy {
  const sha256 = createHash("sha256").update(bytes).digest("hex");
  const model = { path: "p.onnx", bytes, sha256, graph: readModel(bytes, "p.onnx") };
  return policyOf(model, { card: parseCard(JSON.stringify(card), "card"), source: "card", folder: "." });
}

async function explained(policy: Policy, random: RandomPolicy, method: string, untouched: Untouched) {
  const compiled = compile(subjectOf(policy), { method });
  const session = await Session.create(compiled.bytes, { threads: 1 });
  const torques = untouched.torque.length;
  const importance = float32(new Float32Array(torques).fill(1), [torques]);
  const found = await session.run({ ...random.feeds, "torquelens.importance": importance });
  await session.release();
  within(found.torque!.data as Float32Array, untouched.torque, TOLERANCE, `the torque explained by ${method}`);
  for (const [name, { dtype, data }] of Object.entries(found))
    if (dtype === "float32" && !(data as Float32Array).every(Number.isFinite))
      failed(`${name} of ${method} is not finite`);
  const residual = (found["torquelens.residual"]!.data as Float32Array)[0]!;
  const conserves = compiled.method.conserves && compiled.rules.every(({ loses }) => loses === undefined);
  const emptyPool = (found["torquelens.empty_pool"]!.data as Float32Array).some((x) => x > 0);
  if (conserves && !emptyPool && residual > CONSERVED)
    failed(`${method} loses ${residual} of the relevance and names no node`);
  if (method === "gradient")
    for (const [name, { dtype }] of Object.entries(random.feeds))
      if (dtype === "float32")
        await slopes(name, found[`torquelens.relevance.${name}`]!.data as Float32Array, untouched);
  return compiled;
}

const STEP = 1.5e-3;

/** Compares a gradient of Σ|τ| with differences along a direction; where these depend on the step there is none. */
async function slopes(name: string, gradient: Float32Array, untouched: Untouched): Promise<void> {
  const direction = randoms(gradient.length, 50);
  const size = async (step: number) =>
    (await untouched.at(name, step, direction)).reduce((sum, torque) => sum + Math.abs(torque), 0);
  const between = async (step: number) => ((await size(step)) - (await size(-step))) / (2 * step);
  const [expected, wider] = [await between(STEP), await between(4 * STEP)];
  const found = gradient.reduce((sum, g, i) => sum + g * direction[i]!, 0);
  const scale = gradient.reduce((sum, g, i) => sum + Math.abs(g * direction[i]!), 0);
  const noise = (2e-6 * (1 + untouched.torque.reduce((sum, torque) => sum + Math.abs(torque), 0))) / STEP;
  if (Math.abs(expected - wider) > 4e-3 * scale + noise) return;
  if (Math.abs(found - expected) > 2e-2 * scale + noise)
    failed(`the gradient of ${name} along a direction is ${found}, the torques' slope is ${expected}`);
}

/** The untouched file in onnxruntime, without its graph optimisations. */
class Untouched {
  private constructor(
    readonly random: RandomPolicy,
    readonly torque: Float32Array,
  ) {}

  static async of(random: RandomPolicy): Promise<Untouched> {
    const { torque } = await runModel(random.bytes, tensors(random.feeds));
    return new Untouched(random, torque!.data as Float32Array);
  }

  /** Torques at a point moved along a direction in one input. */
  async at(name: string, step: number, direction: Float32Array): Promise<Float32Array> {
    const { bytes, feeds } = this.random;
    const { data, shape } = feeds[name]!;
    const moved = float32(
      (data as Float32Array).map((x, i) => x + step * direction[i]!),
      shape,
    );
    return (await runModel(bytes, tensors({ ...feeds, [name]: moved }))).torque!.data as Float32Array;
  }
}

export const tensors = (feeds: Readonly<Record<string, TensorData>>) =>
  Object.fromEntries(
    Object.entries(feeds).map(([name, { dtype, shape, data }]) => [name, feed(dtype, shape, data as Float32Array)]),
  );
