import { add, div, reduceMax } from "../../graph/build.js";
import type { Value } from "../../graph/value.js";
import type { Attribution } from "../contract/attribution.js";
import type { Relevance } from "../contract/carrier.js";
import type { Network } from "../contract/facts.js";
import { heightAndWidth, type SubjectImage } from "../contract/subject.js";
import { integratedGradients } from "./integrated-gradients.js";
import { method, number } from "./method-spec.js";

/** Most points on each of the two paths. */
const MOST_POINTS = 1000;

/**
 * XRAI: integrated gradients from a black and from a white image, their mean, of a pixel its largest channel. Regions are
 * made of them beside the picture (`regions`), behind the compiled model.
 */
export const xrai = method({
  name: "xrai",
  title: "regions of the image by integrated gradients from black and white, the most relevant first",
  cite: "Kapishnikov et al., XRAI: Better Attributions Through Regions, ICCV 2019",
  conserves: false,
  linear: false,
  contrasts: false,
  regions: true,
  options: { steps: number(100, "points on each path", { above: 0, most: MOST_POINTS, whole: true }) },
  make: ({ steps }) => {
    const from = (baseline: string) => integratedGradients.make({ steps, baseline, quadrature: "midpoint" });
    const [black, white] = [from("black"), from("white")];
    return (network) => meanOf(black(network), white(network), network);
  },
});

function meanOf(a: Attribution, b: Attribution, network: Network): Attribution {
  const half = (x: Value, y: Value): Value => div(add(x, y), 2);
  const mean = (x: Relevance, y: Relevance): Relevance => ({ ...x, amount: half(x.amount, y.amount) });
  const both = new Map(Array.from(a.inputs, ([value, relevance]) => [value, mean(relevance, b.inputs.get(value)!)]));
  const pixels = new Map<string, readonly Relevance[]>();
  for (const modality of network.subject.modalities) {
    if (modality.kind !== "image") continue;
    const value = network.subject.graph.inputs.get(modality.input)!;
    const found = both.get(value);
    if (found === undefined) continue;
    both.delete(value);
    pixels.set(modality.name, [{ ...found, amount: largestChannel(found.amount, modality) }]);
  }
  const joined = new Map(
    Array.from(a.joined, ([name, values]) => [name, values.map((value, i) => half(value, b.joined.get(name)![i]!))]),
  );
  return { ...a, inputs: both, pixels, joined };
}

/** [rows, …, H, W, C] or [rows, …, C, H, W] → [rows, H, W]: of each pixel the largest number. */
function largestChannel(amount: Value, image: SubjectImage): Value {
  const kept = [0, ...heightAndWidth(amount.shape, image)];
  return reduceMax(
    amount,
    amount.shape.flatMap((_, i) => (kept.includes(i) ? [] : [i])),
  );
}
