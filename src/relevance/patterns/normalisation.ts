import { expand, reshape } from "../../graph/build.js";
import { normalizeAxis } from "../../graph/shape.js";
import type { Node, Value } from "../../graph/value.js";
import { own } from "../../own.js";
import type { PatternFacts } from "../contract/facts.js";
import type { Normalisation } from "../contract/pattern.js";
import type { RecognisePattern } from "../contract/recognise.js";
import { FORMS, type Form } from "./normalisation-forms.js";
import { epsilonOf, inGroups, statistics } from "./statistics.js";

/** LayerNorm, RMSNorm, GroupNorm, InstanceNorm and L2Norm, as operators and as exporters write them out. */
export const normalisation: RecognisePattern = (node, network) =>
  own(NATIVE, node.op)?.(node, network) ?? own(FORMS, node.op)?.(node, network);

/** One parameter per channel, [C] → [C, 1, …], to broadcast to [N, C, …]. */
const perChannel = (parameter: Value, source: Value) =>
  reshape(parameter, [parameter.shape[0]!, ...source.shape.slice(2).map(() => 1)]);

/** One parameter per group, [G] → one per channel, [C]. */
function perGroup(parameter: Value, channels: number): Value {
  const groups = parameter.shape[0]!;
  if (groups === channels) return parameter;
  return reshape(expand(reshape(parameter, [groups, 1]), [groups, channels / groups]), [channels]);
}

const axesFrom = (first: number, { shape }: Value) => shape.flatMap((_, i) => (i >= first ? [i] : []));

/** Normalisation operators with constant parameters. */
const NATIVE: Readonly<Record<string, Form>> = {
  LayerNormalization: (node, network) => lastAxes(node, network, "LayerNorm"),
  RMSNormalization: (node, network) => lastAxes(node, network, "RMSNorm"),
  InstanceNormalization: (node, network) => {
    const [source, scale, shift] = node.inputs as readonly [Value, Value, Value];
    if (network.isDependent(scale) || network.isDependent(shift)) return undefined;
    const parameters = { scale: perChannel(scale, source), shift: perChannel(shift, source) };
    const within = statistics(source, axesFrom(2, source), epsilonOf(node));
    return { kind: "normalisation", name: "InstanceNorm", node, source, ...parameters, ...within };
  },
  GroupNormalization: (node, network) => {
    const [source, scale, shift] = node.inputs as readonly [Value, Value, Value];
    if (network.isDependent(scale) || network.isDependent(shift)) return undefined;
    const channels = source.shape[1]!;
    const each = (parameter: Value) => perChannel(perGroup(parameter, channels), source);
    const within = inGroups(source, node.attributes.num_groups as number, epsilonOf(node));
    return {
      kind: "normalisation",
      name: "GroupNorm",
      node,
      source,
      scale: each(scale),
      shift: each(shift),
      ...within,
    };
  },
};

function lastAxes(node: Node, network: PatternFacts, name: "LayerNorm" | "RMSNorm"): Normalisation | undefined {
  const [source, scale, shift] = node.inputs as readonly [Value, Value, Value?];
  if (network.isDependent(scale) || (shift && network.isDependent(shift))) return undefined;
  const first = normalizeAxis(node.op, (node.attributes.axis as number | undefined) ?? -1, source.shape);
  const within = statistics(source, axesFrom(first, source), epsilonOf(node), name === "LayerNorm");
  return { kind: "normalisation", name, node, source, scale, shift, ...within };
}
