import { type Random, random } from "../sim/random.js";
import { fingertip, type ReacherModel, type ReacherState, type Target } from "../sim/reacher-model.js";
import { cellOf, type NetworkSpec } from "./network.js";

/** What the feature points are taught to find, in this order. */
export const LANDMARKS = ["target", "fingertip"] as const;

/** Distance of targets from the shoulder in the pose warm-up, metres: a little beyond where they can be. */
const TARGET_RADIUS = [0.05, 0.245] as const;

/** Share of frames with the target within 3 cm of the fingertip, as at the end of every episode. */
const CLOSE = 0.3;

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
    const target = source.uniform() < CLOSE ? nearby(state, source) : anywhere(source);
    image.set(arm.render(state, target), frame * pixels);
    const seen = arm.imagePoints(state, target);
    LANDMARKS.forEach((name, landmark) => {
      landmarks.set(cellOf(spec, seen[name].x, seen[name].y), 2 * (frame * LANDMARKS.length + landmark));
    });
  }
}

function anywhere(source: Random): Target {
  const angle = source.between(-Math.PI, Math.PI);
  const distance = source.between(...TARGET_RADIUS);
  return [distance * Math.cos(angle), distance * Math.sin(angle)];
}

function nearby(state: ReacherState, source: Random): Target {
  const [x, y] = fingertip(state);
  return [x + source.between(-0.03, 0.03), y + source.between(-0.03, 0.03)];
}

/** The source of a worker's frames or samples at one training step. */
export const stepSource = (seed: number, phase: number, step: number, worker: number): Random =>
  random(seed, phase, step, worker);
