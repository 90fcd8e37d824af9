/** Where things are in the picture, pixels. A box holds its first column and row, not its last ones. */

export const LEFT = 6;
export const RIGHT = 78;
export const TOP = 13;
/** Upper edge of the wall at the top. */
export const WALL_TOP = 7;

export const ROWS = 6;
export const COLUMNS = 18;
export const BRICKS_TOP = 20;
export const BRICK_WIDTH = 4;
export const BRICK_HEIGHT = 3;

export const PADDLE_TOP = 75;
export const PADDLE_WIDTH = 12;
export const PADDLE_HEIGHT = 2;

export const BALL = 2;
/** A ball whose upper edge is here is lost. */
export const LOST = 82;

/** The brick at a pixel; −1 where there is no place for one. */
export function brickAt(x: number, y: number): number {
  if (x < LEFT || x >= RIGHT || y < BRICKS_TOP || y >= BRICKS_TOP + ROWS * BRICK_HEIGHT) return -1;
  return Math.floor((y - BRICKS_TOP) / BRICK_HEIGHT) * COLUMNS + Math.floor((x - LEFT) / BRICK_WIDTH);
}
