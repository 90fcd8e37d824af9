import { inputGradients } from "../../../backward/gradient-table.js";
import { gradients } from "../../../backward/gradients.js";
import { maxPoolAdjoint } from "../../../backward/pooling.js";
import { foldedRows } from "../../../backward/rule.js";
import { sumToShape } from "../../../backward/structural.js";
import { applyNode } from "../../../graph/apply.js";
import {
  abs,
  add,
  div,
  exp,
  expand,
  greater,
  lessOrEqual,
  log,
  maximum,
  mean,
  minimum,
  mul,
  neg,
  reduceMax,
  relu,
  sub,
  sum,
  tanh,
  where,
} from "../../../graph/build.js";
import { isActivation } from "../../../graph/kinds.js";
import { normalizeAxis } from "../../../graph/shape.js";
import { TRAITS, traitsOf } from "../../../graph/traits.js";
import type { Node, Value } from "../../../graph/value.js";
import { own, put } from "../../../own.js";
import type { Normalisation } from "../../contract/pattern.js";
import type { OperatorTable, Propagated } from "../../contract/rules.js";
import { gradientTable, type Override } from "./gradient.js";
import { unbroadcast } from "./rule.js";

/**
 * DeepLIFT's multipliers m, with Σ m·Δin = m·Δout at every node, Δ the difference from the baseline: slopes between the
 * two observations instead of slopes at one (Shrikumar et al. 2017, rescale rule). Linear operators keep their
 * gradient.
 */
export function rescaleTable(at: (value: Value) => Value): OperatorTable {
  const rules = new Rescale(at);
  const overrides: Record<string, Override> = {
    Softmax: rules.softmax,
    MaxPool: rules.maxPool,
    Div: rules.quotient,
    Max: rules.extremum,
    Min: rules.extremum,
  };
  for (const op of Object.keys(TRAITS)) {
    if (isActivation(op) || traitsOf(op).form === "rounded") put(overrides, op, rules.curve);
    if (traitsOf(op).form === "bilinear") put(overrides, op, rules.product);
  }
  const others = gradientTable(overrides);
  return (node, arriving, context, givesToZeros) => {
    const pattern = context.analysis.pattern(node);
    const g = arriving.find((value) => value !== undefined)!;
    if (pattern?.kind === "activation") return rules.between(node.outputs[0]!, pattern.source, g);
    if (pattern?.kind === "normalisation" && WHOLE.has(pattern.name)) return rules.normalisation(pattern, g);
    const { rule, to } = others(node, arriving, context, givesToZeros);
    const { form, elementwise } = traitsOf(node.op);
    const isLocal =
      elementwise !== true && (form === "curved" || form === "choice") && own(overrides, node.op) === undefined;
    return { rule, to, ...(isLocal && { loses: "its slope at the observation replaces the slope between the two" }) };
  };
}

const WHOLE: ReadonlySet<string> = new Set(["LayerNorm", "RMSNorm", "InstanceNorm"]);

/** Differences below this part of the values are rounding errors; the slope is then the derivative. */
const ROUNDING = 1e-5;

const ofFirst = (arriving: readonly (Value | undefined)[]) => arriving.find((value) => value !== undefined)!;
const halfway = (a: Value, b: Value) => mul(add(a, b), 0.5);

class Rescale {
  constructor(readonly at: (value: Value) => Value) {}

