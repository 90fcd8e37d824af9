import type * as z from "zod";
import { InputError } from "../../errors.js";
import type { Value } from "../../graph/value.js";
import type { Attribution } from "../contract/attribution.js";
import type { Network } from "../contract/facts.js";
import { choice, method, number } from "./method-spec.js";
import { evaluation, gridMap, patchGrid, spotGrid } from "./perturbed/grid.js";
import { checkCount, checkFits, type Fill, fill, Picture } from "./perturbed/picture.js";
import { randomMasksMap } from "./perturbed/random-masks.js";
import { elementsLeftOut, modalitiesLeftOut } from "./perturbed/removed.js";
import {
  absolute,
  divergence,
  fall,
  halfSquare,
  left,
  overActions,
  type Score,
  sarfa as sarfaScore,
} from "./perturbed/scores.js";

/** Largest radius, stride and size in pixels. */
const MOST_PIXELS = 4096;

const stride = number(5, "pixels between the centres of two masks", { least: 1, most: MOST_PIXELS, whole: true });
const radius = number(5, "σ of a mask, pixels", { above: 0, most: MOST_PIXELS });
const blur = number(3, "σ of the blurred image that shows through a mask, pixels", { above: 0, most: MOST_PIXELS });
const spotOptions = { radius, stride, blur, evaluate: evaluation };

/** How a method changes an image and what it counts. */
interface Perturbed {
  readonly name: string;
  /** Score of a configuration element that takes its reference. */
  readonly element: Score;
  /** What takes an image's place where it is left out as a whole, for the shares. */
  readonly fill: Fill;
  /** @throws InputError for an image that the options do not fit */
  check(picture: Picture): void;
  /** Map of each torque, [J, H, W]. */
  map(network: Network, picture: Picture): Value;
}

/** Relevance of pixels by changing the image, of configuration by leaving elements out, shares by leaving modalities out. */
function perturbed(network: Network, { name, element, fill, check, map }: Perturbed): Attribution {
  const images = network.subject.modalities.filter((m) => m.kind === "image");
  if (images.length === 0) throw new InputError(`method ${name}: the policy has no image`);
  const pictures = images.map((image) => new Picture(network, image));
  for (const picture of pictures) check(picture);
  const drawn = network.depth === "shares" ? [] : pictures;
  const pixels = drawn.map(
    (picture) => [picture.image.name, [{ amount: map(network, picture), perTorque: true }]] as const,
  );
  return {
    inputs: elementsLeftOut(network, element),
    pixels: new Map(pixels),
    joined: new Map(),
    emptyPools: [],
    totals: modalitiesLeftOut(network, fill),
    rules: [],
  };
}

/** How blurred spots change an image, by a score. */
const spotted = (
  name: string,
  { stride, radius, blur, evaluate }: z.output<z.ZodObject<typeof spotOptions>>,
  score: Score,
): Perturbed => ({
  name,
  element: score,
  fill: "mean",
  check: (picture) => {
    checkFits(name, "radius", radius, picture);
    checkFits(name, "blur", blur, picture);
    checkFits(name, "stride", stride, picture);
    checkCount(name, stride, picture);
  },
  map: (network, picture) =>
    gridMap(network, picture, picture.blurred(blur), spotGrid(picture, stride, radius), { score, evaluate }),
});

const perturbation = method({
  name: "perturbation",
  title: "how far a blurred spot of the image changes the outputs; configuration by leaving elements out",
  cite: "Greydanus et al., Visualizing and Understanding Atari Agents, ICML 2018; Xing et al., 2022 (DIGR)",
  conserves: false,
  linear: true,
  contrasts: false,
  options: {
    ...spotOptions,
    distance: choice(
      ["auto", "square", "absolute", "kl"],
      "½ Δ² of each output, |Δ| of each, or the Kullback–Leibler divergence of actions; auto: kl for actions, else square",
    ),
  },
  make:
    ({ distance, ...spots }) =>
    (network) =>
      perturbed(network, spotted("perturbation", spots, distanceOf(distance, network))),
});

function distanceOf(distance: "auto" | "square" | "absolute" | "kl", { subject }: Network): Score {
  const { distribution } = subject;
  if (distribution)
    return overActions(
      { auto: divergence(distribution), kl: divergence(distribution), square: halfSquare, absolute }[distance],
    );
  if (distance === "absolute") return absolute;
  if (distance !== "kl") return halfSquare;
  throw new InputError(
    "method perturbation: distance kl compares probabilities of actions, and this policy's outputs are no actions; expected square or absolute",
  );
}

const sarfa = method({
  name: "sarfa",
  title: "how far a blurred spot of the image lowers an action's probability and leaves the other actions alone",
  cite: "Puri et al., Explain Your Move: Understanding Agent Actions Using Specific and Relevant Feature Attribution, ICLR 2020",
  conserves: false,
  linear: true,
  contrasts: false,
  options: spotOptions,
  make: (spots) => (network) => {
    const { distribution } = network.subject;
    if (!distribution)
      throw new InputError(
        "method sarfa: it explains the choice of an action, and this policy's outputs are no actions",
      );
    return perturbed(network, spotted("sarfa", spots, sarfaScore(distribution, network.torques)));
  },
});

const occlusion = method({
  name: "occlusion",
  title: "fall of |τ|, or of an action's probability, where a square of the image is covered",
  cite: "Zeiler & Fergus, Visualizing and Understanding Convolutional Networks, ECCV 2014",
  conserves: false,
  linear: true,
  contrasts: true,
  options: {
    size: number(8, "side of a square, pixels", { least: 1, most: MOST_PIXELS, whole: true }),
    stride: number(4, "pixels between two squares", { least: 1, most: MOST_PIXELS, whole: true }),
    fill,
    evaluate: evaluation,
  },
  make: ({ size, stride, fill, evaluate }) => {
    return (network) =>
      perturbed(network, {
        name: "occlusion",
        element: fall(network),
        fill,
        check: (picture) => {
          if (stride > size)
            throw new InputError(
              `method occlusion: stride ${stride} leaves pixels between squares of size ${size} uncovered, expected a stride of at most ${size}`,
            );
          checkFits("occlusion", "size", size, picture);
          checkCount("occlusion", stride, picture);
        },
        map: (_, picture) =>
          gridMap(network, picture, picture.filled(fill), patchGrid(picture, stride, size), {
            score: fall(network),
            evaluate,
          }),
      });
  },
});

const rise = method({
  name: "rise",
  title: "mean of |τ|, or of an action's probability, under random masks that keep a pixel",
  cite: "Petsiuk et al., RISE: Randomized Input Sampling for Explanation of Black-box Models, BMVC 2018",
  conserves: false,
  linear: true,
  contrasts: true,
  options: {
    n: number(1000, "masks", { above: 0, most: 20_000, whole: true }),
    cells: number(8, "cells of a mask along each axis", { least: 2, most: 64, whole: true }),
    keep: number(0.5, "chance that a cell is kept", { above: 0, most: 1 }),
    seed: number(0, "of the masks", { least: 0, most: 2 ** 32 - 1, whole: true }),
    fill,
  },
  make: ({ n, cells, keep, seed, fill }) => {
    return (network) =>
      perturbed(network, {
        name: "rise",
        element: fall(network),
        fill,
        check: (picture) => checkFits("rise", "number of cells", cells, picture),
        map: (_, picture) =>
          randomMasksMap(network, picture, picture.filled(fill), { count: n, cells, keep, seed }, left(network)),
      });
  },
});

/** Methods that change the image and look at the outputs. */
export const PERTURBATION_METHODS = [perturbation, sarfa, occlusion, rise] as const;
