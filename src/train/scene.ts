import type { Random } from "../sim/random.js";
import { random } from "../sim/random.js";
import type { ImagePoint } from "../sim/view.js";
import { cellOf, type NetworkSpec } from "./network.js";

/** What the pose warm-up looks at: the task's camera with arm and goal anywhere. */
export interface Scene {
  /** Puts arm and goal anywhere that an episode may bring them. */
  draw(source: Random): void;
  /** rgb8, [height, width, 3]; may be overwritten by the next call. */
  image(): Uint8Array;
  /** Where the landmarks are seen, pixels, by name. */
  points(): Readonly<Record<string, ImagePoint>>;
}

/**
 * Draws freshly posed frames: every frame is new, so nothing is learned by heart. Fills `image` [B × H × W × 3] and
 * `places` [B × L × 2] (columns and rows of cells).
 */
export function drawFrames(
  scene: Scene,
  landmarks: readonly string[],
  spec: NetworkSpec,
  source: Random,
  image: Uint8Array,
  places: Float32Array,
): void {
  const pixels = spec.width * spec.height * 3;
  for (let frame = 0; frame * pixels < image.length; frame++) {
    scene.draw(source);
    image.set(scene.image(), frame * pixels);
    const seen = scene.points();
    landmarks.forEach((name, landmark) => {
      places.set(cellOf(spec, seen[name]!.x, seen[name]!.y), 2 * (frame * landmarks.length + landmark));
    });
  }
}

/** The source of a worker's frames or samples at one training step. */
export const stepSource = (seed: number, phase: number, step: number, worker: number): Random =>
  random(seed, phase, step, worker);
