import { readFile } from "node:fs/promises";
import { Arm } from "../../../arm/arm.js";
import { Data } from "../../../arm/data.js";
import type { Model } from "../../../arm/model.js";
import { modelFromXml } from "../../../arm/mujoco.js";
import { packageUrl } from "../../../package-files.js";
import { inverseKinematics } from "../../expert/inverse-kinematics.js";
import { Camera } from "../../render/camera.js";
import type { Raster } from "../../render/raster.js";
import { FACTS } from "./facts.js";
import { CELLS, COLUMNS, type Table } from "./rules.js";
import { type ColourName, type Kind, THINGS, thingNumber } from "./things.js";

const FILE = "models/tabletop.xml";
const JOINTS = [
  "shoulder_pan",
  "shoulder_lift",
  "upper_arm_roll",
  "elbow_flex",
  "forearm_roll",
  "wrist_flex",
  "wrist_roll",
];
/** Joint positions that all others are near, rad. */
const POSTURE = [0.1, 0.1, -1.54, -1.7, 1.54, -0.2, 0];

/** Side of a cell, height of the table, distance of its first row from the arm's base, and height of the gripper, metres. */
const PITCH = 0.12;
const TABLE_HEIGHT = -0.42;
const FIRST_ROW = 0.42;
const HOVER = 0.17;
/** How far the fingers move apart to hold something, metres. */
const GRIP = 0.026;
/** Where things are that an episode does not have: behind the camera. */
const AWAY = 50;

const RGB: Readonly<Record<ColourName, string>> = {
  red: "0.90 0.12 0.10",
  green: "0.12 0.68 0.18",
  blue: "0.12 0.30 0.95",
  yellow: "0.96 0.82 0.10",
  purple: "0.62 0.16 0.78",
};
const TILES = ["0.72 0.70 0.66", "0.64 0.62 0.58"];

/** Geoms of a thing, the middle of its underside as origin; `r` is its colour. */
const SHAPES: Readonly<Record<Kind, (r: string) => string>> = {
  block: (r) => `<geom type="box" pos="0 0 0.032" size="0.032 0.032 0.032" rgba="${r}"/>`,
  ball: (r) => `<geom type="sphere" pos="0 0 0.036" size="0.036" rgba="${r}"/>`,
  cup: (r) =>
    `<geom type="cylinder" pos="0 0 0.038" size="0.026 0.038" rgba="${r}"/>
     <geom type="cylinder" pos="0 0 0.0765" size="0.019 0.0005" rgba="0.15 0.15 0.15 1"/>
     <geom type="box" pos="-0.036 0 0.04" size="0.012 0.006 0.02" rgba="${r}"/>`,
  bowl: (r) =>
    `<geom type="cylinder" pos="0 0 0.012" size="0.056 0.012" rgba="${r}"/>
     <geom type="cylinder" pos="0 0 0.0245" size="0.042 0.0005" rgba="0.9 0.9 0.88 1"/>`,
  drawer: (r) => `<geom type="box" pos="0 -0.028 0.034" size="0.054 0.028 0.034" rgba="${r}"/>`,
};
/** The drawer's box, which slides out; its front is white round the handle. */
const TRAY = (r: string): string =>
  `<geom type="box" pos="0 0.002 0.032" size="0.046 0.002 0.026" rgba="${r}"/>
   <geom type="box" pos="0 0.006 0.036" size="0.016 0.003 0.007" rgba="0.97 0.97 0.95 1"/>
   <geom type="box" pos="0 -0.026 0.008" size="0.046 0.026 0.002" rgba="0.97 0.97 0.95 1"/>`;
/** How far an open drawer slides, metres. */
const SLIDE = 0.054;

/** Where contents lie in a bowl and in an open drawer, from its origin, metres: by slot. */
const INSIDE: Readonly<Record<"bowl" | "drawer", readonly (readonly [x: number, y: number, z: number])[]>> = {
  bowl: [
    [0.026, 0.004, 0.024],
    [-0.026, 0.004, 0.024],
    [0, -0.004, 0.084],
  ],
  drawer: [
    [0.026, 0.026, 0.012],
    [-0.026, 0.026, 0.012],
    [0, 0.022, 0.072],
  ],
};

const nameOf = (number: number): string => `${THINGS[number]!.colour}_${THINGS[number]!.kind}`;

/** The middle of a cell on the table, metres. Columns count from the left of the picture, which the camera sees turned. */
const placeOf = (cell: number): [x: number, y: number, z: number] => [
  ((COLUMNS - 1) / 2 - (cell % COLUMNS)) * PITCH,
  FIRST_ROW + Math.floor(cell / COLUMNS) * PITCH,
  TABLE_HEIGHT,
];

/**
 * What a pixel shows: a thing by its number in `THINGS`, after them the table's tiles by cell, then the arm, the rest, and
 * the arm's hand.
 */
export const FIRST_TILE = THINGS.length;
export const ARM_SHOWN = FIRST_TILE + CELLS;
export const NOTHING_SHOWN = ARM_SHOWN + 1;
export const HAND_SHOWN = NOTHING_SHOWN + 1;
const HAND = ["palm", "left_finger", "right_finger"];

/** Draws tables: the arm above its cell, the table and the things on it. */
export class Scene {
  readonly #data: Data;
  readonly #camera: Camera;
  /** Postures of the arm above each cell, [cells][joints]. */
  readonly #postures: readonly Float64Array[];
  readonly #positions: readonly number[];
  readonly #fingers: readonly number[];
  /** Mocap number of each thing, and of each drawer's tray (−1: none). */
  readonly #bodies: readonly number[];
  readonly #trays: readonly number[];
  /** What each geom shows. */
  readonly #shown: Uint8Array;

