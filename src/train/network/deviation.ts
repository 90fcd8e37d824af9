/** Name of the parameters that are the log deviations of continuous actions, in parts of half a command's range. */
export const DEVIATION = "policy.deviation";

/** Their values at the start: half of the way to a command's bounds. */
export const FIRST_DEVIATION = Math.log(0.5);
