import { random } from "../../random.js";
import {
  BALL,
  BRICK_HEIGHT,
  BRICK_WIDTH,
  BRICKS_TOP,
  brickAt,
  COLUMNS,
  LEFT,
  LOST,
  PADDLE_TOP,
  PADDLE_WIDTH,
  RIGHT,
  ROWS,
  TOP,
} from "./court.js";

/** Actions, in the order of their names. */
const [NOOP, FIRE, MOVE_RIGHT, MOVE_LEFT] = [0, 1, 2, 3];

/** Units of position a pixel: all positions are whole numbers. */
export const UNITS = 16;
const BALL_SIZE = BALL * UNITS;

const LIVES = 5;
const PADDLE_SPEED = 24;
/** Row in which the ball is served, and frames without a ball after which one is served by itself. */
const SERVE_TOP = 45;
const PATIENCE = 120;

/** Units a frame that each level of speed multiplies: down, and across for each zone of the paddle. */
const DOWN = 4;
const ZONES = [-4, -3, -2, -1, 1, 2, 3, 4];
const [SLOW, FASTER, FASTEST] = [3, 4, 5];
/** Returns in a row, without a brick between them, that leave the paddle as they were aimed. */
const AIMED = 4;

/** Brick that is there, gone, and gone in this frame. */
const THERE = 1;
const GONE = 0;
const JUST_GONE = 2;

/** Index of each number of a game's state; the bricks come after them. */
const NUMBERS = [
  ...(["seed", "episode", "lives", "serves", "paddle", "x", "y", "across", "down", "hits", "level"] as const),
  ...(["idle", "waited"] as const),
] as const;
type Numbers = Record<(typeof NUMBERS)[number], number>;

/** A game of Breakout, 60 frames a second. Positions are upper left corners in 1/16 pixel. */
export class Game {
  lives = LIVES;
  paddle = 0;
  /** Upper left corner of the ball; `down` is 0 while there is none. */
  x = 0;
  y = 0;
  /** Velocity in multiples of the level of speed: across −4 to 4, and 1 down, −1 up. */
  across = 0;
  down = 0;
  /** By row and column from the upper left: `THERE`, gone, or `JUST_GONE`. */
  readonly bricks = new Uint8Array(ROWS * COLUMNS);
  #seed = 0;
  #episode = 0;
  #serves = 0;
  #hits = 0;
  #level = SLOW;
  /** Returns since the last brick or serve, and frames without a ball. */
  #idle = 0;
  #waited = 0;

  reset(seed: number, episode: number): void {
    this.#seed = seed;
    this.#episode = episode;
    this.lives = LIVES;
    this.#serves = 0;
    this.paddle = ((LEFT + RIGHT - PADDLE_WIDTH) / 2) * UNITS;
    this.down = 0;
    this.#waited = 0;
    this.bricks.fill(THERE);
  }

  /** True where a ball is in play. */
  get inPlay(): boolean {
    return this.down !== 0;
  }

