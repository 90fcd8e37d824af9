import { type Random, random } from "../sim/random.js";
import type { ReacherModel } from "../sim/reacher-model.js";
import { cellOf, type NetworkSpec } from "./network.js";

/** What the feature points are taught to find, in this order. */
export const LANDMARKS = ["target", "fingertip"] as const;

/** Distance of targets from the shoulder in the pose warm-up, metres: a little beyond where they can be. */
const TARGET_RADIUS = [0.05, 0.245] as const;

/**
 * Draws freshly posed frames: any arm pose, any target in reach. Every frame is new, so nothing is learned by heart.
 * Fills `image` [B × H × W × 3] and `landmarks` [B × 2 × 2] (columns and rows of cells).
 */
export function drawFrames(
  arm: ReacherModel,
  spec: NetworkSpec,
  source: Random,
  image: Uint8Array,
  landmarks: Float32Array,
): void {
  const pixels = spec.width * spec.height * 3;
  for (let frame = 0; frame * pixels < image.length; frame++) {
    const state = arm.randomState(source);
    const angle = source.between(-Math.PI, Math.PI);
    const distance = source.between(...TARGET_RADIUS);
    const target = [distance * Math.cos(angle), distance * Math.sin(angle)] as const;
    image.set(arm.render(state, target), frame * pixels);
    const seen = arm.imagePoints(state, target);
    LANDMARKS.forEach((name, landmark) => {
      landmarks.set(cellOf(spec, seen[name].x, seen[name].y), 2 * (frame * LANDMARKS.length + landmark));
    });
  }
}

/** The source of a worker's frames or samples at one training step. */
export const stepSource = (seed: number, phase: number, step: number, worker: number): Random =>
  random(seed, phase, step, worker);
