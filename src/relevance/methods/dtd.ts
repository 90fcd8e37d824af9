import { ofDifferences } from "../rules/layer/difference.js";
import { eq1 } from "../rules/layer/linear-rules.js";
import { positive } from "../rules/operator/positive.js";
import { withSoftArgmax } from "../rules/operator/soft-argmax.js";
import { choice, ruled } from "./method-spec.js";
import { FIRST_ABOUT, firstRow, hiddenRow, isOutput, softArgmaxPositive } from "./shared.js";

export const dtd = ruled({
  name: "dtd",
  title: "Deep Taylor Decomposition: Eq. 1 at the torques, z+ (Eq. 2) in hidden layers, zB at the image",
  cite: "Kim & Choi, Explaining the Decisions of Deep Policy Networks for Robotic Manipulations, IROS 2021; Montavon et al., Pattern Recognition 65, 2017",
  conserves: true,
  linear: true,
  contrasts: "logits",
  options: {
    first: choice(["zbox", "wsquare", "flat", "eq2"], FIRST_ABOUT),
    "soft-argmax": softArgmaxPositive,
  },
  rules: (options) => ({
    seed: "torque",
    positive: true,
    rows: [{ name: "eq1", rule: ofDifferences(eq1), when: isOutput }, firstRow(options.first), hiddenRow],
    operators: withSoftArgmax(options["soft-argmax"], positive),
    tellsConstants: true,
  }),
});

export const excitationBackprop = ruled({
  name: "excitation-backprop",
  title: "Excitation Backprop: z+ without bias in every layer; a negative torque flips its weights, as in Eq. 1",
  cite: "Zhang et al., Top-Down Neural Attention by Excitation Backprop, ECCV 2016",
  conserves: true,
  linear: true,
  contrasts: "logits",
  options: { "soft-argmax": softArgmaxPositive },
  rules: (options) => ({
    seed: "torque",
    positive: true,
    rows: [{ name: "eq1", rule: ofDifferences(eq1), when: isOutput }, hiddenRow],
    operators: withSoftArgmax(options["soft-argmax"], positive),
    tellsConstants: true,
  }),
});
