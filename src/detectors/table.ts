import { own } from "../own.js";
import type { Detector } from "./detector.js";
import { IMAGE_DETECTORS } from "./image-detectors.js";
import { JOINT_DETECTORS } from "./joint-detectors.js";
import { CLOCK_DETECTORS, MOTION_DETECTORS } from "./other-detectors.js";
import { SCENE_DETECTORS } from "./scene-detectors.js";
import { TOLD_DETECTORS } from "./told-detectors.js";

/**
 * All detectors of faulty input, by name. In one group (`about`) an earlier one goes before later ones: its fault makes
 * these fire too.
 */
export const DETECTORS = {
  ...CLOCK_DETECTORS,
  ...IMAGE_DETECTORS,
  ...SCENE_DETECTORS,
  ...JOINT_DETECTORS,
  ...MOTION_DETECTORS,
  ...TOLD_DETECTORS,
} as const;

export type DetectorName = keyof typeof DETECTORS;

export const DETECTOR_ROWS = Object.entries(DETECTORS) as readonly (readonly [DetectorName, Detector])[];

export const detectorNamed = (name: DetectorName): Detector => own<Detector>(DETECTORS, name)!;
