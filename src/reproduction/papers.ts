/** Papers whose figures can be made again, by the first authors' names. */
export const PAPER_NAMES = ["jain", "kim-choi", "xing", "lovering", "nikulin"] as const;
export type PaperName = (typeof PAPER_NAMES)[number];
