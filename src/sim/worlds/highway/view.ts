import { Polygons } from "../../render/polygons.js";
import { type Colour, Raster } from "../../render/raster.js";
import { focalLength } from "../../render/view.js";
import { FACTS } from "./facts.js";
import { LANE_WIDTH, LANES, laneMiddle, RAIL, type Road } from "./road.js";
import { CAR_LENGTH, CAR_WIDTH, CARS, type Car } from "./traffic.js";

/** Labels of pixels. */
const [SKY, GROUND, ROAD, MARK, RAIL_LABEL, CAR, EGO] = [0, 1, 2, 3, 4, 5, 6];

const SKY_COLOUR: Colour = [150, 190, 230];
const GROUND_COLOUR: Colour = [90, 130, 70];
const ROAD_COLOUR: Colour = [70, 70, 75];
const MARK_COLOUR: Colour = [235, 235, 225];
const RAIL_COLOUR: Colour = [170, 170, 175];
const EGO_COLOUR: Colour = [220, 30, 30];
/** Colours of other cars, in turn. */
const CAR_COLOURS: readonly Colour[] = [
  [60, 90, 220],
  [230, 200, 40],
  [240, 240, 240],
  [40, 170, 150],
  [150, 70, 190],
];

/** The camera stands behind and above the car and looks down by this angle, rad. */
const BACK = 12;
const HEIGHT = 7;
const PITCH = Math.PI / 10;
const FIELD_OF_VIEW = 60;
const NEAR = 1;

/** The road is drawn in pieces of this length, from behind to ahead of the car, metres. */
const PIECE = 3;
const [FROM, TO] = [-9, 170];
const PIECES = Math.ceil((TO - FROM) / PIECE) + 2;
/** A dash in one piece of three. */
const DASH = 3;
const LINE = 0.25;
const RAIL_HEIGHT = 0.6;
/** Half the side of the ground, metres. */
const FIELD = 2000;

/** Heights that keep the layers on the ground apart. */
const [GROUND_HEIGHT, ROAD_HEIGHT, MARK_HEIGHT] = [-0.3, 0, 0.05];

/** Boxes of a car: length, width, lower and upper edge, and how far its middle lies back, metres; part of the colour. */
const BOXES = [
  { length: CAR_LENGTH, width: CAR_WIDTH, low: 0.25, high: 0.95, back: 0, part: 1 },
  { length: 2.3, width: 1.6, low: 0.95, high: 1.5, back: 0.2, part: 0.6 },
];
/** Brightness of a box's top, its back and front, and its sides. */
const [TOP_LIGHT, END_LIGHT, SIDE_LIGHT] = [1, 0.75, 0.6];

/** Where the car is that is driven: place along the road, distance to the left of its middle (m), angle to it (rad). */
export interface Pose {
  readonly place: number;
  readonly left: number;
  readonly angle: number;
}

const SINE = Math.sin(PITCH);
const COSINE = Math.cos(PITCH);

/** The picture from behind the car that is driven. */
export class HighwayView {
  readonly raster = new Raster(FACTS.picture.width, FACTS.picture.height);
  readonly #polygons = new Polygons(this.raster, focalLength(FIELD_OF_VIEW, FACTS.picture.height), NEAR);
  /** Right, up, depth, brightness of a polygon's corners. */
  readonly #corners = new Float64Array(16);
  // The road's middle at the ends of its pieces: ahead and left of the car that is driven (m), and direction from the car's.
  readonly #x = new Float64Array(PIECES);
  readonly #y = new Float64Array(PIECES);
  readonly #direction = new Float64Array(PIECES);
  readonly #sine = new Float64Array(PIECES);
  readonly #cosine = new Float64Array(PIECES);
  /** Index of the first piece: its place is that many pieces along the road. */
  #first = 0;

  draw(road: Road, pose: Pose, cars: readonly Car[]): void {
    this.raster.clear(SKY_COLOUR);
    this.#layRoad(road, pose);
    this.#drawCar({ x: 0, y: 0, direction: 0 }, EGO_COLOUR, EGO);
    for (let i = 0; i < CARS; i++) {
      const { place, lane } = cars[i]!;
      const at = this.#at(place, laneMiddle(lane));
      if (at) this.#drawCar(at, CAR_COLOURS[i % CAR_COLOURS.length]!, CAR);
    }
    this.#drawRoad();
    this.#flat(FIELD, GROUND_HEIGHT);
  }

  /** Label of a pixel of the last picture. */
  label(pixel: number): number {
    const id = this.raster.segmentation[pixel]!;
    return id < 0 ? SKY : id;
  }

