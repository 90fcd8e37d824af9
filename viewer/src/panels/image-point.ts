/** The pixel of a canvas, in its own resolution, under a point of the window. The picture may be smaller than its box. */
export function imagePoint(
  canvas: HTMLCanvasElement,
  { clientX, clientY }: { readonly clientX: number; readonly clientY: number },
): readonly [x: number, y: number] {
  const { left, top, scale } = pictureBox(canvas);
  return [(clientX - left) / scale, (clientY - top) / scale];
}

/** Where a canvas with `object-fit: contain` draws its picture, in the window, and CSS pixels per pixel. */
export function pictureBox(canvas: HTMLCanvasElement): {
  readonly left: number;
  readonly top: number;
  readonly scale: number;
} {
  const box = canvas.getBoundingClientRect();
  const scale = Math.min(box.width / canvas.width, box.height / canvas.height);
  const left = box.left + (box.width - scale * canvas.width) / 2;
  const top = box.top + (box.height - scale * canvas.height) / 2;
  return { left, top, scale };
}
