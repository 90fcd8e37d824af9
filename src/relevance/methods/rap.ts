import { ofDifferences } from "../rules/layer/difference.js";
import { imageBox, influence, influential } from "../rules/layer/rap-rules.js";
import { lossOfGaps } from "../rules/layer/silent-inputs.js";
import { positive } from "../rules/operator/positive.js";
import { withSoftArgmax } from "../rules/operator/soft-argmax.js";
import { ruled } from "./method-spec.js";
import { always, hiddenRow, isFirst, isOutput, softArgmaxPositive } from "./shared.js";

export const rap = ruled({
  name: "rap",
  title: "Relative Attributing Propagation: units that matter less than their layer's average are below zero",
  cite: "Nam et al., Relative Attributing Propagation, AAAI 2020",
  conserves: true,
  linear: false,
  contrasts: "logits",
  options: { "soft-argmax": softArgmaxPositive },
  rules: (options) => ({
    seed: "torque",
    rows: [
      { name: "rap-influence", rule: ofDifferences(influence), when: isOutput, losesAt: lossOfGaps },
      { name: "rap-zbox", rule: imageBox, when: isFirst, losesAt: lossOfGaps },
      { ...hiddenRow, when: ({ kind }) => kind === "mean" || kind === "mixture" },
      { name: "rap", rule: influential, when: always, losesAt: lossOfGaps },
    ],
    operators: withSoftArgmax(options["soft-argmax"], positive),
    tellsConstants: true,
  }),
});
