import { InputError } from "../../errors.js";
import type { Shape } from "../../graph/shape.js";

/** `image=1x3x240x320` as a name and a shape. @throws InputError for anything else */
export function shapeIn(text: string): readonly [name: string, shape: Shape] {
  const at = text.lastIndexOf("=");
  const shape = text.slice(at + 1).split("x");
  if (at < 1 || !shape.every((extent) => /^[1-9]\d{0,8}$/.test(extent)))
    throw new InputError(`--shape ${text}: expected an input and its extents, as in image=1x3x240x320`);
  return [text.slice(0, at), shape.map(Number)];
}
