import { InputError } from "../errors.js";
import { own } from "../own.js";
import type { TensorData } from "../runtime/session.js";
import { random } from "../sim/random.js";
import type { AttackModel } from "./model.js";
import { ATTACK_NAMES, type AttackName } from "./names.js";

/** What is attacked, and how far the image may change. */
export interface AttackRequest {
  /** All inputs of the policy; that of the image is not read. */
  readonly feeds: Readonly<Record<string, TensorData>>;
  /** The image's elements, in the tensor's units. */
  readonly image: Float32Array;
  /** Outputs for it, [J]. */
  readonly before: Float32Array;
  /** Weights of the objective, [J]. */
  readonly weights: Float32Array;
  /** Largest change of an element, in the tensor's units. */
  readonly epsilon: number;
  /** Gradient steps. Default 10; one for `fgsm`. */
  readonly steps?: number;
  /** Of random starts. Default 0. */
  readonly seed?: number;
}

/** An attack: the changed image, within `epsilon` of the image and within its range. */
export interface Attack {
  readonly title: string;
  readonly cite: string;
  run(model: AttackModel, request: AttackRequest): Promise<Float32Array>;
}

const STEPS = 10;
/** Step of projected gradients, in parts of ε over the number of steps. */
const STRIDE = 2.5;
/** Part of the momentum that a step keeps. */
const DECAY = 1;

/**
 * Attacks by name, as in Xing et al. 2022 (DIGR), Fig. 8. All follow the sign of a gradient; `mad` maximises the distance of
 * outputs, so its model's objective is `distance`.
 */
export const ATTACKS: Readonly<Record<AttackName, Attack>> = {
  fgsm: {
    title: "one step of ε along the sign of the gradient",
    cite: "Huang et al., Adversarial Attacks on Neural Network Policies, 2017 (arXiv 1702.02284)",
    run: async (model, request) => {
      const { gradient } = await model.slope(request.feeds, request.image, request);
      return moved(model, request, request.image, gradient, request.epsilon);
    },
  },
  pgd: {
    title: "steps along the sign of the gradient from a random start, each brought back to within ε",
    cite: "Madry et al., Towards Deep Learning Models Resistant to Adversarial Attacks, ICLR 2018",
    run: (model, request) => projected(model, request),
  },
  "mi-fgsm": {
    title: "steps of ε / steps along the sign of a sum of gradients, each divided by its mean size",
    cite: "Dong et al., Boosting Adversarial Attacks with Momentum, CVPR 2018",
    run: async (model, request) => {
      const { image, epsilon, steps = STEPS } = request;
      const momentum = new Float32Array(image.length);
      let now: Float32Array = image;
      for (let step = 0; step < steps; step++) {
        const { gradient } = await model.slope(request.feeds, now, request);
        const size = gradient.reduce((sum, g) => sum + Math.abs(g), 0);
        for (const [i, g] of gradient.entries()) momentum[i] = DECAY * momentum[i]! + (size > 0 ? g / size : 0);
        now = moved(model, request, now, momentum, epsilon / steps);
      }
      return now;
    },
  },
  mad: {
    title: "projected gradients of the distance of the outputs from what they were",
    cite: "Zhang et al., Robust Deep Reinforcement Learning against Adversarial Perturbations on State Observations, NeurIPS 2020",
    run: (model, request) => {
      if (model.objective !== "distance") throw new RangeError("mad: expected a model of the objective distance");
      return projected(model, request);
    },
  },
};

/** @throws InputError with the known names for one that is none of them */
export function attackNamed(name: string): Attack {
  const found = own<Attack>(ATTACKS, name);
  if (!found) throw new InputError(`attack ${name} is unknown; known are ${ATTACK_NAMES.join(", ")}`);
  return found;
}

async function projected(model: AttackModel, request: AttackRequest): Promise<Float32Array> {
  const { image, epsilon, steps = STEPS, seed = 0 } = request;
  const { between } = random(seed, 7);
  let now: Float32Array = within(
    model,
    request,
    Float32Array.from(image, (x) => x + between(-epsilon, epsilon)),
  );
  for (let step = 0; step < steps; step++) {
    const { gradient } = await model.slope(request.feeds, now, request);
    now = moved(model, request, now, gradient, (STRIDE * epsilon) / steps);
  }
  return now;
}

/** One step along the sign of a direction, brought back to what is allowed. */
function moved(
  model: AttackModel,
  request: AttackRequest,
  from: Float32Array,
  direction: Float32Array,
  step: number,
): Float32Array {
  return within(
    model,
    request,
    from.map((x, i) => x + step * Math.sign(direction[i]!)),
  );
}

/** Elements within ε of the image and within its range. */
function within({ image: { range } }: AttackModel, { image, epsilon }: AttackRequest, changed: Float32Array) {
  const [low, high] = range;
  return changed.map((x, i) =>
    Math.min(Math.max(x, image[i]! - epsilon, low), Math.max(low, Math.min(image[i]! + epsilon, high))),
  );
}
