import { type Random, random } from "../../sim/random.js";

/** Random numbers of one worker at one step: phase −1 initialises, 0 is the warm-up, then one a fit. */
export const stepSource = (seed: number, phase: number, step: number, worker: number): Random =>
  random(seed, phase, step, worker);
