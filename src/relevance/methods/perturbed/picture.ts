import { InputError } from "../../../errors.js";
import {
  add,
  cast,
  expand,
  full,
  matmul,
  matrixTranspose,
  mean,
  mul,
  reshape,
  sub,
  tensor,
  transpose,
} from "../../../graph/build.js";
import type { Value } from "../../../graph/value.js";
import type { Network } from "../../contract/facts.js";
import { heightAndWidth, type SubjectImage } from "../../contract/subject.js";
import { choice } from "../method-spec.js";
import { Changes } from "./changed.js";
import { gaussianFilter } from "./gaussian.js";

/** What takes the place of pixels that are removed. */
const FILLS = ["mean", "black", "white", "zero"] as const;
export type Fill = (typeof FILLS)[number];

export const fill = choice(
  FILLS,
  "what takes the place of removed pixels: the image's mean colour, or black, white, 0",
);

/** An image that is changed by masks: without its batch axis, as [1, …]. */
export class Picture {
  readonly height: number;
  readonly width: number;
  readonly changes: Changes;
  /** The image as float32, [1, …]. */
  readonly pixels: Value;

  constructor(
    network: Network,
    readonly image: SubjectImage,
  ) {
    const target = network.subject.graph.inputs.get(image.input)!;
    this.changes = new Changes(network, target);
    this.pixels = reshape(cast(target, "float32"), [1, ...this.changes.shape]);
    const [h, w] = heightAndWidth(this.pixels.shape, image);
    [this.height, this.width] = [this.pixels.shape[h]!, this.pixels.shape[w]!];
  }

  /** The image with `other` where a mask is 1: masks [rows, H, W] → [rows, …]. */
  mixed(other: Value, masks: Value): Value {
    const axes = heightAndWidth(this.pixels.shape, this.image);
    const rows = masks.shape[0]!;
    const shape = this.pixels.shape.map((d, i) => (i === 0 ? rows : axes.includes(i) ? d : 1));
    return add(this.pixels, mul(sub(other, this.pixels), reshape(masks, shape)));
  }

  filled(how: Fill): Value {
    const { shape } = this.pixels;
    if (how === "mean") return expand(mean(this.pixels, heightAndWidth(shape, this.image), true), shape);
    return full(shape, how === "black" ? this.image.range[0] : how === "white" ? this.image.range[1] : 0);
  }

  /** Every channel filtered by a Gaussian of σ pixels. */
  blurred(sigma: number): Value {
    const { height, width, pixels } = this;
    const axes = heightAndWidth(pixels.shape, this.image);
    const others = pixels.shape.flatMap((_, i) => (axes.includes(i) ? [] : [i]));
    const order = [...others, ...axes];
    const down = tensor("float32", [height, height], gaussianFilter(height, sigma));
    const across = tensor("float32", [width, width], gaussianFilter(width, sigma));
    const smooth = matmul(down, matmul(transpose(pixels, order), matrixTranspose(across)));
    return transpose(
      smooth,
      pixels.shape.map((_, i) => order.indexOf(i)),
    );
  }
}

/** @throws InputError for a length that is larger than the image */
export function checkFits(method: string, what: string, length: number, { image, width, height }: Picture): void {
  if (length <= Math.min(width, height)) return;
  throw new InputError(
    `method ${method}: ${what} ${length} does not fit image ${image.name} of ${width} × ${height} pixels, expected at most ${Math.min(width, height)}`,
  );
}

/** Most changed images of one map. */
const MOST_MASKS = 20_000;

/** @throws InputError for a grid of more positions than a map may take */
export function checkCount(method: string, stride: number, { image, width, height }: Picture): void {
  const count = Math.ceil(width / stride) * Math.ceil(height / stride);
  if (count <= MOST_MASKS) return;
  const least = Math.ceil(Math.sqrt((width * height) / MOST_MASKS));
  throw new InputError(
    `method ${method}: stride ${stride} makes ${count} changed images of ${image.name}, ${width} × ${height} pixels; the limit is ${MOST_MASKS}, expected a stride of at least ${least}`,
  );
}
