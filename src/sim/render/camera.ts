import type { Data } from "../../arm/data.js";
import type { Model } from "../../arm/model.js";
import { InputError } from "../../errors.js";
import { emptyVertices, Polygons, REACH } from "./polygons.js";
import { type Colour, Raster, SUBPIXELS, type Vertices } from "./raster.js";
import { geomShape, type Shape } from "./shapes.js";
import { focalLength, type View } from "./view.js";

export interface CameraOptions {
  /** Colour of the background, default dark grey. */
  readonly background?: Colour;
  /** Near clipping distance, metres. Default 0.01. */
  readonly near?: number;
  /** Geom groups to draw. Default 0, 1 and 2, as in MuJoCo's viewer. */
  readonly groups?: readonly number[];
}

interface Drawable {
  readonly geom: number;
  readonly shape: Shape;
  readonly colour: Colour;
  readonly radius: number;
}

/** Direction towards the light, world frame. */
const LIGHT = [0.35, -0.25, 0.9].map((v) => v / Math.hypot(0.35, 0.25, 0.9)) as [number, number, number];
const AMBIENT = 0.4;
const DIFFUSE = 0.35;
const HEAD_ON = 0.25;

/**
 * A camera of a model, drawn by a z-buffer on the CPU: colour, depth and segmentation by geom id, the same bits
 * on every run. Plain colours with one light from above and one from the camera; no textures, shadows or transparency
 * (geoms with alpha 0 are left out).
 */
export class Camera {
  readonly raster: Raster;
  readonly #camera: number;
  readonly #drawables: readonly Drawable[];
  readonly #background: Colour;
  readonly #near: number;
  readonly #focal: number;
  // Camera-space positions and brightness of one geom's vertices, and their image positions.
  readonly #space: Float64Array;
  readonly #image: Vertices;
  readonly #corners = new Float64Array(12);
  readonly #polygons: Polygons;

