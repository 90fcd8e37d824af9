/** The method of a contrast between torques where none is named (docs/contrast.md). */
export const CONTRAST_METHOD = "lrp-gamma:soft-argmax=gradient";
