import { InputError } from "../../errors.js";
import { own } from "../../own.js";
import type { Attention } from "../attention/module.js";
import type { Convolution, PixelLayers } from "./spec.js";

/** Nature CNN (Mnih et al. 2015). */
const SPARSE: readonly Convolution[] = [
  { filters: 32, kernel: 8, stride: 4 },
  { filters: 64, kernel: 4, stride: 2 },
  { filters: 64, kernel: 3, stride: 1 },
];

/** Small receptive fields, one a pixel (Nikulin et al. 2019, Fig. 1b). */
const DENSE: readonly Convolution[] = [
  { filters: 32, kernel: 7, stride: 1, padding: 3 },
  { filters: 64, kernel: 5, stride: 1, padding: 2 },
  { filters: 64, kernel: 3, stride: 1, padding: 1 },
];

/** Without the ReLU behind the last convolution. */
const withLinearEnd = (convolutions: readonly Convolution[]): Convolution[] =>
  convolutions.map((one, i) => (i === convolutions.length - 1 ? { ...one, linear: true } : one));

const padded = ([first, ...rest]: readonly Convolution[]): Convolution[] => [{ ...first!, padding: 1 }, ...rest];

const FLS = { kind: "fls", after: [3], filters: 256, kernel: 3 } as const satisfies Attention;
const REGION = { kind: "region", filters: 512 } as const satisfies Attention;
const HIDDEN = 512;

interface Architecture {
  /** As Table 3 of Nikulin et al. (2019) calls it. */
  readonly title: string;
  readonly layers: PixelLayers;
}

/** The networks of Nikulin et al. (2019), Tables 2, 3 and 5. */
export const ARCHITECTURES: Readonly<Record<string, Architecture>> = {
  nature: { title: "Nature CNN", layers: { convolutions: SPARSE, hidden: HIDDEN } },
  daqn: {
    title: "DAQN",
    layers: { convolutions: SPARSE, attention: { kind: "daqn", filters: 256 }, hidden: HIDDEN },
  },
  "rs-ppo": { title: "RS-PPO", layers: { convolutions: padded(SPARSE), attention: REGION, hidden: HIDDEN } },
  "rs-ppo-unpadded": {
    title: "RS-PPO w/o padding",
    layers: { convolutions: SPARSE, attention: REGION, hidden: HIDDEN },
  },
  "sparse-fls": { title: "Sparse FLS", layers: { convolutions: SPARSE, attention: FLS, hidden: HIDDEN } },
  "sparse-fls-pooled": {
    title: "Sparse FLS + sum-pooling",
    layers: { convolutions: SPARSE, attention: FLS, pooled: true, hidden: HIDDEN },
  },
  "sparse-fls-normalised": {
    title: "Sparse FLS + norm",
    layers: { convolutions: SPARSE, attention: { ...FLS, normalised: true }, hidden: HIDDEN },
  },
  "sparse-fls-1x1": {
    title: "Sparse FLS w/ 1×1 convs",
    layers: { convolutions: SPARSE, attention: { ...FLS, kernel: 1 }, hidden: HIDDEN },
  },
  "sparse-fls-softplus2": {
    title: "Sparse FLS w/ SoftPlus₂",
    layers: { convolutions: SPARSE, attention: { ...FLS, base2: true }, hidden: HIDDEN },
  },
  "sparse-fls-linear": {
    title: "Sparse FLS w/o final ReLU",
    layers: { convolutions: withLinearEnd(SPARSE), attention: FLS, hidden: HIDDEN },
  },
  "sparse-fls-linear-pooled": {
    title: "Sparse FLS w/o final ReLU + sum-pooling",
    layers: { convolutions: withLinearEnd(SPARSE), attention: FLS, pooled: true, hidden: HIDDEN },
  },
  "fls-first": {
    title: "Sparse + FLS after first conv layer",
    layers: { convolutions: SPARSE, attention: { ...FLS, after: [1] }, hidden: HIDDEN },
  },
  "fls-each": {
    title: "Sparse + FLS after each conv layer",
    layers: { convolutions: SPARSE, attention: { ...FLS, after: [1, 2, 3] }, hidden: HIDDEN },
  },
  "dense-fls-pooled": {
    title: "Dense FLS + sum-pooling",
    layers: { convolutions: DENSE, attention: FLS, pooled: true, hidden: HIDDEN },
  },
  "dense-fls-linear-pooled": {
    title: "Dense FLS w/o final ReLU + sum-pooling",
    layers: { convolutions: withLinearEnd(DENSE), attention: FLS, pooled: true, hidden: HIDDEN },
  },
};

/** @throws InputError for an unknown name */
export function architectureNamed(name: string): PixelLayers {
  const found = own(ARCHITECTURES, name);
  if (found === undefined)
    throw new InputError(`no architecture "${name}"; expected ${Object.keys(ARCHITECTURES).join(", ")}`);
  return found.layers;
}
