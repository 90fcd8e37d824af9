import { useLayoutEffect, useRef } from "preact/hooks";
import { lightAt } from "#src/image/blend.js";
import { type Heatmap, normalize, peak } from "#src/image/heatmap.js";
import type { CameraFrame } from "../model/camera.js";
import { paper } from "./paint.js";

/** A camera's image in the light of each of the policy's maps of attention. */
export function AttentionPictures({ camera, frame }: { camera: string; frame: CameraFrame | undefined }) {
  const maps = frame?.attention ?? [];
  if (!frame || maps.length === 0) return <p class="note">Waiting for the policy's attention.</p>;
  return (
    <>
      <div class="attention">
        {maps.map((map) => (
          <figure key={map.query}>
            <div class="picture">
              <Lit frame={frame} map={map} label={`What camera ${camera} sees in the light of ${map.query}`} />
            </div>
            <figcaption>
              {map.query} <em>{`peak ${peak(map).toPrecision(3)}`}</em>
            </figcaption>
          </figure>
        ))}
      </div>
      <p class="note">The policy's own attention: bright where it looks, each map scaled to its own peak.</p>
    </>
  );
}

function Lit({ frame, map, label }: { frame: CameraFrame; map: Heatmap; label: string }) {
  const canvas = useRef<HTMLCanvasElement>(null);
  // Before the browser paints: a caption never stands under the picture of another tick.
  useLayoutEffect(() => light(canvas.current!, frame, map), [frame, map]);
  return <canvas ref={canvas} width="1" height="1" role="img" aria-label={label} />;
}

/** One small canvas for all maps: they are stretched from it. */
const stretcher = document.createElement("canvas");

/** Draws the camera's picture, and multiplies it by the light of a map over the part that the policy saw. */
function light(canvas: HTMLCanvasElement, { width, height, picture, region }: CameraFrame, map: Heatmap): void {
  if (canvas.width !== width || canvas.height !== height) {
    canvas.width = width;
    canvas.height = height;
  }
  const context = paper(canvas);
  context.globalCompositeOperation = "source-over";
  if (picture instanceof ImageData) context.putImageData(picture, 0, 0);
  else context.drawImage(picture, 0, 0);
  stretcher.width = map.width;
  stretcher.height = map.height;
  paper(stretcher).putImageData(lights(map), 0, 0);
  context.globalCompositeOperation = "multiply";
  context.drawImage(stretcher, ...region);
  // What the policy does not see has no attention.
  const [left, top, wide, tall] = region;
  const [right, bottom] = [left + wide, top + tall];
  context.fillStyle = `rgb(${[0, 0, 0].map(() => 255 * lightAt(0)).join(" ")})`;
  context.fillRect(0, 0, width, top);
  context.fillRect(0, bottom, width, height - bottom);
  context.fillRect(0, top, left, tall);
  context.fillRect(right, top, width - right, tall);
}

/** Light by pixel of a map, grey. */
function lights(map: Heatmap): ImageData {
  const image = new ImageData(map.width, map.height);
  const levels = normalize(map, { negative: "hide" });
  for (let i = 0; i < levels.length; i++) {
    const grey = Math.round(255 * lightAt(levels[i]!));
    image.data.set([grey, grey, grey, 255], 4 * i);
  }
  return image;
}
