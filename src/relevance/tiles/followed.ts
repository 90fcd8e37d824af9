import { add } from "../../graph/build.js";
import type { Attribution, Omitted } from "../contract/attribution.js";
import type { Network } from "../contract/facts.js";
import type { Rules } from "../contract/rules.js";
import { propagate } from "../pass/propagate.js";
import { type FeatureMap, featureMaps } from "./map.js";
import { fromMap } from "./tile.js";
import { tiledPass } from "./tiled-pass.js";

/**
 * Relevance of a pass of rules, computed behind soft-argmaxes only where it matters: their feature map is cut into tiles,
 * and the tiles with the most relevance are followed to the image one by one, each as the map of a smaller picture whose
 * values are windows of the policy's own. As the rules are linear, the sum of the tiles is the whole. Where too many tiles
 * matter, the dense pass is computed instead.
 */
export function followed(network: Network, rules: Rules): Attribution {
  // By default only where the part that is left out is small everywhere.
  const isWanted = network.omit !== undefined || rules.positive;
  const features =
    isWanted && rules.linear && network.depth !== "shares" && network.omit !== 0 ? featureMaps(network) : [];
  if (features.length === 0) return propagate(network, rules);
  const images = new Set(features.map((feature) => imageOf(network, feature)));
  const others = [...network.inputs].filter((value) => !images.has(value));
  const maps = new Set(features.map(({ map }) => map));
  const { relevanceOf } = rules;
  // Amounts go on from a map as they are: what they mean is asked at the pixels.
  const untilMaps: Rules = {
    ...rules,
    ...(relevanceOf && {
      relevanceOf: (value, amount, context) => (maps.has(value) ? amount : relevanceOf(value, amount, context)),
    }),
  };
  const above = propagate(network, untilMaps, new Set([...others, ...maps]));
  const omitted: Omitted[] = [];
  const below = features.flatMap((feature) => {
    const arrived = above.inputs.get(feature.map);
    if (!arrived) return [];
    const dense = fromMap(network, rules, imageOf(network, feature), feature.map, arrived);
    const tiled = tiledPass(network, rules, feature, arrived, dense);
    if (tiled) omitted.push(tiled.omitted);
    return [tiled?.attribution ?? dense];
  });
  return {
    ...above,
    inputs: new Map([
      ...[...above.inputs].filter(([value]) => !maps.has(value)),
      ...below.flatMap(({ inputs }) => [...inputs]),
    ]),
    pixels: new Map([...above.pixels, ...below.flatMap(({ pixels }) => [...pixels])]),
    ...absorbed([above, ...below]),
    rules: [...below.flatMap((one) => one.rules), ...above.rules],
    ...(omitted.length > 0 && {
      omitted: { size: omitted.map(({ size }) => size).reduce(add), sum: omitted.map((one) => one.sum).reduce(add) },
    }),
  };
}

/** What constants took above the maps and below. */
function absorbed(parts: readonly Attribution[]): Pick<Attribution, "constants" | "absorbed"> {
  const constants = parts.flatMap((part) => part.constants ?? []);
  const among = parts.flatMap((part) => part.absorbed ?? []);
  return { ...(constants.length > 0 && { constants }), ...(among.length > 0 && { absorbed: among }) };
}

const imageOf = ({ subject }: Network, { image }: FeatureMap) => subject.graph.inputs.get(image.input)!;
