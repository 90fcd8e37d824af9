import { useSignal } from "@preact/signals";
import { useEffect, useRef } from "preact/hooks";
import type { Simulator } from "../model/simulator.js";
import { imagePoint, pictureBox } from "./image-point.js";

/** A rectangle in the image, pixels. */
interface Area {
  readonly x: number;
  readonly y: number;
  readonly width: number;
  readonly height: number;
}

/** A part of the image's size: the step of an arrow key. */
const STEP = 1 / 20;

interface CoverProps {
  readonly simulator: Simulator;
  readonly canvas: HTMLCanvasElement;
}

/** Over a camera's picture: a rectangle to cover it with, drawn with the pointer or placed with the keyboard. */
export function Cover({ simulator, canvas }: CoverProps) {
  const place = useRef<HTMLDivElement>(null);
  const start = useSignal<readonly [number, number] | undefined>(undefined);
  const area = useSignal<Area>(middleOf(canvas));
  useEffect(() => place.current!.focus(), []);

  const end = (chosen?: Area) => {
    simulator.isPainting.value = false;
    if (chosen && chosen.width > 0 && chosen.height > 0)
      simulator.occlude([chosen.x, chosen.y, chosen.width, chosen.height]);
  };
  const move = (event: PointerEvent) => {
    if (start.value) area.value = between(canvas, start.value, imagePoint(canvas, event));
  };
  const press = (event: KeyboardEvent) => {
    if (event.key === "Escape") end();
    else if (event.key === "Enter") end(area.value);
    else if (event.key.startsWith("Arrow")) area.value = shifted(canvas, area.value, event);
    else return;
    event.preventDefault();
  };
  return (
    <div
      ref={place}
      class="cover"
      role="application"
      // biome-ignore lint/a11y/noNoninteractiveTabindex: an application takes keys
      tabIndex={0}
      aria-label="Area to cover: drag a rectangle; or move it with the arrow keys, size it with Shift and arrow keys, Enter covers, Escape ends"
      onKeyDown={press}
      onPointerDown={(event) => {
        event.preventDefault();
        place.current!.setPointerCapture(event.pointerId);
        start.value = imagePoint(canvas, event);
        move(event);
      }}
      onPointerMove={move}
      onPointerUp={(event) => {
        move(event);
        end(area.value);
      }}
      onPointerCancel={() => end()}
    >
      <i style={styleOf(canvas, area.value)} />
    </div>
  );
}

function middleOf({ width, height }: HTMLCanvasElement): Area {
  const quarter = (size: number) => Math.round(size / 4);
  return { x: quarter(1.5 * width), y: quarter(1.5 * height), width: quarter(width), height: quarter(height) };
}

/** The whole pixels between two points, inside the image. */
function between(
  { width, height }: HTMLCanvasElement,
  [ax, ay]: readonly [number, number],
  [bx, by]: readonly [number, number],
): Area {
  const inside = (value: number, size: number) => Math.min(size, Math.max(0, Math.round(value)));
  const [left, right] = [inside(Math.min(ax, bx), width), inside(Math.max(ax, bx), width)];
  const [top, bottom] = [inside(Math.min(ay, by), height), inside(Math.max(ay, by), height)];
  return { x: left, y: top, width: right - left, height: bottom - top };
}

function shifted({ width, height }: HTMLCanvasElement, area: Area, { key, shiftKey }: KeyboardEvent): Area {
  const step = (size: number) => Math.max(1, Math.round(STEP * size));
  const across = key === "ArrowRight" ? step(width) : key === "ArrowLeft" ? -step(width) : 0;
  const down = key === "ArrowDown" ? step(height) : key === "ArrowUp" ? -step(height) : 0;
  const within = (value: number, low: number, high: number) => Math.min(high, Math.max(low, value));
  return shiftKey
    ? {
        ...area,
        width: within(area.width + across, 1, width - area.x),
        height: within(area.height + down, 1, height - area.y),
      }
    : {
        ...area,
        x: within(area.x + across, 0, width - area.width),
        y: within(area.y + down, 0, height - area.height),
      };
}

/** Place of an area within the canvas's parent. */
function styleOf(canvas: HTMLCanvasElement, { x, y, width, height }: Area): Record<string, string> {
  const { left, top, scale } = pictureBox(canvas);
  const parent = canvas.parentElement!.getBoundingClientRect();
  return {
    left: `${left - parent.left + scale * x}px`,
    top: `${top - parent.top + scale * y}px`,
    width: `${scale * width}px`,
    height: `${scale * height}px`,
  };
}
