import { type Random, random } from "../../random.js";
import type { Canvas } from "../canvas.js";
import type { World, WorldStep } from "../world.js";
import { FACTS, ROOM, TILE } from "./facts.js";
import { AGENT, BLUE, EMPTY, GREEN, TILE_LABELS, tilePictures, WALL, YELLOW } from "./tiles.js";

const [LEFT, RIGHT, FORWARD, PICKUP] = [0, 1, 2, 3];

/** Steps from a cell to the one in front, by direction: right, down, left, up. */
const AHEAD = [1, ROOM, -1, -ROOM] as const;

const PICTURES = tilePictures(TILE);
const AREA = TILE * TILE;

/** Where things are: cells are row · 8 + column. */
export interface Layout {
  readonly agent: number;
  /** 0 right, 1 down, 2 left, 3 up. */
  readonly direction: number;
  readonly green: number;
  readonly blue: number;
  readonly yellow: number;
}

/**
 * The room of the paper's first task: the red agent fetches the green ball and leaves the blue and the yellow one. Rules,
 * reward and picture are those of MiniGrid's Fetch; `docs/worlds.md` names what differs.
 */
export class RedFetchGreen implements World {
  readonly facts = FACTS;
  readonly #canvas: Canvas;
  /** Kind of each cell's content, without the agent. */
  readonly #cells = new Uint8Array(ROOM * ROOM);
  /** Kind of tile that the canvas shows in each cell; 255: none yet. */
  readonly #shown = new Uint8Array(ROOM * ROOM).fill(255);
  #agent = 0;
  #direction = 0;
  #steps = 0;
  readonly #result = { reward: 0, terminated: false, truncated: false, success: false };

  constructor(canvas: Canvas) {
    this.#canvas = canvas;
  }

  reset(seed: number, episode: number): void {
    const numbers = random(seed, episode);
    const taken: number[] = [];
    const [green, blue, yellow, agent] = [0, 1, 2, 3].map(() => freeCell(numbers, taken));
    this.place({ green: green!, blue: blue!, yellow: yellow!, agent: agent!, direction: numbers.integer(4) });
  }

  /** Starts an episode with things where the layout says: five different cells inside the walls. */
  place({ agent, direction, green, blue, yellow }: Layout): void {
    for (let cell = 0; cell < ROOM * ROOM; cell++) this.#cells[cell] = isInside(cell) ? EMPTY : WALL;
    this.#cells[green] = GREEN;
    this.#cells[blue] = BLUE;
    this.#cells[yellow] = YELLOW;
    this.#agent = agent;
    this.#direction = direction;
    this.#steps = 0;
    this.#draw();
  }

  step(actions: ArrayLike<number>, at = 0): WorldStep {
    const cells = this.#cells;
    const from = this.#agent;
    const ahead = from + AHEAD[this.#direction]!;
    const found = cells[ahead]!;
    this.#steps += 1;
    const result = this.#result;
    result.reward = 0;
    result.terminated = false;
    switch (actions[at]) {
      case LEFT:
        this.#direction = (this.#direction + 3) % 4;
        break;
      case RIGHT:
        this.#direction = (this.#direction + 1) % 4;
        break;
      case FORWARD:
        if (found === EMPTY) this.#agent = ahead;
        break;
      case PICKUP:
        if (found === EMPTY || found === WALL) break;
        cells[ahead] = EMPTY;
        result.terminated = true;
        if (found === GREEN) result.reward = 1 - 0.9 * (this.#steps / this.facts.limit);
        break;
      default:
        throw new Error(`action ${actions[at]}: expected 0 to 3`);
    }
    result.truncated = this.#steps >= this.facts.limit;
    result.success = result.reward > 0;
    this.#show(from);
    this.#show(ahead);
    this.#show(this.#agent);
    return result;
  }

  /** 1 once the green ball is picked up. */
  progress(): number {
    return this.#cells.includes(GREEN) ? 0 : 1;
  }

  /** Every pixel of a tile has the label of what is in it. */
  segmentation(into: Uint8Array): void {
    const width = ROOM * TILE;
    for (let cell = 0; cell < ROOM * ROOM; cell++) {
      const label = TILE_LABELS[this.#kind(cell)]!;
      const corner = Math.floor(cell / ROOM) * TILE * width + (cell % ROOM) * TILE;
      for (let y = 0; y < TILE; y++) into.fill(label, corner + y * width, corner + y * width + TILE);
    }
  }

  /** Agent, direction, steps, then the contents of all cells. */
  save(): Float64Array {
    return Float64Array.of(this.#agent, this.#direction, this.#steps, ...this.#cells);
  }

  restore(saved: Float64Array): void {
    this.#agent = saved[0]!;
    this.#direction = saved[1]!;
    this.#steps = saved[2]!;
    this.#cells.set(saved.subarray(3));
    this.#draw();
  }

  #kind(cell: number): number {
    return cell === this.#agent ? AGENT + this.#direction : this.#cells[cell]!;
  }

  #draw(): void {
    for (let cell = 0; cell < ROOM * ROOM; cell++) this.#show(cell);
  }

  /** Draws a cell's tile where the canvas shows another. */
  #show(cell: number): void {
    const kind = this.#kind(cell);
    if (this.#shown[cell] === kind) return;
    this.#shown[cell] = kind;
    const { data, offset, column, row, channel } = this.#canvas;
    const corner = offset + Math.floor(cell / ROOM) * TILE * row + (cell % ROOM) * TILE * column;
    let from = kind * 3 * AREA;
    for (let c = 0; c < 3; c++) {
      for (let y = 0; y < TILE; y++) {
        let to = corner + c * channel + y * row;
        for (let x = 0; x < TILE; x++, to += column) data[to] = PICTURES[from++]!;
      }
    }
  }
}

function isInside(cell: number): boolean {
  const [x, y] = [cell % ROOM, Math.floor(cell / ROOM)];
  return x > 0 && x < ROOM - 1 && y > 0 && y < ROOM - 1;
}

/** A cell inside the walls that is not taken, each as likely; it is taken then. */
function freeCell(numbers: Random, taken: number[]): number {
  for (;;) {
    const inside = ROOM - 2;
    const cell = (1 + numbers.integer(inside)) * ROOM + 1 + numbers.integer(inside);
    if (taken.includes(cell)) continue;
    taken.push(cell);
    return cell;
  }
}
