import { div } from "../../graph/build.js";
import { type Shape, sameShape } from "../../graph/shape.js";
import type { Node, Value } from "../../graph/value.js";
import type { PatternFacts } from "../contract/facts.js";
import type { Normalisation } from "../contract/pattern.js";
import { clipped } from "./clipped.js";
import { bothWays, is, meanOf, numberOf, operands, plain, same, squared, withConstant } from "./matching.js";
import { epsilonOf, inGroups } from "./statistics.js";

/** The normalisation that ends at a node. */
export type Form = (node: Node, network: PatternFacts) => Normalisation | undefined;

/** Normalisations in several nodes, by the operator of the last. */
export const FORMS: Readonly<Record<string, Form>> = {
  Div: (node, network) => quotient(node) ?? lengthNorm(node) ?? scaled(node, network),
  Mul: (node, network) => product(node, network) ?? scaled(node, network),
  Add: (node, network) => shifted(node, network) ?? spreadOut(node, network),
  Reshape: (node, network) => groupNorm(node, network),
};

/** The largest ε that guards a division; anything above it is no ε. */
const LARGEST_EPSILON = 0.1;

const isEpsilon = (value: Value | undefined) => {
  const number = numberOf(value);
  return number !== undefined && number >= 0 && number <= LARGEST_EPSILON;
};

const normalisationOf = (value: Value | undefined, network: PatternFacts): Normalisation | undefined => {
  const found = value && plain(value).index === 0 ? network.pattern(plain(value).node) : undefined;
  return found?.kind === "normalisation" ? found : undefined;
};

/** d / σ: d is x − mean(x), or x itself. */
function quotient(node: Node): Normalisation | undefined {
  const [above, below] = node.inputs as readonly [Value, Value];
  const root = operands(below, "Sqrt")?.[0] ?? rootOf(below, 0.5);
  return root && overRoot(node, above, root, () => below);
}

/** d · 1/σ, the second as Reciprocal, as 1/√ or as a power, and d · γ/σ. */
function product(node: Node, network: PatternFacts): Normalisation | undefined {
  for (const [above, factor] of bothWays(node.inputs as readonly Value[])) {
    const { inverse, gain } = gainOf(factor, network) ?? { inverse: factor, gain: undefined };
    const under = inverseRoot(inverse);
    const normalised = under && overRoot(node, above, under, () => div(1, inverse));
    if (normalised && (!gain || isParameter(gain, normalised.source.shape))) return { ...normalised, scale: gain };
  }
  return undefined;
}

/** 1/σ and γ of γ/σ. */
function gainOf(factor: Value, network: PatternFacts): { inverse: Value; gain: Value } | undefined {
  for (const [inverse, gain] of bothWays(operands(factor, "Mul")))
    if (inverseRoot(inverse) && !network.isDependent(gain)) return { inverse, gain };
  return undefined;
}

/** v of v^exponent. */
function rootOf(value: Value, exponent: number): Value | undefined {
  const power = operands(value, "Pow");
  return power && is(power[1], exponent) ? power[0] : undefined;
}

/** v of 1/√v. */
function inverseRoot(value: Value): Value | undefined {
  const quotient = operands(value, "Div");
  const root = operands(value, "Reciprocal")?.[0] ?? (quotient && is(quotient[0], 1) ? quotient[1] : undefined);
  return operands(root, "Sqrt")?.[0] ?? rootOf(value, -0.5);
}

/** The normalisation d/√`under`, if `under` is the variance of d plus ε. */
function overRoot(node: Node, d: Value, under: Value, deviation: () => Value): Normalisation | undefined {
  for (const [variance, epsilon] of bothWays(operands(under, "Add"))) {
    const axes = isEpsilon(epsilon) ? varianceAxes(variance, d) : undefined;
    if (!axes) continue;
    const x = centredOver(d, axes);
    const name = x ? nameOf(x, axes) : "RMSNorm";
    return { kind: "normalisation", name, node, source: x ?? d, centred: () => d, deviation };
  }
  return undefined;
}

/** The axes over which a value is the mean of d², or mean(x²) − mean(x)² of d = x − mean(x), possibly kept above 0. */
function varianceAxes(variance: Value, d: Value): readonly number[] | undefined {
  const found = meanOf(variance);
  if (found) return same(squared(found.of), d) ? found.axes : undefined;
  const { of, low, high } = clipped(variance) ?? {};
  const isKept = of && numberOf(low) === 0 && !high;
  const [squares, square] = operands(isKept ? of : variance, "Sub") ?? [];
  const [power, average] = [meanOf(squares), meanOf(squared(square))];
  const x = squared(power?.of);
  if (!power || !average || !x || power.axes.join() !== average.axes.join()) return undefined;
  return same(average.of, x) && same(centredOver(d, power.axes), x) ? power.axes : undefined;
}

