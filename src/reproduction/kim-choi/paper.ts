/** Numbers that the text of Kim and Choi (2021) reports. */

/** Methods that the paper compares. */
export const METHODS = ["dtd", "rap", "guided-backprop"] as const;

/** Methods whose heatmaps are tested: the paper's, and for comparison one that distinguishes torques. */
export const TESTED = [...METHODS, "lrp-epsilon"] as const;

/** When the target changes (their Fig. 6), part of the episode. */
export const CHANGE = 0.3;

export interface PaperTask {
  /** Image's part of image : configuration, averaged along trajectories (their §IV-C.1). */
  readonly image: number;
  /** The paper's name of the task. */
  readonly name: string;
}

/** By the name of our task. Their Baxter task is one of a real robot. */
export const PAPER_TASKS: Readonly<Record<string, PaperTask>> = {
  reacher: { image: 0.2, name: "2-DoF reaching" },
  peg: { image: 0.6, name: "7-DoF peg insertion" },
  door: { image: 0.3, name: "7-DoF door opening" },
  baxter: { image: 0.35, name: "Baxter reaching" },
};

/** Shares this close to the paper's count as reproduced: its text gives them to the nearest ten points. */
export const NEAR = 0.1;

export const CITATION =
  "S. Kim and J. Choi, Explaining the Decisions of Deep Policy Networks for Robotic Manipulations, IROS 2021";
