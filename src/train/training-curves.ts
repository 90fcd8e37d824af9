import { draw } from "../page/draw.js";
import { algorithmNamed } from "./algorithms/algorithms.js";
import { type Histories, iterationAxis, lossPanel, successPanel } from "./history/panels.js";

/** Loss curves, success per iteration and the algorithm's own panels for the networks of a training, as one SVG. */
export async function curvesSvg(histories: Histories, algorithm: string): Promise<string> {
  const { panels } = await algorithmNamed(algorithm);
  const x = iterationAxis(histories);
  const vconcat = [lossPanel(histories), successPanel(histories, x), ...(panels?.(histories, x) ?? [])];
  return draw({ vconcat, resolve: { scale: { strokeDash: "independent" } } });
}
