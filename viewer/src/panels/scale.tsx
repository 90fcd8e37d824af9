import { useSignal, useSignalEffect } from "@preact/signals";
import { useRef } from "preact/hooks";
import { quantity } from "../ui/numbers.js";
import { type Drawing, isSigned, paletteOf } from "./paint.js";

interface ScaleProps {
  readonly drawing: Drawing;
  readonly scale: number;
  readonly unit: string;
  /** Fixes the scale of all cameras, or lets each tick have its own (undefined); left out where it cannot be fixed. */
  readonly fix?: (scale: number | undefined) => void;
}

/** The colours of relevance from nothing, or from its negative, to the scale's end, with its number. */
export function Scale({ drawing, scale, unit, fix }: ScaleProps) {
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
      {fix && <Fixing fixed={drawing.scale} scale={scale} unit={unit} fix={fix} />}
    </div>
  );
}

/** Fixes the scale at what is shown, or at what is typed. */
function Fixing({
  fixed,
  scale,
  unit,
  fix,
}: {
  fixed: number | undefined;
  scale: number;
  unit: string;
  fix: NonNullable<ScaleProps["fix"]>;
}) {
  if (fixed === undefined)
    return (
      <button type="button" disabled={scale === 0} onClick={() => fix(scale)}>
        Fix scale
      </button>
    );
  return (
    <>
      <input
        type="number"
        min="0"
        step="any"
        aria-label={`Scale, ${unit}`}
        value={fixed}
        onInput={({ currentTarget: { valueAsNumber } }) => {
          if (valueAsNumber > 0) fix(valueAsNumber);
        }}
      />
      <button type="button" onClick={() => fix(undefined)}>
        Own peak
      </button>
    </>
  );
}
