import { add, expand, mean, reshape, sqrt, square, sub } from "../../graph/build.js";
import { sizeOf } from "../../graph/shape.js";
import type { Node, Value } from "../../graph/value.js";

/** Mean and deviation of a source over these axes, computed where a rule asks for them. */
export function statistics(source: Value, axes: readonly number[], epsilon: number, centres = true) {
  const centred = () => (centres ? sub(source, mean(source, axes, true)) : source);
  const deviation = () => sqrt(add(mean(square(centred()), axes, true), epsilon));
  return { centred, deviation };
}

/** Statistics over groups of channels and all cells. */
export function inGroups(source: Value, groups: number, epsilon: number) {
  const [batch, channels, ...cells] = source.shape as readonly [number, number, ...number[]];
  const grouped = reshape(source, [batch, groups, (channels / groups) * sizeOf(cells)]);
  const { centred, deviation } = statistics(grouped, [2], epsilon);
  const each = (perGroup: Value) => {
    const wide = expand(perGroup, [batch, groups, channels / groups]);
    return reshape(wide, [batch, channels, ...cells.map(() => 1)]);
  };
  return { centred: () => reshape(centred(), source.shape), deviation: () => each(deviation()) };
}

/** The ε that a node adds to the variance. */
export const epsilonOf = (node: Node, fallback = 1e-5) => (node.attributes.epsilon as number | undefined) ?? fallback;
