/** What an observer calls the topics that messages come on, but for the cameras: these have their modality's name. */
export const JOINT_STATES = "joint_states";
export const TF = "tf";
export const ROBOT_DESCRIPTION = "robot_description";

/** What values of a modality that no sensor gives come on. */
export const valuesTopic = (modality: string): string => `values/${modality}`;