  /** Finds the ends of the pieces of road, seen from the car. */
  #layRoad(road: Road, { place, left, angle }: Pose): void {
    const own = road.heading(place);
    const first = Math.floor((place + FROM) / PIECE);
    this.#first = first;
    const here = Math.floor(place / PIECE) - first;
    // The car stands to the left of the road's middle, and turned.
    const start = { x: -left * Math.sin(angle), y: -left * Math.cos(angle) };
    const lay = (from: number, to: number, step: 1 | -1): void => {
      let [x, y, at] = [start.x, start.y, place];
      for (let i = from; i !== to; i += step) {
        const end = (first + i) * PIECE;
        const middle = road.heading((at + end) / 2) - own - angle;
        x += (end - at) * Math.cos(middle);
        y += (end - at) * Math.sin(middle);
        at = end;
        this.#x[i] = x;
        this.#y[i] = y;
        const direction = road.heading(end) - own - angle;
        this.#direction[i] = direction;
        this.#sine[i] = Math.sin(direction);
        this.#cosine[i] = Math.cos(direction);
      }
    };
    lay(here, -1, -1);
    lay(here + 1, PIECES, 1);
  }

  /** A point of the road, seen from the car; undefined where none is drawn. */
  #at(place: number, left: number): { x: number; y: number; direction: number } | undefined {
    const piece = place / PIECE - this.#first;
    const i = Math.floor(piece);
    if (i < 0 || i + 1 >= PIECES) return undefined;
    const part = piece - i;
    const mean = (values: Float64Array): number => values[i]! + part * (values[i + 1]! - values[i]!);
    const direction = mean(this.#direction);
    return {
      x: mean(this.#x) - left * Math.sin(direction),
      y: mean(this.#y) + left * Math.cos(direction),
      direction,
    };
  }

  #drawRoad(): void {
    const edge = (LANES * LANE_WIDTH) / 2;
    for (let i = 0; i + 1 < PIECES; i++) {
      for (const side of [-1, 1]) this.#strip(i, side * edge, LINE);
      if ((((this.#first + i) % DASH) + DASH) % DASH === 0) {
        for (let lane = 1; lane < LANES; lane++) this.#strip(i, laneMiddle(lane) - LANE_WIDTH / 2, LINE);
      }
      this.#rail(i, -RAIL);
      this.#rail(i, RAIL);
      this.#between(i, -RAIL, RAIL, ROAD_HEIGHT);
      this.#fill(ROAD_COLOUR, ROAD);
    }
  }

  #strip(piece: number, left: number, width: number): void {
    this.#between(piece, left - width / 2, left + width / 2, MARK_HEIGHT);
    this.#fill(MARK_COLOUR, MARK);
  }

  /** Puts the corners of a piece of road between two distances to the left, right one first. */
  #between(piece: number, right: number, left: number, height: number): void {
    this.#edge(0, piece, right, height);
    this.#edge(1, piece + 1, right, height);
    this.#edge(2, piece + 1, left, height);
    this.#edge(3, piece, left, height);
  }

  #rail(piece: number, left: number): void {
    // Seen from the road: the right rail from its left, the left one from its right.
    const [near, far] = left < 0 ? [piece + 1, piece] : [piece, piece + 1];
    this.#edge(0, near, left, RAIL_HEIGHT);
    this.#edge(1, near, left, 0);
    this.#edge(2, far, left, 0);
    this.#edge(3, far, left, RAIL_HEIGHT);
    this.#fill(RAIL_COLOUR, RAIL_LABEL);
  }

  /** The ground all around. */
  #flat(half: number, height: number): void {
    this.#put(0, -half, -half, height);
    this.#put(1, half, -half, height);
    this.#put(2, half, half, height);
    this.#put(3, -half, half, height);
    this.#fill(GROUND_COLOUR, GROUND);
  }

  #drawCar(at: { x: number; y: number; direction: number }, colour: Colour, label: number): void {
    const [sine, cosine] = [Math.sin(at.direction), Math.cos(at.direction)];
    for (const { length, width, low, high, back, part } of BOXES) {
      const paint: Colour = [colour[0] * part, colour[1] * part, colour[2] * part];
      // Corners: behind right, ahead right, ahead left, behind left.
      const corner = (i: number, turn: number, height: number): void => {
        const ahead = (turn === 1 || turn === 2 ? length / 2 : -length / 2) - back;
        const left = turn < 2 ? -width / 2 : width / 2;
        this.#put(i, at.x + ahead * cosine - left * sine, at.y + ahead * sine + left * cosine, height);
      };
      for (let turn = 0; turn < 4; turn++) corner(turn, turn, high);
      this.#fill(paint, label, TOP_LIGHT);
      for (let turn = 0; turn < 4; turn++) {
        const next = (turn + 1) % 4;
        corner(0, turn, high);
        corner(1, turn, low);
        corner(2, next, low);
        corner(3, next, high);
        this.#fill(paint, label, turn % 2 === 0 ? SIDE_LIGHT : END_LIGHT);
      }
    }
  }

  /** Puts a corner at an end of a piece of road. */
  #edge(corner: number, piece: number, left: number, height: number): void {
    this.#put(
      corner,
      this.#x[piece]! - left * this.#sine[piece]!,
      this.#y[piece]! + left * this.#cosine[piece]!,
      height,
    );
  }

  /** Puts a corner ahead and left of the car, and above the road. */
  #put(corner: number, ahead: number, left: number, height: number): void {
    const corners = this.#corners;
    corners[4 * corner] = -left;
    corners[4 * corner + 1] = (ahead + BACK) * SINE + (height - HEIGHT) * COSINE;
    corners[4 * corner + 2] = (ahead + BACK) * COSINE - (height - HEIGHT) * SINE;
  }

  #fill(colour: Colour, label: number, light = 1): void {
    for (let i = 0; i < 4; i++) this.#corners[4 * i + 3] = light;
    this.#polygons.draw(this.#corners, 4, colour, label);
  }
}
