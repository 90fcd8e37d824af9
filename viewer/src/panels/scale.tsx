import { useSignal, useSignalEffect } from "@preact/signals";
import { useRef } from "preact/hooks";
import { quantity } from "../ui/numbers.js";
import { type Drawing, paletteOf } from "./paint.js";

/** The colours of relevance from nothing to the scale's end, with its number. */
export function Scale({ drawing, scale }: { drawing: Drawing; scale: number }) {
  const canvas = useRef<HTMLCanvasElement>(null);
  const shown = useSignal(drawing);
  shown.value = drawing;
  useSignalEffect(() => {
    const context = canvas.current?.getContext("2d");
    if (!context) return;
    const table = paletteOf({ ...shown.value, opacity: 1 });
    const image = new ImageData(256, 1);
    for (let level = 0; level < 256; level++) {
      image.data.set(table.subarray(4 * (level + 255), 4 * (level + 256)), 4 * level);
      image.data[4 * level + 3] = 255;
    }
    context.putImageData(image, 0, 0);
  });
  return (
    <div class="scale">
      <span>0</span>
      <canvas ref={canvas} width="256" height="1" />
      <span>{`${quantity(scale, "N·m")} per pixel${drawing.scale === undefined ? ", the peak of this tick" : ", fixed"}`}</span>
    </div>
  );
}
