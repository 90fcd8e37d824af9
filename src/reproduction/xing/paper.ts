/** What Xing et al. (2022) report: Table 1, tasks and figures. */

export const CITATION =
  "J. Xing, T. Nagata, X. Zou, E. Neftci and J. L. Krichmar, Policy Distillation with Selective Input Gradient Regularization for Efficient Interpretability, 2022";

/** The policies of a world that the paper compares. */
export const POLICY_KINDS = ["original", "distilled", "written", "digr"] as const;
export type PolicyKind = (typeof POLICY_KINDS)[number];
export type StudentKind = Exclude<PolicyKind, "original">;

export const POLICY_NAMES: Readonly<Record<PolicyKind, string>> = {
  original: "original",
  distilled: "distilled only",
  written: "DIGR by Eq. 4",
  digr: "DIGR",
};

/** A row of Table 1 as the paper prints it: mean sums over the pixels of the regions, and AUC. */
export interface Printed {
  readonly important: number;
  readonly unimportant: number;
  readonly auc: number;
}

/** A way to a saliency map: a method, and the policy that it explains. */
export interface MapRow {
  readonly id: string;
  readonly name: string;
  readonly policy: PolicyKind;
  /** How it looks at the policy; of the paper's methods alone. */
  readonly group?: "gradient" | "perturbation" | "DIGR";
  /** The method and its options. @param radius of blurred spots, pixels */
  method(radius: number): string;
  /** Of Red-Fetch-Green. */
  readonly printed?: Printed;
}

const printed = (important: number, unimportant: number, auc: number): Printed => ({ important, unimportant, auc });

/** The control that distils without the regulariser, and methods that the paper does not have. */
const more = (id: string, name: string, method = id, policy: PolicyKind = "original"): MapRow => ({
  id,
  name,
  policy,
  method: () => method,
});

/** Every way to a map, the paper's eight (its appendix A) first. */
export const MAP_ROWS: readonly MapRow[] = [
  {
    id: "vg",
    name: "Vanilla Gradient",
    policy: "original",
    group: "gradient",
    method: () => "vanilla-gradient",
    printed: printed(56.04, 278.1, 0.84),
  },
  {
    id: "guided-bp",
    name: "Guided Backprop",
    policy: "original",
    group: "gradient",
    method: () => "guided-backprop:raw=true",
    printed: printed(82.84, 35.67, 0.993),
  },
  {
    id: "grad-cam",
    name: "Grad-CAM",
    policy: "original",
    group: "gradient",
    method: () => "grad-cam",
    printed: printed(43.12, 364.97, 0.686),
  },
  {
    id: "smooth",
    name: "Smooth Gradient",
    policy: "original",
    group: "gradient",
    method: () => "smoothgrad:base=guided-backprop:raw=true,n=20,sigma=0.15",
    printed: printed(83.05, 84.76, 0.991),
  },
  {
    id: "integrated",
    name: "Integrated Gradient",
    policy: "original",
    group: "gradient",
    method: () => "integrated-gradients:steps=50",
    printed: printed(67.79, 232.09, 0.9),
  },
  {
    id: "gb",
    name: "GB Perturbation",
    policy: "original",
    group: "perturbation",
    method: (radius) => `perturbation:radius=${radius}`,
    printed: printed(86.11, 77.81, 0.989),
  },
  {
    id: "sarfa",
    name: "SARFA",
    policy: "original",
    group: "perturbation",
    method: (radius) => `sarfa:radius=${radius}`,
    printed: printed(58.4, 42.17, 0.895),
  },
  {
    id: "digr",
    name: "DIGR",
    policy: "digr",
    group: "DIGR",
    method: () => "vanilla-gradient",
    printed: printed(72.52, 0, 0.997),
  },
  more("distilled-vg", "Vanilla Gradient, distilled only", "vanilla-gradient", "distilled"),
  more("written-vg", "Vanilla Gradient, DIGR by Eq. 4", "vanilla-gradient", "written"),
  more("digr-gradient", "gradient, DIGR", "gradient", "digr"),
  more("digr-dtd", "dtd, DIGR", "dtd", "digr"),
  more("gradient", "gradient"),
  more("gradient-x-input", "gradient-x-input"),
  more("guided-x-input", "guided-backprop, times the input", "guided-backprop"),
  more("dtd", "dtd"),
  more("rap", "rap"),
  more("lrp-epsilon", "lrp-epsilon"),
  more("lrp-gamma", "lrp-gamma"),
  more("epsilon-plus", "epsilon-plus"),
  more("deeplift", "deeplift"),
  more("occlusion", "occlusion"),
];

/** A task of the paper. */
export interface PaperWorld {
  /** The paper's name of the task, and what it has in place of ours. */
  readonly title: string;
  /** Numbers of its figures: examples, more examples. */
  readonly examples: number;
  readonly moreExamples: number;
  /** σ of blurred spots, pixels (appendix A). */
  readonly radius: number;
  /** Episodes of its saliency set, and states of each of them. */
  readonly setEpisodes: number;
  readonly statesOfEpisode: number;
  /** Episodes of each return under attack; 0 where its Fig. 8 has none. */
  readonly attacked: number;
  /** Episodes of each return without. */
  readonly played: number;
  /** True for the task of Table 1. */
  readonly hasTable: boolean;
}

/** By the name of our world. A world with a policy and an entry here is in the reproduction. */
export const PAPER_WORLDS: Readonly<Record<string, PaperWorld>> = {
  "red-fetch-green": {
    title: "Red-Fetch-Green",
    examples: 3,
    moreExamples: 10,
    radius: 4,
    setEpisodes: 10_000,
    statesOfEpisode: 1,
    attacked: 50,
    played: 1000,
    hasTable: true,
  },
  breakout: {
    title: "Breakout",
    examples: 4,
    moreExamples: 11,
    radius: 8,
    setEpisodes: 20,
    statesOfEpisode: 15,
    attacked: 0,
    played: 20,
    hasTable: false,
  },
  highway: {
    title: "driving (the paper’s is CARLA’s)",
    examples: 5,
    moreExamples: 12,
    radius: 5,
    setEpisodes: 50,
    statesOfEpisode: 6,
    attacked: 20,
    played: 50,
    hasTable: false,
  },
};
