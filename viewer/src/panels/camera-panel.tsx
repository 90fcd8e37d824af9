import { type Signal, signal, useComputed, useSignal, useSignalEffect } from "@preact/signals";
import { useEffect, useRef } from "preact/hooks";
import { peak } from "#src/image/heatmap.js";
import type { CameraFrame, CameraTopics } from "../model/camera.js";
import type { Model } from "../model/model.js";
import { percent, quantity } from "../ui/numbers.js";
import { useOnScreen } from "../ui/on-screen.js";
import { allOf, unitFor, wordsFor } from "../ui/outputs.js";
import { heatmapSubject, mapCaution } from "../ui/words.js";
import { AttentionPictures } from "./attention-pictures.js";
import { Choice } from "./choice.js";
import { Cover } from "./cover.js";
import { imagePoint } from "./image-point.js";
import { type Drawing, paintHeatmap, paletteOf, paper } from "./paint.js";
import { Scale } from "./scale.js";

const ARROWS: Readonly<Record<string, readonly [across: number, down: number]>> = {
  ArrowLeft: [-1, 0],
  ArrowRight: [1, 0],
  ArrowUp: [0, -1],
  ArrowDown: [0, 1],
};

interface Pointer {
  readonly x: number;
  readonly y: number;
}

/** A camera's image under its heatmap, with the scale, and the relevance under the pointer. */
export function CameraPanel({
  model,
  camera,
  drawing,
  title = "Camera",
}: {
  model: Model;
  camera: CameraTopics;
  drawing: Signal<Drawing>;
  title?: string;
}) {
  const canvas = useRef<HTMLCanvasElement>(null);
  const pointer = useSignal<Pointer | undefined>(undefined);
  const fault = useSignal("");
  const panel = useRef<HTMLElement>(null);
  const isSeen = useOnScreen(panel);
  /** The newest frame, or the last one that was seen. */
  const kept = useRef<CameraFrame | undefined>(undefined);
  const drawn = useRef<CameraFrame | undefined>(undefined);
  const frame = useComputed(() => {
    if (isSeen.value) kept.current = model.frames.value.get(camera.name);
    return kept.current;
  });
  const scale = useComputed(() => scaleOf(frame.value, drawing.value));
  const isPainting = model.simulator?.isPainting.value ?? false;
  const attends = useComputed(() => model.showsAttention.value && camera.attention !== undefined);
  const isLit = attends.value && !isPainting;

  const paint = (shown: CameraFrame, scale: number) => {
    drawn.current = shown;
    draw(canvas.current!, shown, drawing.value, scale);
    points(canvas.current!, model, camera);
  };
  useEffect(() => {
    model.pictures.set(camera.name, () => {
      const newest = model.frames.peek().get(camera.name);
      if (newest && newest !== drawn.current) paint(newest, scaleOf(newest, drawing.peek()));
      return canvas.current!;
    });
    return () => {
      model.pictures.delete(camera.name);
    };
  }, [model, camera.name]);
  useSignalEffect(() => {
    const shown = frame.value;
    if (!shown || !canvas.current || (attends.value && !model.simulator?.isPainting.value)) return;
    try {
      paint(shown, scale.value);
      fault.value = "";
    } catch (error) {
      fault.value = (error as Error).message;
    }
  });

  const move = (event: PointerEvent) => {
    const [x, y] = imagePoint(canvas.current!, event);
    pointer.value = { x: Math.floor(x), y: Math.floor(y) };
  };
  /** Arrow keys move the point that is read, with Shift by ten pixels. */
  const press = (event: KeyboardEvent) => {
    const [across, down] = ARROWS[event.key] ?? [];
    const shown = frame.value;
    if (across === undefined || !shown) return;
    event.preventDefault();
    const step = event.shiftKey ? 10 : 1;
    const { x, y } = pointer.value ?? { x: Math.floor(shown.width / 2), y: Math.floor(shown.height / 2) };
    const within = (value: number, size: number) => Math.min(size - 1, Math.max(0, value));
    pointer.value = { x: within(x + step * across, shown.width), y: within(y + step * down!, shown.height) };
  };
  const explanation = model.explanation.value;
  const {
    method = "",
    heatmap_joint: alone = "",
    contrast_joint: contrast = "",
    against_joint: against = "",
  } = explanation ?? {};
  const words = wordsFor(explanation);
  const caution = mapCaution(method, words);
  const unit = unitFor(explanation, alone);
  return (
    <section ref={panel} class="panel camera" aria-label={`${title} ${camera.name}`}>
      <h2>
        {`${title} `}
        <em>
          {camera.name}
          {!isLit && frame.value?.heatmap && explanation && `, ${heatmapSubject(explanation, allOf(explanation))}`}
        </em>
      </h2>
      {model.hasAttention.value && camera.attention !== undefined && (
        <Choice
          name="Map"
          value={model.map.value}
          values={["heatmap", "attention"]}
          isDisabled={false}
          choose={(map) => {
            model.map.value = map as "heatmap" | "attention";
          }}
        />
      )}
      {isLit && <AttentionPictures camera={camera.name} frame={frame.value} />}
      <div class="picture" hidden={isLit}>
        <canvas
          ref={canvas}
          width="1"
          height="1"
          role="img"
          tabIndex={0}
          aria-label={`What camera ${camera.name} sees, and where the policy looks`}
          onKeyDown={press}
          onPointerMove={move}
          onPointerLeave={() => {
            pointer.value = undefined;
          }}
        />
        {isPainting && model.simulator && frame.value && <Cover simulator={model.simulator} canvas={canvas.current!} />}
      </div>
      {(fault.value || model.faults.value.get(camera.name)) && (
        <p class="fault">{fault.value || model.faults.value.get(camera.name)}</p>
      )}
      {!isLit && frame.value && !frame.value.heatmap && model.explanation.value && (
        <p class="note">No heatmap at this tick.</p>
      )}
      {!frame.value && <p class="note">Waiting for the first image.</p>}
      {!model.isPlain.value && !isLit && (
        <>
          <Scale
            drawing={drawing.value}
            scale={scale.value}
            unit={unit}
            fix={(fixed) => {
              drawing.value = { ...drawing.value, scale: fixed };
            }}
          />
          <Readout frame={frame.value} at={pointer.value} unit={unit} />
        </>
      )}
      {!isLit && contrast !== "" && (
        <p class="note">
          {contrast === against
            ? `The policy takes ${contrast} itself: the map is zero.`
            : `Warm colours speak for the ${words.noun} of ${contrast}, cold ones for ${against ? `that of ${against}` : "the others"}.`}
        </p>
      )}
      {!isLit && model.joint.value !== "" && caution && <p class="note">{caution}</p>}
    </section>
  );
}