  /** Plays a frame. Returns the number of bricks hit. */
  frame(action: number): number {
    const { bricks } = this;
    for (let brick = 0; brick < bricks.length; brick++) if (bricks[brick] === JUST_GONE) bricks[brick] = GONE;
    switch (action) {
      case NOOP:
        break;
      case FIRE:
        if (!this.inPlay) this.#serve();
        break;
      case MOVE_RIGHT:
        this.paddle = Math.min(this.paddle + PADDLE_SPEED, (RIGHT - PADDLE_WIDTH) * UNITS);
        break;
      case MOVE_LEFT:
        this.paddle = Math.max(this.paddle - PADDLE_SPEED, LEFT * UNITS);
        break;
      default:
        throw new Error(`action ${action}: expected 0 to 3`);
    }
    if (!this.inPlay && ++this.#waited === PATIENCE) this.#serve();
    return this.inPlay ? this.#moveAcross() + this.#moveDown() : 0;
  }

  save(): number[] {
    const { lives, paddle, x, y, across, down } = this;
    const numbers: Numbers = {
      ...{ seed: this.#seed, episode: this.#episode, serves: this.#serves, hits: this.#hits, level: this.#level },
      ...{ lives, paddle, x, y, across, down, idle: this.#idle, waited: this.#waited },
    };
    return [...NUMBERS.map((name) => numbers[name]), ...this.bricks];
  }

  restore(saved: ArrayLike<number>): void {
    const numbers = Object.fromEntries(NUMBERS.map((name, i) => [name, saved[i]!])) as Numbers;
    const { seed, episode, serves, hits, level, idle, waited, ...rest } = numbers;
    Object.assign(this, rest);
    this.#seed = seed;
    this.#episode = episode;
    this.#serves = serves;
    this.#hits = hits;
    this.#level = level;
    this.#idle = idle;
    this.#waited = waited;
    for (let brick = 0; brick < this.bricks.length; brick++) this.bricks[brick] = saved[NUMBERS.length + brick]!;
  }

  #serve(): void {
    const numbers = random(this.#seed, this.#episode, this.#serves);
    this.#serves += 1;
    this.#hits = 0;
    this.#idle = 0;
    this.#waited = 0;
    this.#level = SLOW;
    this.x = (LEFT + numbers.integer(RIGHT - LEFT - BALL + 1)) * UNITS;
    this.y = SERVE_TOP * UNITS;
    this.across = ZONES[numbers.integer(ZONES.length)]!;
    this.down = 1;
  }

  #moveAcross(): number {
    const [low, high] = [LEFT * UNITS, RIGHT * UNITS - BALL_SIZE];
    let x = this.x + this.across * this.#level;
    if (x < low || x > high) {
      x = 2 * (x < low ? low : high) - x;
      this.across = -this.across;
    }
    const brick = this.#brickUnder(x, this.y);
    if (brick >= 0) this.across = -this.across;
    else this.x = x;
    return this.#take(brick);
  }

  #moveDown(): number {
    const before = this.y;
    let y = before + this.down * DOWN * this.#level;
    if (y < TOP * UNITS) {
      y = 2 * TOP * UNITS - y;
      this.down = 1;
    }
    const brick = this.#brickUnder(this.x, y);
    if (brick >= 0) {
      this.down = -this.down;
      return this.#take(brick);
    }
    const contact = PADDLE_TOP * UNITS - BALL_SIZE;
    const zone = this.#zone();
    if (before <= contact && y > contact && zone !== undefined) {
      y = 2 * contact - y;
      this.#hits += 1;
      this.#idle += 1;
      this.across = this.#idle > AIMED ? this.#strayed() : zone;
      this.down = -1;
      const level = this.#hits >= 12 ? FASTEST : this.#hits >= 4 ? FASTER : SLOW;
      this.#level = Math.max(this.#level, level);
    }
    this.y = y;
    if (y >= LOST * UNITS) {
      this.down = 0;
      this.lives -= 1;
    }
    return 0;
  }

  /** Velocity across that the part of the paddle under the ball gives; undefined beside the paddle. */
  #zone(): number | undefined {
    const reach = PADDLE_WIDTH * UNITS + BALL_SIZE;
    const at = this.x + BALL_SIZE - this.paddle;
    return at > 0 && at < reach ? ZONES[Math.floor((at * ZONES.length) / reach)] : undefined;
  }

  /** Velocity across of a return that goes astray: a ball that hits no brick for long would else go round for ever. */
  #strayed(): number {
    return ZONES[random(this.#seed, this.#episode, this.#serves, this.#hits).integer(ZONES.length)]!;
  }

  /** Removes a brick; −1: none. Returns the number of bricks removed. */
  #take(brick: number): number {
    if (brick < 0) return 0;
    this.bricks[brick] = JUST_GONE;
    this.#idle = 0;
    // The two upper rows make the ball as fast as it gets.
    if (brick < 2 * COLUMNS) this.#level = FASTEST;
    return 1;
  }

  /** A brick that a ball there would overlap, the one under its middle first; −1: none. */
  #brickUnder(x: number, y: number): number {
    if (y + BALL_SIZE <= BRICKS_TOP * UNITS || y >= (BRICKS_TOP + ROWS * BRICK_HEIGHT) * UNITS) return -1;
    const middle = this.#there(x + BALL_SIZE / 2, y + BALL_SIZE / 2);
    if (middle >= 0) return middle;
    // The ball is smaller than a brick: its corners are enough.
    for (let corner = 0; corner < 4; corner++) {
      const brick = this.#there(x + (corner % 2) * (BALL_SIZE - 1), y + (corner >> 1) * (BALL_SIZE - 1));
      if (brick >= 0) return brick;
    }
    return -1;
  }

  #there(x: number, y: number): number {
    const brick = brickAt(Math.floor(x / UNITS), Math.floor(y / UNITS));
    return brick >= 0 && this.bricks[brick] === THERE ? brick : -1;
  }
}

/** Upper left pixel of a brick. */
export const brickCorner = (brick: number): readonly [x: number, y: number] => [
  LEFT + (brick % COLUMNS) * BRICK_WIDTH,
  BRICKS_TOP + Math.floor(brick / COLUMNS) * BRICK_HEIGHT,
];
