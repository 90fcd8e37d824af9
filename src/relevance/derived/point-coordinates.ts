import { concat, reshape } from "../../graph/build.js";
import { sizeOf } from "../../graph/shape.js";
import type { Graph } from "../../graph/value.js";
import type { Subject } from "../contract/subject.js";
import { GraphAnalysis } from "../network/analysis.js";

/** The output's name in the graph of `pointCoordinates`. */
export const COORDINATES = "torquelens.point_coordinates";

/**
 * A graph of the coordinates of a policy's feature points, with the policy's own inputs and the output
 * `torquelens.point_coordinates` [n], in the order of the mean of a `FeaturePointOrigin`.
 * Undefined for a network without a soft-argmax.
 */
export function pointCoordinates({ graph, torque }: Subject): Graph | undefined {
  const analysis = new GraphAnalysis({ ...graph, outputs: new Map([["torque", graph.outputs.get(torque)!]]) });
  const values = analysis.order.flatMap((node) => (analysis.softArgmax(node) ? [node.outputs[0]!] : []));
  if (values.length === 0) return undefined;
  const all = concat(
    values.map((value) => reshape(value, [sizeOf(value.shape)])),
    0,
  );
  return { ...graph, outputs: new Map([[COORDINATES, all]]), metadata: new Map() };
}
