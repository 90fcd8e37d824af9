import { Explainer } from "../../explain/explainer.js";
import type { Explanation } from "../../explain/explanation.js";
import type { Observation } from "../../explain/observation.js";
import { encodePng } from "../../image/encode.js";
import type { Heatmap } from "../../image/heatmap.js";
import type { Image, RgbImage } from "../../image/image.js";
import { overlay } from "../../image/overlay.js";
import { toRgb } from "../../image/rgb.js";
import { own } from "../../own.js";
import type { Policy } from "../../policy/policy.js";
import { firstImage } from "./sanity.js";

/** Width of a drawn image, pixels. */
const WIDTH = 240;

/** One moment as the paper's Fig. 3 shows it: the camera's image with feature points, and heatmaps. */
export interface Pictured {
  readonly condition: string;
  readonly tick: number;
  readonly camera: Panel;
  readonly heatmaps: readonly { readonly method: string; readonly panel: Panel; readonly explanation: Explanation }[];
}

/** An image as SVG, `WIDTH` wide. */
export interface Panel {
  readonly width: number;
  readonly height: number;
  readonly svg: string;
}

/** Draws an observation. */
export async function picture(
  policy: Policy,
  observation: Observation,
  methods: readonly string[],
  at: { readonly condition: string; readonly tick: number },
): Promise<Pictured> {
  const { name } = firstImage(policy);
  const image = own(observation.images, name)!;
  const heatmaps: Pictured["heatmaps"][number][] = [];
  for (const method of methods) {
    const explainer = await Explainer.create(policy, { method, worker: false, threads: 1 });
    try {
      const explanation = await explainer.explain(observation);
      heatmaps.push({ method, explanation, panel: await heatmapPanel(image, own(explanation.heatmaps, name)!) });
    } finally {
      await explainer.close();
    }
  }
  const points = own(heatmaps[0]?.explanation.featurePoints, name);
  return { ...at, camera: await panel(toRgb(image), points), heatmaps };
}

const heatmapPanel = (image: Image, heatmap: Heatmap): Promise<Panel> => panel(overlay(image, heatmap));

/** @param points x and y in pixels, pixel centres at whole numbers, drawn as rings */
async function panel(image: RgbImage, points: Float32Array = new Float32Array(0)): Promise<Panel> {
  const { width, height } = image;
  const png = await encodePng(image);
  const scale = WIDTH / width;
  const drawn = Math.round(height * scale);
  const rings = Array.from({ length: points.length / 2 }, (_, c) => {
    const [x, y] = [points[2 * c]!, points[2 * c + 1]!].map((at) => (scale * (at + 0.5)).toFixed(1));
    return `<circle cx="${x}" cy="${y}" r="5" fill="none" stroke="#000" stroke-width="3"/><circle cx="${x}" cy="${y}" r="5" fill="none" stroke="#ffec3d" stroke-width="1.5"/>`;
  });
  const source = `data:image/png;base64,${Buffer.from(png).toString("base64")}`;
  const svg = `<svg xmlns="http://www.w3.org/2000/svg" width="${WIDTH}" height="${drawn}" viewBox="0 0 ${WIDTH} ${drawn}"><image href="${source}" width="${WIDTH}" height="${drawn}" preserveAspectRatio="none" style="image-rendering:pixelated"/>${rings.join("")}</svg>`;
  return { width: WIDTH, height: drawn, svg };
}
