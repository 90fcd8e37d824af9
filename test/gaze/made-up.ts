import { fileURLToPath } from "node:url";

/** A folder in the format of Atari-HEAD with one trial, made up by test/reference/gaze.py. */
export const TRIALS = fileURLToPath(new URL("../data/gaze", import.meta.url));
/** The trial's labels. */
export const MADE_UP = `${TRIALS}/1_MADE-UP_Nov-30-12-00-00.txt`;
