import { InputError } from "../../errors.js";
import type { Value } from "../../graph/value.js";
import type { NodeRule } from "../contract/attribution.js";
import type { Network } from "../contract/facts.js";
import { heightAndWidth, type SubjectImage } from "../contract/subject.js";
import { receptiveField, toPixels } from "../network/receptive-field.js";

/** The attention of a policy: pixels [rows, H, W] of images, and elements [rows, n] of other inputs. */
export interface Attended {
  readonly images: ReadonlyMap<SubjectImage, Value>;
  readonly values: ReadonlyMap<Value, { readonly amount: Value; readonly elements: ReadonlySet<number> }>;
  readonly rule: NodeRule;
}

/** [rows, h, w] of a map → [rows, H, W] of the image, evenly over what each cell sees. */
export function mapToPixels(amount: Value, map: Value, image: SubjectImage, { context, subject }: Network): Value {
  const field = receptiveField(map, context.analysis);
  if (!field)
    throw new InputError(
      `method attention: map "${map.name ?? map.node.label}" has no receptive field in ${image.name}: expected only convolutions and pools between them`,
    );
  const { shape } = subject.graph.inputs.get(image.input)!;
  const [height, width] = heightAndWidth(shape, image).map((axis) => shape[axis]!) as [number, number];
  return toPixels(amount, field, height, width);
}
