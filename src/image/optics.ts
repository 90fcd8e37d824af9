import type { Optics, Region } from "./image.js";

/** x of a point in pixels (centres at whole numbers) → x of the same point after cropping and resizing. */
const moved = (x: number, start: number, scale: number): number => (x - start + 0.5) * scale - 0.5;

/** The calibration of a region that is resized to width × height. Distortion and rectification are of rays and stay. */
export function opticsOf(optics: Optics, [x, y, w, h]: Region, width: number, height: number): Optics {
  if (x === 0 && y === 0 && w === width && h === height) return optics;
  const [scaleX, scaleY] = [width / w, height / h];
  return {
    ...optics,
    intrinsics: scaled(optics.intrinsics, 3, x, y, scaleX, scaleY),
    projection: scaled(optics.projection, 4, x, y, scaleX, scaleY),
  };
}

/** Crops and scales a matrix that maps homogeneous points to pixels: its first row gives x, its second y. */
function scaled(matrix: Float64Array, columns: 3 | 4, x: number, y: number, scaleX: number, scaleY: number) {
  const result = matrix.slice();
  for (let column = 0; column < columns; column++) {
    if (column === 2) continue;
    result[column]! *= scaleX;
    result[columns + column]! *= scaleY;
  }
  result[2] = moved(matrix[2]!, x, scaleX);
  result[columns + 2] = moved(matrix[columns + 2]!, y, scaleY);
  return result;
}
