import { ATTENTION, RANDOM } from "../../evaluation/saliency/map-maker.js";
import { METHODS } from "../../relevance/methods.js";
import { GRADIENTS, LOVERING_CLAIMS } from "./lovering-claims.js";
import { NIKULIN_CLAIMS } from "./nikulin-claims.js";
import type { AttentionPaper } from "./paper.js";

/** Methods beside the policy's own attention in Nikulin et al.'s table. */
const COMPARED = ["dtd", ...GRADIENTS] as const;

/** Papers about policies whose explanation is part of them. */
export const LOVERING: AttentionPaper = {
  name: "lovering",
  citation:
    "C. Lovering, S. Lobel and D. Goktas, Reproducing “Towards Interpretable Reinforcement Learning Using Attention Augmented Agents”, 2019; the tests of its section 2.3 are those of S. Jain and B. Wallace, Attention is not Explanation, NAACL 2019",
  title: "Is attention an explanation?",
  intro:
    "The paper leaves open whether attention tells what a policy goes by, and quotes Jain and Wallace’s tests. Here they are done with torquelens’ own policies: does attention rank pixels as attributions do, does the policy need its own attention, and what happens when the pixels that it attends to are removed?",
  maps: [ATTENTION, RANDOM, ...METHODS.map(({ name }) => name).filter((name) => name !== "fusion")],
  changes: ["own", "permuted", "uniform", "swapped"],
  withBaseline: false,
  claims: LOVERING_CLAIMS,
  parts: ["verdicts", "agreement", "replaced", "deletion"],
};

export const NIKULIN: AttentionPaper = {
  name: "nikulin",
  citation: "D. Nikulin, A. Ianina, V. Aliev and S. Nikolenko, Free-Lunch Saliency via Attention in Atari Agents, 2019",
  title: "Nikulin et al.’s tables, from torquelens’ policies",
  intro:
    "The paper’s agents play Atari games and are compared with people’s eye movements. Here policies with attention are compared with one of the same task without (the paper’s Table 3, as far as policies are shipped), and their maps with the pixels of what matters, which the simulator knows (its Table 4). So orderings can be compared, values cannot.",
  maps: [ATTENTION, RANDOM, ...COMPARED],
  changes: ["own"],
  withBaseline: true,
  claims: NIKULIN_CLAIMS,
  parts: ["verdicts", "measures", "learning"],
};
