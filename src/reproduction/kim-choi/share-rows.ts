import { type MeanStd, meanStd } from "../../numbers/mean.js";
import { alongTrajectories, type Course, type Group, type MeanOverTicks } from "./course.js";

/** Rows of shares: image and configuration, which make up the whole, then the modalities of the configuration. */
export const rowsOf = (modalities: readonly string[]): string[] => [
  "image",
  "configuration",
  ...modalities.filter((name) => name !== "image"),
];

/** Share of one of `rowsOf` along trajectories. */
export function ofRow(courses: readonly Course[], modalities: readonly string[], name: string): MeanOverTicks {
  if (name === "image" || name === "configuration") return ofGroup(courses, name);
  return ofModality(courses, modalities.indexOf(name));
}

/** Mean over episodes of their mean share, and its standard deviation over them, of one of `rowsOf`. */
export const meanOverEpisodes = (courses: readonly Course[], modalities: readonly string[], name: string): MeanStd =>
  meanStd(courses.map((course) => ofRow([course], modalities, name).mean));

export const ofModality = (courses: readonly Course[], m: number): MeanOverTicks =>
  alongTrajectories(courses, ({ shares, modalities }, tick) => shares[tick * modalities + m]!);

export const ofGroup = (courses: readonly Course[], group: Group): MeanOverTicks =>
  alongTrajectories(courses, ({ ratios }, tick) => ratios[group][tick]!);
