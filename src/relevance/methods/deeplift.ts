import { cast, mul, sub } from "../../graph/build.js";
import { substitute } from "../../graph/substitute.js";
import type { Value } from "../../graph/value.js";
import { propagate } from "../pass/propagate.js";
import { rescaleTable } from "../rules/operator/rescale.js";
import { baseline, ofInputs, pathsOf } from "./baseline.js";
import { method } from "./method-spec.js";

/**
 * DeepLIFT with the rescale rule: the network at the baseline is part of the same graph. Relevance adds up
 * to Σα sign(τ) (τ(x) − τ(b)) except where `inspect` reports that a slope is local.
 */
export const deeplift = method({
  name: "deeplift",
  title: "differences from a baseline, taken through each activation by the slope between the two",
  cite: "Shrikumar et al., Learning Important Features Through Propagating Activation Differences, ICML 2017",
  conserves: false,
  linear: true,
  contrasts: true,
  options: { baseline },
  make:
    ({ baseline: from }) =>
    (network) => {
      const path = pathsOf(network, from);
      const values = network.context.analysis.order.flatMap(({ outputs }) => outputs);
      const starts = new Map(Array.from(path, ([value, { start }]) => [value, start]));
      const there = new Map(substitute(values, starts).map((value, i) => [values[i]!, value]));
      const at = (value: Value) => there.get(value) ?? substitute([value], there)[0]!;
      const attribution = propagate(
        network,
        {
          seed: "sign",
          rows: [],
          operators: rescaleTable(at),
          linear: true,
          relevanceOf: (value, amount) => mul(sub(cast(value, amount.dtype), cast(at(value), amount.dtype)), amount),
        },
        new Set(path.keys()),
      );
      return { ...attribution, inputs: ofInputs(attribution.inputs) };
    },
});