  constructor(model: Model, name: string, width: number, height: number, options: CameraOptions = {}) {
    this.#camera = model.id("camera", name);
    if (
      model.arrays.get("cam_projection")[this.#camera] !== 0 ||
      model.arrays.get("cam_sensorsize")[2 * this.#camera]
    ) {
      throw new InputError(`${model.source}: camera "${name}": expected a perspective camera given by fovy`);
    }
    this.raster = new Raster(width, height);
    this.#background = options.background ?? [24, 25, 28];
    this.#near = options.near ?? 0.01;
    this.#focal = focalLength(model.arrays.get("cam_fovy")[this.#camera]!, height);
    this.#polygons = new Polygons(this.raster, this.#focal, this.#near);
    const groups = options.groups ?? [0, 1, 2];
    const drawables: Drawable[] = [];
    // Later geoms first: the ground, usually the first geom, is then mostly hidden and cheap to draw.
    for (let geom = model.ngeom - 1; geom >= 0; geom--) {
      const [red, green, blue, alpha] = geomColour(model, geom);
      if (alpha === 0 || !groups.includes(model.arrays.get("geom_group")[geom]!)) continue;
      const radius = model.arrays.get("geom_rbound")[geom]!;
      drawables.push({ geom, shape: geomShape(model, geom), colour: [red * 255, green * 255, blue * 255], radius });
    }
    this.#drawables = drawables;
    const most = Math.max(1, ...drawables.map(({ shape }) => shape.vertices.length / 3));
    this.#space = new Float64Array(4 * most);
    this.#image = emptyVertices(most);
  }

  /** Pose and optics of the camera, for `project`. Kinematics of `data` must be up to date. */
  view(data: Data): View {
    const at = this.#camera;
    return {
      width: this.raster.width,
      height: this.raster.height,
      focal: this.#focal,
      position: data.arrays.get("cam_xpos").slice(3 * at, 3 * at + 3),
      rotation: data.arrays.get("cam_xmat").slice(9 * at, 9 * at + 9),
    };
  }

  /**
   * Draws the camera's image into `raster`. Kinematics of `data` must be up to date.
   * @param turn angle by which the camera is carried round the point one metre before it, rad
   */
  render(data: Data, turn = 0): Raster {
    const { position, rotation } = turn === 0 ? this.view(data) : carriedRound(this.view(data), turn);
    const places = data.arrays.get("geom_xpos");
    const turns = data.arrays.get("geom_xmat");
    this.raster.clear(this.#background);
    for (const drawable of this.#drawables) {
      const { geom, radius } = drawable;
      const at = places.subarray(3 * geom, 3 * geom + 3);
      const depth = -depthOf(rotation, position, at);
      if (radius > 0 && depth + radius < this.#near) continue;
      const inside = this.#transform(drawable.shape, at, turns.subarray(9 * geom, 9 * geom + 9), position, rotation);
      this.#draw(drawable, inside);
    }
    return this.raster;
  }

  /** Fills `#space` and `#image`; true where no vertex needs clipping. */
  #transform(
    { vertices, normals }: Shape,
    at: Float64Array,
    turn: Float64Array,
    eye: Float64Array,
    camera: Float64Array,
  ): boolean {
    // Rotation geom → camera and the geom's origin in camera axes, then one product a vertex.
    const r = new Float64Array(9);
    const t = new Float64Array(3);
    for (let row = 0; row < 3; row++) {
      for (let k = 0; k < 3; k++) {
        t[row]! += camera[3 * k + row]! * (at[k]! - eye[k]!);
        for (let column = 0; column < 3; column++) {
          r[3 * row + column]! += camera[3 * k + row]! * turn[3 * k + column]!;
        }
      }
    }
    // Light directions in geom axes.
    const l = new Float64Array(3);
    for (let column = 0; column < 3; column++) {
      for (let k = 0; k < 3; k++) l[column]! += LIGHT[k]! * turn[3 * k + column]!;
    }
    const space = this.#space;
    const { x, y, inverseDepth, shade } = this.#image;
    const { width, height } = this.raster;
    let inside = true;
    for (let i = 0, v = 0; v < vertices.length; i++, v += 3) {
      const a = vertices[v]!;
      const b = vertices[v + 1]!;
      const c = vertices[v + 2]!;
      const right = r[0]! * a + r[1]! * b + r[2]! * c + t[0]!;
      const up = r[3]! * a + r[4]! * b + r[5]! * c + t[1]!;
      const depth = -(r[6]! * a + r[7]! * b + r[8]! * c + t[2]!);
      const na = normals[v]!;
      const nb = normals[v + 1]!;
      const nc = normals[v + 2]!;
      const lit = Math.max(0, na * l[0]! + nb * l[1]! + nc * l[2]!);
      const facing = Math.abs(na * r[6]! + nb * r[7]! + nc * r[8]!);
      const bright = AMBIENT + DIFFUSE * lit + HEAD_ON * facing;
      space[4 * i] = right;
      space[4 * i + 1] = up;
      space[4 * i + 2] = depth;
      space[4 * i + 3] = bright;
      const perDepth = 1 / depth;
      const column = this.#focal * right * perDepth;
      const row = this.#focal * up * perDepth;
      if (!(depth >= this.#near && Math.abs(column) < REACH && Math.abs(row) < REACH)) inside = false;
      x[i] = Math.round((width / 2 + column) * SUBPIXELS);
      y[i] = Math.round((height / 2 - row) * SUBPIXELS);
      inverseDepth[i] = perDepth;
      shade[i] = bright;
    }
    return inside;
  }

  #draw({ geom, shape: { faces }, colour }: Drawable, inside: boolean): void {
    for (let f = 0; f < faces.length; f += 3) {
      if (inside) this.raster.triangle(this.#image, faces[f]!, faces[f + 1]!, faces[f + 2]!, colour, geom);
      else this.#drawClipped(faces[f]!, faces[f + 1]!, faces[f + 2]!, colour, geom);
    }
  }

  #drawClipped(a: number, b: number, c: number, colour: Colour, geom: number): void {
    [a, b, c].forEach((vertex, i) => {
      this.#corners.set(this.#space.subarray(4 * vertex, 4 * vertex + 4), 4 * i);
    });
    this.#polygons.draw(this.#corners, 3, colour, geom);
  }
}

/** A view carried round the vertical axis through the point one metre before it. */
function carriedRound({ position, rotation }: View, turn: number): Pick<View, "position" | "rotation"> {
  const [cos, sin] = [Math.cos(turn), Math.sin(turn)];
  const turned = (x: number, y: number) => [cos * x - sin * y, sin * x + cos * y] as const;
  const pivot = [position[0]! - rotation[2]!, position[1]! - rotation[5]!] as const;
  const [dx, dy] = turned(position[0]! - pivot[0], position[1]! - pivot[1]);
  const made = Float64Array.from(rotation);
  for (let column = 0; column < 3; column++)
    [made[column], made[3 + column]] = turned(rotation[column]!, rotation[3 + column]!);
  return { position: Float64Array.of(pivot[0] + dx, pivot[1] + dy, position[2]!), rotation: made };
}

function depthOf(camera: Float64Array, eye: Float64Array, point: Float64Array): number {
  return [0, 1, 2].reduce((sum, k) => sum + camera[3 * k + 2]! * (point[k]! - eye[k]!), 0);
}

/** The geom's own colour, or its material's where the geom has the default one. */
function geomColour(model: Model, geom: number): [number, number, number, number] {
  const own = model.arrays.get("geom_rgba").slice(4 * geom, 4 * geom + 4);
  const material = model.arrays.get("geom_matid")[geom]!;
  const plain = own[0] === 0.5 && own[1] === 0.5 && own[2] === 0.5 && own[3] === 1;
  const rgba = material >= 0 && plain ? model.arrays.get("mat_rgba").slice(4 * material, 4 * material + 4) : own;
  return [rgba[0]!, rgba[1]!, rgba[2]!, rgba[3]!];
}
