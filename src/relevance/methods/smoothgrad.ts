import * as z from "zod";
import { InputError } from "../../errors.js";
import {
  add,
  cast,
  concat,
  constant,
  div,
  expand,
  greater,
  mean,
  mul,
  reshape,
  scalar,
  slice,
  sqrt,
  square,
  sub,
} from "../../graph/build.js";
import { sumOverSteps } from "../../graph/loop.js";
import { substitute } from "../../graph/substitute.js";
import type { Value } from "../../graph/value.js";
import type { Network } from "../contract/facts.js";
import type { Method } from "../contract/method.js";
import { startsOf } from "../contract/subject.js";
import { rewrite } from "../pass/rewrite.js";
import { choice, type MethodEntry, method, number } from "./method-spec.js";
import { keyOf, normals } from "./noise.js";

/** Most noisy copies of an observation. */
const MOST_COPIES = 10_000;

/**
 * SmoothGrad: the mean of a method's relevance over n noisy copies of the observation, in one loop. The noise is a
 * function of the seed alone. Gradients keep the torque's sign at the observation itself.
 * @param methodNamed looks the base method up
 */
export const smoothgrad = (methodNamed: (spec: string) => Method): MethodEntry =>
  method({
    name: "smoothgrad",
    title: "any method's relevance, averaged over noisy copies of the observation",
    cite: "Smilkov et al., SmoothGrad: removing noise by adding noise, 2017 (arXiv 1706.03825)",
    conserves: false,
    linear: false,
    contrasts: ({ base }) => baseOf(base, methodNamed).contrasts === true,
    options: {
      base: z
        .string({ error: "a method" })
        .default("gradient-x-input")
        .describe("the method; its options follow after ';' in place of ',': lrp-gamma:gamma=0.5;bias=ignore"),
      n: number(20, "noisy copies", { above: 0, most: MOST_COPIES, whole: true }),
      sigma: number(
        0.15,
        "deviation of the noise, relative to an image's range or a configuration slice's root mean square",
        {
          above: 0,
          most: 1000,
        },
      ),
      seed: number(0, "of the noise", { least: 0, most: 2 ** 32 - 1, whole: true }),
      noise: choice(["all", "images"], "the inputs that get noise"),
    },
    make: ({ base, n, sigma, seed, noise }) => {
      const { attribute } = baseOf(base, methodNamed);
      return (network) => {
        const noisy = noisyInputs(network, { seed, sigma, noise });
        return rewrite(attribute(network), (values) => {
          const sums = sumOverSteps(n, (i) => {
            const replaced = new Map([
              ...Array.from(noisy, ([input, at]) => [input, at(i)] as const),
              ...network.fixed.map((value) => [value, value] as const),
            ]);
            return substitute(values, replaced).map((value) => cast(value, "float32"));
          });
          return sums.map((sum, k) => (values[k]!.dtype === "bool" ? greater(sum, 0) : div(sum, n)));
        });
      };
    },
  });

function baseOf(spec: string, methodNamed: (spec: string) => Method): Method {
  if (/^smoothgrad(:|$)/.test(spec)) throw new InputError("method smoothgrad: expected another method as its base");
  return methodNamed(spec.replaceAll(";", ","));
}

interface Noise {
  readonly seed: number;
  readonly sigma: number;
  readonly noise: "all" | "images";
}

/** The inputs that get noise, each with its value in step i. */
function noisyInputs(network: Network, { seed, sigma, noise }: Noise): Map<Value, (i: Value) => Value> {
  const inputs = [...network.inputs].filter(({ dtype }) => dtype !== "int64" && dtype !== "int32");
  const made = inputs.flatMap((input, stream) => {
    const scale = scaleOf(input, network, noise);
    if (!scale) return [];
    const x = cast(input, "float32");
    const at = (i: Value) => add(x, mul(normals(input.shape, keyOf(seed, stream, i)), mul(scale, sigma)));
    return [[input, at] as const];
  });
  return new Map(made);
}

/** The unit of σ: an image's range, or the root mean square of a configuration slice relative to its reference. */
function scaleOf(input: Value, { subject, context }: Network, noise: Noise["noise"]): Value | undefined {
  const own = subject.modalities.filter((m) => subject.graph.inputs.get(m.input) === input);
  const [first] = own;
  if (first?.kind === "image") return scalar(first.range[1] - first.range[0]);
  if (noise === "images") return undefined;
  const reference = context.reference(input);
  const x = cast(input, "float32");
  const flat = reshape(reference ? sub(x, cast(constant(reference), "float32")) : x, [-1]);
  const parts = own.flatMap((m) => {
    if (m.kind !== "values") return [];
    return startsOf(m).map((start) => {
      const elements = slice(flat, 0, start, start + m.size);
      return { start, size: expand(sqrt(mean(square(elements), [0], true)), [m.size]) };
    });
  });
  const inOrder = parts.sort((a, b) => a.start - b.start).map(({ size }) => size);
  return reshape(concat(inOrder, 0), input.shape);
}
