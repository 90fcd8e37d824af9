import { useSignal, useSignalEffect } from "@preact/signals";
import { useRef } from "preact/hooks";
import { quantity } from "../ui/numbers.js";
import { type Drawing, isSigned, paletteOf } from "./paint.js";

/** The colours of relevance from nothing, or from its negative, to the scale's end, with its number. */
export function Scale({ drawing, scale, unit }: { drawing: Drawing; scale: number; unit: string }) {
  const canvas = useRef<HTMLCanvasElement>(null);
  const shown = useSignal(drawing);
  shown.value = drawing;
  useSignalEffect(() => {
    const context = canvas.current?.getContext("2d");
    if (!context) return;
    const table = paletteOf({ ...shown.value, opacity: 1 });
    // A palette of both signs fades to nothing in its middle, the others begin there.
    const first = isSigned(shown.value) ? -255 : 0;
    const image = new ImageData(256 - first, 1);
    image.data.set(table.subarray(4 * (first + 255)));
    if (first === 0) for (let i = 0; i < 256; i++) image.data[4 * i + 3] = 255;
    canvas.current!.width = image.width;
    context.putImageData(image, 0, 0);
  });
  return (
    <div class="scale">
      <span>{isSigned(drawing) ? quantity(-scale, unit) : 0}</span>
      <canvas ref={canvas} width="256" height="1" />
      <span>{`${quantity(scale, unit)} per pixel${drawing.scale === undefined ? ", the peak of this tick" : ", fixed"}`}</span>
    </div>
  );
}
