import { figure, type Html } from "../../../page/html.js";
import { FIGURES, type FigureName, filesOf } from "../figures.js";
import type { TaskFindings } from "../findings.js";

/** Shows a figure of a task, a picture a file, each with its caption. */
export type Shown = (name: FigureName) => Html[];

/** @param svgs drawn figures by the names of their files */
export const shownFrom =
  (findings: TaskFindings, svgs: ReadonlyMap<string, string>): Shown =>
  (name) =>
    filesOf(name, findings).map(({ file, method }) => figure(svgs.get(file)!, FIGURES[name].caption(findings, method)));
