/** Names of topics in an observer's counters. A camera has the name of its modality. */
export const JOINT_STATES = "joint_states";
export const TF = "tf";
export const ROBOT_DESCRIPTION = "robot_description";

export const INSTRUCTION = "instruction";

/** Topic of values of a modality that no sensor gives. */
export const valuesTopic = (modality: string): string => `values/${modality}`;