const scaleOf = (frame: CameraFrame | undefined, { scale }: Drawing): number =>
  scale ?? (frame?.heatmap ? peak(frame.heatmap) : 0);

function Readout({ frame, at, unit }: { frame: CameraFrame | undefined; at: Pointer | undefined; unit: string }) {
  const heatmap = frame?.heatmap;
  if (!heatmap || !at) return <p class="readout">Point at the image to read relevance, or move there by arrow keys.</p>;
  const [left, top, width, height] = frame.region;
  const x = Math.floor(((at.x + 0.5 - left) / width) * heatmap.width);
  const y = Math.floor(((at.y + 0.5 - top) / height) * heatmap.height);
  if (x < 0 || y < 0 || x >= heatmap.width || y >= heatmap.height)
    return <p class="readout">{`${at.x}, ${at.y}: outside of what the policy sees`}</p>;
  const value = heatmap.data[y * heatmap.width + x]!;
  let total = 0;
  for (const each of heatmap.data) total += Math.abs(each);
  return (
    <p class="readout">{`${at.x}, ${at.y}: ${quantity(value, unit)}, ${percentOf(Math.abs(value), total)} of this image`}</p>
  );
}

const percentOf = (part: number, total: number): string => {
  const share = total > 0 ? part / total : Number.NaN;
  return share < 0.01 ? `${(100 * share).toPrecision(2)} %` : percent(share);
};

/** One small canvas for all cameras: heatmaps are stretched from it. */
const stretcher = document.createElement("canvas");
const palettes = signal<{ readonly drawing: Drawing; readonly table: Uint8ClampedArray } | undefined>(undefined);

function draw(
  canvas: HTMLCanvasElement,
  { width, height, picture, heatmap, region }: CameraFrame,
  drawing: Drawing,
  scale: number,
): void {
  if (canvas.width !== width || canvas.height !== height) {
    canvas.width = width;
    canvas.height = height;
  }
  const context = paper(canvas);
  if (picture instanceof ImageData) context.putImageData(picture, 0, 0);
  else context.drawImage(picture, 0, 0);
  if (!heatmap) return;
  let palette = palettes.peek();
  if (palette?.drawing !== drawing) {
    palette = { drawing, table: paletteOf(drawing) };
    palettes.value = palette;
  }
  if (stretcher.width !== heatmap.width || stretcher.height !== heatmap.height) {
    stretcher.width = heatmap.width;
    stretcher.height = heatmap.height;
  }
  paper(stretcher).putImageData(paintHeatmap(heatmap, scale, palette.table), 0, 0);
  context.imageSmoothingEnabled = true;
  context.drawImage(stretcher, ...region);
}

/** Feature points of a soft-argmax, as small rings. */
function points(canvas: HTMLCanvasElement, model: Model, camera: CameraTopics): void {
  const explanation = model.explanation.peek();
  if (!explanation) return;
  const { feature_point_offsets: offsets, feature_point_x: xs, feature_point_y: ys, modalities } = explanation;
  const modality = Math.max(0, modalities.indexOf(camera.name));
  const context = paper(canvas);
  context.lineWidth = Math.max(1, canvas.width / 240);
  context.strokeStyle = "rgb(255 255 255 / 0.85)";
  for (let i = offsets[modality] ?? 0; i < (offsets[modality + 1] ?? 0); i++) {
    context.beginPath();
    context.arc(xs[i]! + 0.5, ys[i]! + 0.5, canvas.width / 80, 0, 2 * Math.PI);
    context.stroke();
  }
}