/** x of x − mean(x) over these axes. */
function centredOver(d: Value, axes: readonly number[]): Value | undefined {
  const [x, average] = operands(d, "Sub") ?? [];
  const found = meanOf(average);
  return found && same(found.of, x) && found.axes.join() === axes.join() ? x : undefined;
}

/** InstanceNorm for statistics over the cells of each channel, else LayerNorm. */
const nameOf = ({ shape }: Value, axes: readonly number[]) =>
  shape.length > 3 && axes[0] === 2 && axes.length === shape.length - 2 ? "InstanceNorm" : "LayerNorm";

/** x / max(‖x‖, ε) over one axis or several. */
function lengthNorm(node: Node): Normalisation | undefined {
  const [source, below] = node.inputs as readonly [Value, Value];
  const length = operands(below, "Expand")?.[0] ?? below;
  const clipped = operands(length, "Clip");
  const bounded = operands(length, "Max");
  if (clipped && (clipped[2] !== undefined || !isEpsilon(clipped[1]))) return undefined;
  if (bounded && (bounded.length !== 2 || !isEpsilon(bounded[1]))) return undefined;
  const found = meanOf(clipped?.[0] ?? bounded?.[0] ?? length, "ReduceL2");
  if (!found || !same(found.of, source)) return undefined;
  return { kind: "normalisation", name: "L2Norm", node, source, centred: () => source, deviation: () => length };
}

/** A normalisation times a constant: its scale. */
function scaled(node: Node, network: PatternFacts): Normalisation | undefined {
  const pair = withConstant(node, network);
  const inner = pair && normalisationOf(pair.value, network);
  if (!inner || inner.scale || inner.shift || !isParameter(pair.constant, inner.source.shape)) return undefined;
  if (node.op === "Mul") return { ...inner, node, scale: pair.constant };
  return pair.first ? { ...inner, node, scale: div(1, pair.constant) } : undefined;
}

/** A normalisation plus a constant: its shift. */
function shifted(node: Node, network: PatternFacts): Normalisation | undefined {
  const pair = withConstant(node, network);
  const inner = pair && normalisationOf(pair.value, network);
  if (!inner || inner.shift || !isParameter(pair.constant, inner.source.shape)) return undefined;
  return { ...inner, node, shift: pair.constant };
}

/** Returns true if a constant broadcasts to the normalised value without extending it. */
function isParameter({ shape }: Value, source: Shape): boolean {
  const extra = source.length - shape.length;
  return extra >= 0 && shape.every((d, i) => d === 1 || d === source[i + extra]);
}

/** x·k + (β − mean·k) with k = γ/σ: TensorFlow's way. */
function spreadOut(node: Node, network: PatternFacts): Normalisation | undefined {
  for (const [times, rest] of bothWays(node.inputs as readonly Value[]))
    for (const [x, factor] of bothWays(operands(times, "Mul"))) {
      const [shift, offset] = operands(rest, "Sub") ?? [];
      if (!shift || network.isDependent(shift)) continue;
      for (const [average, again] of bothWays(operands(offset, "Mul"))) {
        const about = meanOf(average);
        if (!about || !same(about.of, x) || !same(again, factor)) continue;
        const found = gainOver(factor, x, about.axes, network);
        if (found) return { ...found, node, shift };
      }
    }
  return undefined;
}

/** γ/σ of x, σ² = mean((x − mean)²) + ε. */
function gainOver(factor: Value, x: Value, axes: readonly number[], network: PatternFacts) {
  const { inverse, gain } = gainOf(factor, network) ?? { inverse: factor, gain: undefined };
  const under = inverseRoot(inverse);
  for (const [variance, epsilon] of bothWays(operands(under, "Add"))) {
    const found = isEpsilon(epsilon) ? meanOf(variance) : undefined;
    const d = squared(found?.of);
    if (!found || !d || found.axes.join() !== axes.join() || !same(centredOver(d, axes), x)) continue;
    const name = nameOf(x, axes);
    const values = { centred: () => d, deviation: () => div(1, inverse) };
    return { kind: "normalisation", name, source: x, scale: gain, ...values } as const;
  }
  return undefined;
}

/** PyTorch's GroupNorm: [N, C, …] → [N, groups, …] → InstanceNormalization → [N, C, …]. Scale and shift follow. */
function groupNorm(node: Node, network: PatternFacts): Normalisation | undefined {
  const inner = normalisationOf(node.inputs[0], network);
  const source = operands(inner?.source, "Reshape")?.[0];
  if (inner?.node.op !== "InstanceNormalization" || !source || source.shape.length < 3) return undefined;
  const groups = inner.source.shape[1]!;
  const fits = sameShape(source.shape, node.outputs[0]!.shape) && source.shape[0] === inner.source.shape[0];
  if (!fits || source.shape[1]! % groups !== 0) return undefined;
  if (!is(inner.node.inputs[1], 1) || numberOf(inner.node.inputs[2]) !== 0) return undefined;
  const within = inGroups(source, groups, epsilonOf(inner.node));
  return { kind: "normalisation", name: "GroupNorm", node, source, ...within };
}
