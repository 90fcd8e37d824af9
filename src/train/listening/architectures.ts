import { InputError } from "../../errors.js";
import { own } from "../../own.js";
import type { ListeningLayers } from "./spec.js";

/** Cells of 4 × 4 pixels, places of 8 × 8. */
const VISION: Pick<ListeningLayers, "vision" | "merged"> = {
  vision: [
    { filters: 16, kernel: 5, stride: 2, padding: 2 },
    { filters: 32, kernel: 3, stride: 2, padding: 1 },
    { filters: 48, kernel: 3, stride: 1, padding: 1 },
  ],
  merged: 2,
};

interface Architecture {
  /** As Jain et al. (2022), Table 1, call the policy that it is a small form of. */
  readonly title: string;
  readonly cite: string;
  readonly layers: ListeningLayers;
}

/** Networks of the kinds in Table 1 of Jain et al. (2022), of about 0.3 million parameters each. */
export const LISTENING_ARCHITECTURES: Readonly<Record<string, Architecture>> = {
  seq2seq: {
    title: "Baseline",
    cite: "Shridhar et al., ALFRED, CVPR 2020",
    layers: {
      ...VISION,
      fusion: { kind: "recurrent", word: 48, words: 48, maps: 8, seen: 128, action: 16, core: 96 },
    },
  },
  moca: {
    title: "MOCA",
    cite: "Singh et al., Factorizing Perception and Policy for Interactive Instruction Following, ICCV 2021",
    layers: {
      ...VISION,
      fusion: {
        kind: "recurrent",
        word: 48,
        words: 48,
        maps: 8,
        filters: true,
        seen: 96,
        action: 16,
        core: 88,
        residual: true,
      },
    },
  },
  et: {
    title: "ET",
    cite: "Pashevich et al., Episodic Transformer for Vision-and-Language Navigation, ICCV 2021",
    layers: {
      ...VISION,
      fusion: { kind: "transformer", width: 64, heads: 4, inner: 256, wordLayers: 3, layers: 2, past: 4 },
    },
  },
  hitut: {
    title: "HiTUT",
    cite: "Zhang & Chai, Hierarchical Task Learning from Language Instructions, Findings of ACL-IJCNLP 2021",
    layers: {
      ...VISION,
      fusion: {
        kind: "transformer",
        width: 64,
        heads: 4,
        inner: 480,
        wordLayers: 0,
        layers: 3,
        past: 0,
        normalised: true,
      },
    },
  },
};

/** @throws InputError for an unknown name */
export function listeningArchitecture(name: string): ListeningLayers {
  const found = own(LISTENING_ARCHITECTURES, name);
  if (found === undefined)
    throw new InputError(
      `no architecture "${name}" of policies that listen; expected ${Object.keys(LISTENING_ARCHITECTURES).join(", ")}`,
    );
  return found.layers;
}