  static async load(): Promise<Scene> {
    const xml = await readFile(packageUrl(FILE), "utf8");
    return new Scene(await modelFromXml(xml.replace("</worldbody>", `${bodies()}</worldbody>`), FILE));
  }

  private constructor(model: Model) {
    this.#data = new Data(model);
    const { width, height } = FACTS.picture;
    this.#camera = new Camera(model, "camera", width, height);
    const mocap = model.arrays.get("body_mocapid");
    this.#bodies = THINGS.map((_, i) => mocap[model.id("body", nameOf(i))]!);
    this.#trays = THINGS.map(({ kind }, i) => (kind === "drawer" ? mocap[model.id("body", `${nameOf(i)}_tray`)]! : -1));
    this.#shown = shownBy(model);
    const arm = new Arm(model, JOINTS, { site: "ee" });
    this.#positions = arm.positions;
    const addresses = model.arrays.get("jnt_qposadr");
    this.#fingers = ["left_finger", "right_finger"].map((name) => addresses[model.id("joint", name)]!);
    this.#postures = Array.from({ length: CELLS }, (_, cell) => {
      const [x, y, z] = placeOf(cell);
      return inverseKinematics(arm, [x, y, z + HOVER], POSTURE);
    });
    arm.delete();
  }

  /** Draws a table. The next call overwrites the raster. */
  draw(table: Table): Raster {
    const { arrays } = this.#data;
    const qpos = arrays.get("qpos");
    this.#postures[table.gripper]!.forEach((angle, j) => {
      qpos[this.#positions[j]!] = angle;
    });
    for (const finger of this.#fingers) qpos[finger] = table.held < 0 ? 0.012 : GRIP;
    const places = arrays.get("mocap_pos");
    for (const mocap of [...this.#bodies, ...this.#trays]) if (mocap >= 0) places.set([0, AWAY, 0], 3 * mocap);
    table.things.forEach((thing, i) => {
      const number = thingNumber(thing);
      const place = this.#placeOf(table, i);
      places.set(place, 3 * this.#bodies[number]!);
      const tray = this.#trays[number]!;
      if (tray >= 0) places.set([place[0], place[1] + (table.open[i] ? SLIDE : 0), place[2]], 3 * tray);
    });
    this.#data.kinematics();
    return this.#camera.render(this.#data);
  }

  /** What each pixel of the last picture shows: thing, tile, arm or nothing. */
  shown(raster: Raster, into: Uint8Array): void {
    for (let pixel = 0; pixel < into.length; pixel++) {
      const geom = raster.segmentation[pixel]!;
      into[pixel] = geom < 0 ? NOTHING_SHOWN : this.#shown[geom]!;
    }
  }

  #placeOf(table: Table, thing: number): [x: number, y: number, z: number] {
    const [x, y, z] = placeOf(table.cells[thing]!);
    if (table.held === thing) return [x, y, z + HOVER - 0.06];
    const container = table.containers[thing]!;
    if (container < 0) return [x, y, z];
    const isBowl = table.things[container]!.kind === "bowl";
    if (!isBowl && !table.open[container]) return [0, AWAY, 0];
    const [dx, dy, dz] = INSIDE[isBowl ? "bowl" : "drawer"][table.slots[thing]!]!;
    return [x + dx, y + dy, z + dz];
  }
}

/** The table's tiles, and every thing as a body that can be put anywhere. */
function bodies(): string {
  const tiles = Array.from({ length: CELLS }, (_, cell) => {
    const [x, y, z] = placeOf(cell);
    const shade = TILES[(cell + Math.floor(cell / COLUMNS) * ((COLUMNS + 1) % 2)) % 2];
    return `<geom name="tile_${cell}" type="box" pos="${x} ${y} ${z - 0.004}" size="${PITCH / 2} ${PITCH / 2} 0.004" rgba="${shade} 1"/>`;
  });
  const body = (name: string, geoms: string): string => `<body name="${name}" mocap="true">${geoms}</body>`;
  const things = THINGS.flatMap(({ kind, colour }, i) => {
    const paint = `${RGB[colour]} 1`;
    const main = body(nameOf(i), SHAPES[kind](paint));
    return kind === "drawer" ? [main, body(`${nameOf(i)}_tray`, TRAY(paint))] : [main];
  });
  return [...tiles, ...things].join("\n");
}

function shownBy(model: Model): Uint8Array {
  const bodyOf = model.arrays.get("geom_bodyid");
  const shown = new Uint8Array(model.ngeom).fill(ARM_SHOWN);
  const things = new Map(THINGS.flatMap((_, i) => [[nameOf(i), i] as const, [`${nameOf(i)}_tray`, i] as const]));
  for (let geom = 0; geom < model.ngeom; geom++) {
    const name = model.nameOf("geom", geom);
    const tile = /^tile_(\d+)$/.exec(name ?? "");
    const thing = things.get(model.nameOf("body", bodyOf[geom]!));
    if (tile) shown[geom] = FIRST_TILE + Number(tile[1]);
    else if (thing !== undefined) shown[geom] = thing;
    else if (HAND.includes(name ?? "")) shown[geom] = HAND_SHOWN;
    else if (name === "table") shown[geom] = NOTHING_SHOWN;
  }
  return shown;
}
