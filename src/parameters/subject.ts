/**
 * Words for what heatmaps explain, a row for each part of `HeatmapSubject`: the option of commands, the parameter of node
 * and simulator. Messages have the parameter's name too.
 */
export const SUBJECT = {
  heatmapOf: {
    option: "--action <name>",
    about: "of a policy that chooses among actions: explain this one, not the chosen one",
    parameter: "heatmap_joint",
    description: "Joint whose torque, or action whose logit, the heatmaps explain; empty: all, weighted by importance.",
  },
  contrast: {
    option: "--contrast <name>",
    about: "heatmaps explain this joint's torque, or this action, rather than the others",
    parameter: "contrast_joint",
    description:
      "Joint whose torque, or action, the heatmaps explain rather than the others; needs a method that tells torques apart, such as lrp-gamma:soft-argmax=gradient. Empty: none.",
  },
  against: {
    option: "--against <name>",
    about:
      "what --contrast is compared with, in place of all others; of a policy that chooses, alone: why the chosen action rather than this one",
    parameter: "against_joint",
    description:
      "Joint or action that contrast_joint is compared with, in place of all others; of a policy that chooses, alone: the chosen action is. Empty: all others.",
  },
} as const;

/** The options, as commands read them. */
export interface SubjectOptions {
  readonly action?: string | undefined;
  readonly contrast?: string | undefined;
  readonly against?: string | undefined;
}

type Part = keyof typeof SUBJECT;
export const SUBJECT_PARTS = Object.keys(SUBJECT) as readonly Part[];
/** The parameters that say what heatmaps explain. */
export type SubjectParameter = (typeof SUBJECT)[Part]["parameter"];
export const SUBJECT_PARAMETERS: readonly SubjectParameter[] = SUBJECT_PARTS.map((part) => SUBJECT[part].parameter);

/** What heatmaps explain, by its parameters, of which empty ones ask for nothing. */
export const subjectFrom = (value: (name: SubjectParameter) => string): Readonly<Partial<Record<Part, string>>> =>
  Object.fromEntries(
    SUBJECT_PARTS.flatMap((part) => {
      const found = value(SUBJECT[part].parameter);
      return found === "" ? [] : [[part, found]];
    }),
  );
