/** Joints of the 7-DoF arm of `models/peg.xml` and `models/door.xml`, base first. */
export const SEVEN_JOINTS = [
  "shoulder_pan",
  "shoulder_lift",
  "upper_arm_roll",
  "elbow_flex",
  "forearm_roll",
  "wrist_flex",
  "wrist_roll",
] as const;
/** Parents of its links. */
export const SEVEN_LINKS = {
  base_link: "world",
  shoulder_link: "base_link",
  shoulder_lift_link: "shoulder_link",
  upper_arm_link: "shoulder_lift_link",
  elbow_link: "upper_arm_link",
  forearm_link: "elbow_link",
  wrist_link: "forearm_link",
  hand_link: "wrist_link",
} as const;