  /** g·Δy/Δx, or `slope` (g·dy/dx) where Δx is zero. */
  #secant(g: Value, y: Value, x: Value, slope: () => Value): Value {
    const [x0, y0] = [this.at(x), this.at(y)];
    const difference = sub(x, x0);
    // False for −∞ in both, as of a mask, whose difference is no number.
    const differs = greater(abs(difference), mul(add(abs(x), abs(x0)), ROUNDING));
    return where(differs, mul(g, div(sub(y, y0), where(differs, difference, 1))), slope());
  }

  curve: Override = (node, arriving, { analysis }) => {
    const [x, ...rest] = node.inputs as readonly [Value, ...Value[]];
    if (rest.some((value) => value && analysis.isDependent(value))) return undefined;
    const g = ofFirst(arriving);
    const y = node.outputs[0]!;
    // A power's base may broadcast to its exponent.
    const wide = expand(x, y.shape);
    const at = wide === x ? node : applyNode(node.op, [wide, ...rest], node.attributes);
    const slope = () => inputGradients(at, [g], 1)[0]?.() ?? mul(g, 0);
    return { rule: "rescale", to: [unbroadcast(x, this.#secant(g, y, wide, slope))] };
  };

  /** An activation written in several nodes. */
  between(y: Value, x: Value, g: Value): Propagated {
    return { rule: "rescale", to: [[x, this.#secant(g, y, x, () => mul(g, gradients(y, [x])[0]!))]] };
  }

  /** Δ(ab) = ā·Δb + b̄·Δa, ā and b̄ halfway between the observations: the gradient there. */
  product: Override = (node, arriving, { analysis }) => {
    const moving = node.inputs.filter((value) => value && analysis.isDependent(value));
    if (moving.length < 2) return undefined;
    if (node.inputs.length > 2 && node.op !== "Gemm" && node.op !== "Conv") return undefined;
    const inputs = node.inputs.map(
      (value) => value && (analysis.isDependent(value) ? halfway(value, this.at(value)) : value),
    );
    const there = applyNode(node.op, inputs, node.attributes);
    const thunks = inputGradients(there, arriving, 1);
    const to = node.inputs.flatMap((value, i) =>
      value && analysis.isDependent(value) ? [[value, thunks[i]!()] as const] : [],
    );
    return { rule: "product", to };
  };

  /** a/b as a·(1/b): Δ(1/b) = −Δb/(b·b₀). */
  quotient: Override = (node, arriving, { analysis }) => {
    const [a, b] = node.inputs as readonly [Value, Value];
    if (!analysis.isDependent(b)) return undefined;
    const g = ofFirst(arriving);
    const [a0, b0] = [this.at(a), this.at(b)];
    const toB = neg(div(div(mul(g, halfway(a, a0)), b), b0));
    const toA = mul(g, halfway(div(1, b), div(1, b0)));
    const all = [
      [a, sumToShape(toA, a.shape, 1)],
      [b, sumToShape(toB, b.shape, 1)],
    ] as const;
    return { rule: "quotient", to: all.filter(([value]) => analysis.isDependent(value)) };
  };

  /** Max(a, b) = ½(a + b + |a − b|), with the rescale rule for the modulus; of several operands pair by pair. */
  extremum: Override = (node, arriving, { analysis }) => {
    const to: [Value, Value][] = [];
    let rest = node.inputs as readonly Value[];
    let g = ofFirst(arriving);
    while (rest.length > 1) {
      const last = rest.at(-1)!;
      const others = rest.slice(0, -1);
      const before = others.length > 1 ? applyNode(node.op, others).outputs[0]! : others[0]!;
      const [left, right] = this.#larger(node.op, before, last, g);
      to.push([last, right]);
      [rest, g] = [others, left];
    }
    to.push([rest[0]!, g]);
    return { rule: "rescale", to: to.filter(([value]) => analysis.isDependent(value)) };
  };

  /** What of g arrives at each operand of Max or Min. */
  #larger(op: string, a: Value, b: Value, g: Value): readonly [Value, Value] {
    // −∞, as of a mask, over ∞ is no number.
    const bounded = (x: Value) => maximum(minimum(x, 1e30), -1e30);
    const [d, d0] = [bounded(sub(a, b)), bounded(sub(this.at(a), this.at(b)))];
    const total = add(abs(d), abs(d0));
    // (|d| − |d₀|)/(d − d₀) is (d + d₀)/(|d| + |d₀|) for equal and for opposite signs.
    const slope = div(add(d, d0), maximum(total, 1e-30));
    const lean = mul(g, mul(slope, op === "Max" ? 0.5 : -0.5));
    const half = mul(g, 0.5);
    return [sumToShape(add(half, lean), a.shape, 1), sumToShape(sub(half, lean), b.shape, 1)];
  }

  /**
   * Δp_i = L_i Δ(log p_i) with L the logarithmic mean of p and p₀, and Δ(log p_i) = Δl_i − Σ L_k Δl_k / Σ L_k since
   * ΣΔp = 0: the softmax's own Jacobian with L for p. It adds up and stays bounded however sharp the softmax is.
   */
  softmax: Override = (node, arriving) => {
    const x = node.inputs[0]!;
    const [p, p0] = [node.outputs[0]!, this.at(node.outputs[0]!)];
    const g = ofFirst(arriving);
    const axis = normalizeAxis("Softmax", (node.attributes.axis as number | undefined) ?? -1, x.shape);
    const logarithm = (logits: Value): Value => {
      // A mask's −∞ less itself is no number.
      const l = maximum(logits, -1e30);
      const origin = reduceMax(l, [axis], true);
      return sub(sub(l, origin), log(sum(exp(sub(l, origin)), [axis], true)));
    };
    const d = sub(logarithm(x), logarithm(this.at(x)));
    const none = lessOrEqual(abs(d), ROUNDING);
    // (p − p₀)/d without the difference: p − p₀ = (p + p₀)·tanh(d/2).
    const mean = mul(add(p, p0), where(none, 0.5, div(tanh(mul(d, 0.5)), where(none, 1, d))));
    const whole = maximum(sum(mean, [axis], true), 1e-30);
    const centre = div(sum(mul(g, mean), [axis + 1], true), whole);
    return { rule: "rescale", to: [[x, mul(mean, sub(g, centre))]] };
  };

  /** A window's gain goes to its maximum at the observation, its loss to the maximum at the baseline. */
  maxPool: Override = (node, arriving) => {
    const x = node.inputs[0]!;
    const y = node.outputs[0]!;
    const g = ofFirst(arriving);
    const [x0, y0] = [this.at(x), this.at(y)];
    const change = sub(y, y0);
    const back = (of: Node, amount: Value) => foldedRows(amount, 1, (rows) => maxPoolAdjoint(of, rows));
    const gained = back(node, mul(g, relu(change)));
    const lost = back(y0.node, mul(g, relu(neg(change))));
    const difference = sub(x, x0);
    const none = lessOrEqual(abs(difference), mul(add(abs(x), abs(x0)), ROUNDING));
    return {
      rule: "rescale",
      to: [[x, where(none, back(node, g), div(sub(gained, lost), where(none, 1, difference)))]],
    };
  };

  /** c/σ with σ² = mean c² + ε: a product, 1/σ between the observations −Δσ²/(σσ₀(σ + σ₀)), c² with slope c + c₀. */
  normalisation(pattern: Normalisation, g: Value): Propagated {
    const { source, scale, name } = pattern;
    const [c, d] = [pattern.centred(), pattern.deviation()];
    const [c0, d0] = [this.at(c), this.at(d)];
    const scaled = scale ? mul(g, scale) : g;
    const toInverse = sumToShape(mul(scaled, halfway(c, c0)), d.shape, 1);
    const toVariance = neg(div(toInverse, mul(mul(d, d0), add(d, d0))));
    const count = c.shape.reduce((n, extent) => n * extent, 1) / d.shape.reduce((n, extent) => n * extent, 1);
    const m = add(mul(scaled, halfway(div(1, d), div(1, d0))), mul(toVariance, div(add(c, c0), count)));
    const axes = d.shape.flatMap((extent, i) => (extent === 1 && c.shape[i] !== 1 ? [i + 1] : []));
    return { rule: "rescale", to: [[source, name === "RMSNorm" ? m : sub(m, mean(m, axes, true))]] };
  }
}
