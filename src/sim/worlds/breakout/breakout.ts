import type { Canvas } from "../canvas.js";
import type { World, WorldStep } from "../world.js";
import {
  BALL,
  BRICK_HEIGHT,
  BRICK_WIDTH,
  brickAt,
  COLUMNS,
  LEFT,
  PADDLE_HEIGHT,
  PADDLE_TOP,
  PADDLE_WIDTH,
  RIGHT,
  ROWS,
  TOP,
  WALL_TOP,
} from "./court.js";
import { FACTS, SKIP } from "./facts.js";
import { brickCorner, Game, UNITS } from "./game.js";

const [BACKGROUND, WALL, BRICK, PADDLE, BALL_LABEL] = [0, 1, 2, 3, 4];

/** Brightness of each class; bricks are brighter from row to row. */
const BRIGHTNESS = [0, 110, 130, 210, 255];
const BRIGHTER_ROW = 10;

const { width: WIDTH, height: HEIGHT } = FACTS.picture;
const NOWHERE = -100;

/** Where ball and paddle are in a frame: columns and row of their upper left pixels. */
interface Frame {
  ballX: number;
  ballY: number;
  paddle: number;
}

/** Breakout by our own rules (`docs/worlds.md`), at 84 × 84 grey. A step is four frames of the game. */
export class Breakout implements World {
  readonly facts = FACTS;
  readonly #canvas: Canvas;
  readonly #game = new Game();
  /** The last two frames of the step. */
  readonly #before: Frame = { ballX: NOWHERE, ballY: NOWHERE, paddle: NOWHERE };
  readonly #last: Frame = { ...this.#before };
  /** Where the canvas shows ball and paddle. */
  readonly #shown: readonly Frame[] = [{ ...this.#before }, { ...this.#before }];
  /** 1 where the canvas shows a brick. */
  readonly #shownBricks = new Uint8Array(ROWS * COLUMNS);
  #isDrawn = false;
  #steps = 0;
  readonly #result = { reward: 0, terminated: false, truncated: false, success: false, lifeLost: false };

  constructor(canvas: Canvas) {
    this.#canvas = canvas;
  }

  reset(seed: number, episode: number): void {
    this.#game.reset(seed, episode);
    this.#steps = 0;
    this.#look(this.#last);
    this.#look(this.#before);
    this.#draw();
  }

  step(actions: ArrayLike<number>, at = 0): WorldStep {
    const game = this.#game;
    const result = this.#result;
    const { lives } = game;
    result.reward = 0;
    for (let frame = 0; frame < SKIP; frame++) {
      Object.assign(this.#before, this.#last);
      result.reward += game.frame(actions[at]!);
      this.#look(this.#last);
    }
    this.#steps += 1;
    result.lifeLost = game.lives < lives;
    result.success = !game.bricks.includes(1);
    result.terminated = result.success || game.lives === 0;
    result.truncated = this.#steps >= this.facts.limit;
    this.#draw();
    return result;
  }

  /** Part of the bricks that are gone. */
  progress(): number {
    return this.#game.bricks.reduce((gone, state) => (state === 1 ? gone : gone + 1), 0) / this.#game.bricks.length;
  }

  segmentation(into: Uint8Array): void {
    for (let y = 0, i = 0; y < HEIGHT; y++) for (let x = 0; x < WIDTH; x++) into[i++] = this.#label(x, y);
  }

  /** Steps, the frame before the last, then the game. */
  save(): Float64Array {
    const { ballX, ballY, paddle } = this.#before;
    return Float64Array.of(this.#steps, ballX, ballY, paddle, ...this.#game.save());
  }

  restore(saved: Float64Array): void {
    const [steps, ballX, ballY, paddle] = saved;
    this.#steps = steps!;
    this.#game.restore(saved.subarray(4));
    this.#look(this.#last);
    Object.assign(this.#before, { ballX, ballY, paddle });
    this.#draw();
  }

  #look(frame: Frame): void {
    const { inPlay, x, y, paddle } = this.#game;
    frame.ballX = inPlay ? Math.floor(x / UNITS) : NOWHERE;
    frame.ballY = inPlay ? Math.floor(y / UNITS) : NOWHERE;
    frame.paddle = Math.floor(paddle / UNITS);
  }

  /** Class of a pixel: of what is brightest there in the last two frames. */
  #label(x: number, y: number): number {
    const { ballX: x0, ballY: y0, paddle: p0 } = this.#before;
    const { ballX: x1, ballY: y1, paddle: p1 } = this.#last;
    if (isIn(x, x0, BALL) && isIn(y, y0, BALL)) return BALL_LABEL;
    if (isIn(x, x1, BALL) && isIn(y, y1, BALL)) return BALL_LABEL;
    if (isIn(y, PADDLE_TOP, PADDLE_HEIGHT) && (isIn(x, p0, PADDLE_WIDTH) || isIn(x, p1, PADDLE_WIDTH))) return PADDLE;
    const brick = brickAt(x, y);
    if (brick >= 0) return this.#game.bricks[brick] ? BRICK : BACKGROUND;
    return y >= WALL_TOP && (y < TOP || x < LEFT || x >= RIGHT) ? WALL : BACKGROUND;
  }

  /** Brings the canvas up to date. */
  #draw(): void {
    if (!this.#isDrawn) this.#paint(0, 0, WIDTH, HEIGHT);
    this.#isDrawn = true;
    const { bricks } = this.#game;
    for (let brick = 0; brick < bricks.length; brick++) {
      const isSeen = bricks[brick] ? 1 : 0;
      if (this.#shownBricks[brick] === isSeen) continue;
      this.#shownBricks[brick] = isSeen;
      const [x, y] = brickCorner(brick);
      this.#paint(x, y, BRICK_WIDTH, BRICK_HEIGHT);
    }
    // What was there, then what is there now; both may overlap.
    for (const frame of this.#shown) this.#paintFrame(frame);
    Object.assign(this.#shown[0]!, this.#before);
    Object.assign(this.#shown[1]!, this.#last);
    for (const frame of this.#shown) this.#paintFrame(frame);
  }

  #paintFrame({ ballX, ballY, paddle }: Frame): void {
    if (ballX >= 0) this.#paint(ballX, ballY, BALL, BALL);
    if (paddle >= 0) this.#paint(paddle, PADDLE_TOP, PADDLE_WIDTH, PADDLE_HEIGHT);
  }

  /** Draws the pixels of a box. */
  #paint(left: number, top: number, width: number, height: number): void {
    const { data, offset, column, row } = this.#canvas;
    const bottom = Math.min(top + height, HEIGHT);
    for (let y = top; y < bottom; y++) {
      for (let x = left; x < left + width; x++) {
        const label = this.#label(x, y);
        const brighter = label === BRICK ? BRIGHTER_ROW * Math.floor(brickAt(x, y) / COLUMNS) : 0;
        data[offset + y * row + x * column] = BRIGHTNESS[label]! + brighter;
      }
    }
  }
}

const isIn = (at: number, from: number, size: number): boolean => at >= from && at < from + size;
