/** Policies beside the shipped ones, by how they were trained; in the order of the page. */
export const SETS = {
  levine: {
    words: "as the paper trained",
    how: "four conditions, guided policy search, all layers from the pixels on",
    recipe: "levine",
    tables: "trained_as_paper",
  },
  reward: {
    words: "trained by reward",
    how: "proximal policy optimisation from camera and joints, without an expert",
    recipe: "ppo",
    tables: "trained_by_reward",
  },
} as const;

export type SetName = keyof typeof SETS;

export const SET_NAMES = Object.keys(SETS) as readonly SetName[];
