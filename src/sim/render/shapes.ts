import type { Model } from "../../arm/model.js";
import { InputError } from "../../errors.js";

/** A triangle mesh in a geom's own frame, metres; faces are counter-clockwise seen from outside. */
export interface Shape {
  /** [n, 3]. */
  readonly vertices: Float32Array;
  /** Unit normals, [n, 3]. */
  readonly normals: Float32Array;
  /** Vertex indices, [m, 3]. */
  readonly faces: Uint32Array;
}

/** mjtGeom. */
const GEOM = { plane: 0, sphere: 2, capsule: 3, ellipsoid: 4, cylinder: 5, box: 6, mesh: 7 } as const;

const SEGMENTS = 32;
const RINGS = 16;
/** Half the side of a plane of infinite size (0), metres. */
const FAR = 100;

/**
 * The triangle mesh of one geom of a model: all primitives and meshes.
 * Throws InputError for height fields and signed-distance geoms, naming the geom.
 */
export function geomShape(model: Model, geom: number): Shape {
  const type = model.arrays.get("geom_type")[geom];
  const size = model.arrays.get("geom_size").slice(3 * geom, 3 * geom + 3);
  const [a, b, c] = [size[0]!, size[1]!, size[2]!];
  switch (type) {
    case GEOM.plane:
      return box(a || FAR, b || FAR, 0, [[2, 1]]);
    case GEOM.sphere:
      return ellipsoid(a, a, a, 0);
    case GEOM.capsule:
      return ellipsoid(a, a, a, b);
    case GEOM.ellipsoid:
      return ellipsoid(a, b, c, 0);
    case GEOM.cylinder:
      return cylinder(a, b);
    case GEOM.box:
      return box(a, b, c, SIDES);
    case GEOM.mesh:
      return mesh(model, model.arrays.get("geom_dataid")[geom]!);
    default:
      throw new InputError(
        `${model.source}: ${geomText(model, geom)}: geom type ${type} cannot be drawn; expected a primitive or a mesh`,
      );
  }
}

function geomText(model: Model, geom: number): string {
  const name = model.nameOf("geom", geom);
  return name ? `geom "${name}"` : `geom of body "${model.bodyText(model.arrays.get("geom_bodyid")[geom]!)}"`;
}

class Builder {
  readonly #vertices: number[] = [];
  readonly #normals: number[] = [];
  readonly #faces: number[] = [];

  vertex(position: readonly number[], normal: readonly number[]): number {
    const length = Math.hypot(...normal) || 1;
    this.#vertices.push(...position);
    this.#normals.push(...normal.map((n) => n / length));
    return this.#vertices.length / 3 - 1;
  }

  quad(a: number, b: number, c: number, d: number): void {
    this.#faces.push(a, b, c, a, c, d);
  }

  triangle(a: number, b: number, c: number): void {
    this.#faces.push(a, b, c);
  }

  shape(): Shape {
    return {
      vertices: Float32Array.from(this.#vertices),
      normals: Float32Array.from(this.#normals),
      faces: Uint32Array.from(this.#faces),
    };
  }
}

type Side = readonly [axis: number, sign: number];
const SIDES: readonly Side[] = [0, 1, 2].flatMap((axis): Side[] => [
  [axis, 1],
  [axis, -1],
]);

function box(x: number, y: number, z: number, sides: readonly Side[]): Shape {
  const half = [x, y, z];
  const build = new Builder();
  for (const [axis, sign] of sides) {
    const [u, v] = [(axis + 1) % 3, (axis + 2) % 3];
    const normal = [0, 0, 0];
    normal[axis] = sign;
    const corners = [
      [-1, -1],
      [sign, -sign],
      [1, 1],
      [-sign, sign],
    ].map(([p, q]) => {
      const at = [0, 0, 0];
      at[axis] = sign * half[axis]!;
      at[u] = p! * half[u]!;
      at[v] = q! * half[v]!;
      return build.vertex(at, normal);
    });
    build.quad(corners[0]!, corners[1]!, corners[2]!, corners[3]!);
  }
  return build.shape();
}

/** An ellipsoid cut at its equator, the halves moved apart by ± `stretch` along z: a capsule where the radii agree. */
function ellipsoid(x: number, y: number, z: number, stretch: number): Shape {
  const build = new Builder();
  const rings: number[][] = [];
  const ring = (angle: number, shift: number): void => {
    const indices: number[] = [];
    for (let s = 0; s < SEGMENTS; s++) {
      const turn = (2 * Math.PI * s) / SEGMENTS;
      const unit = [Math.sin(angle) * Math.cos(turn), Math.sin(angle) * Math.sin(turn), Math.cos(angle)];
      indices.push(
        build.vertex([unit[0]! * x, unit[1]! * y, unit[2]! * z + shift], [unit[0]! / x, unit[1]! / y, unit[2]! / z]),
      );
    }
    rings.push(indices);
  };
  for (let r = 1; r <= RINGS / 2; r++) ring((Math.PI * r) / RINGS, stretch);
  for (let r = stretch > 0 ? RINGS / 2 : RINGS / 2 + 1; r < RINGS; r++) ring((Math.PI * r) / RINGS, -stretch);
  for (let r = 0; r + 1 < rings.length; r++) strip(build, rings[r]!, rings[r + 1]!);
  fan(build, build.vertex([0, 0, z + stretch], [0, 0, 1]), rings[0]!);
  fan(build, build.vertex([0, 0, -z - stretch], [0, 0, -1]), rings.at(-1)!.toReversed());
  return build.shape();
}

function cylinder(radius: number, half: number): Shape {
  const build = new Builder();
  const circle = (z: number, normal: (x: number, y: number) => number[]): number[] =>
    Array.from({ length: SEGMENTS }, (_, s) => {
      const [x, y] = [Math.cos((2 * Math.PI * s) / SEGMENTS), Math.sin((2 * Math.PI * s) / SEGMENTS)];
      return build.vertex([radius * x, radius * y, z], normal(x, y));
    });
  const outward = (x: number, y: number): number[] => [x, y, 0];
  strip(build, circle(half, outward), circle(-half, outward));
  for (const sign of [1, -1]) {
    const normal = [0, 0, sign];
    const rim = circle(sign * half, () => normal);
    fan(build, build.vertex([0, 0, sign * half], normal), sign > 0 ? rim : rim.toReversed());
  }
  return build.shape();
}

/** Joins two closed rings, the first above the second. */
function strip(build: Builder, upper: readonly number[], lower: readonly number[]): void {
  for (let s = 0; s < upper.length; s++) {
    const next = (s + 1) % upper.length;
    build.quad(upper[s]!, lower[s]!, lower[next]!, upper[next]!);
  }
}

function fan(build: Builder, centre: number, rim: readonly number[]): void {
  for (let s = 0; s < rim.length; s++) build.triangle(centre, rim[s]!, rim[(s + 1) % rim.length]!);
}

/** A mesh asset, flat-shaded: faces share no vertices. */
function mesh(model: Model, id: number): Shape {
  const firstFace = model.arrays.get("mesh_faceadr")[id]!;
  const firstVertex = model.arrays.get("mesh_vertadr")[id]!;
  const faces = model.arrays.get("mesh_face");
  const vertices = model.arrays.get("mesh_vert");
  const build = new Builder();
  for (let f = firstFace; f < firstFace + model.arrays.get("mesh_facenum")[id]!; f++) {
    const corners = [0, 1, 2].map((k) => {
      const at = 3 * (firstVertex + faces[3 * f + k]!);
      return [vertices[at]!, vertices[at + 1]!, vertices[at + 2]!];
    });
    const normal = cross(difference(corners[1]!, corners[0]!), difference(corners[2]!, corners[0]!));
    const indices = corners.map((corner) => build.vertex(corner, normal));
    build.triangle(indices[0]!, indices[1]!, indices[2]!);
  }
  return build.shape();
}

function difference(a: readonly number[], b: readonly number[]): number[] {
  return a.map((value, i) => value - b[i]!);
}

function cross(a: readonly number[], b: readonly number[]): number[] {
  return [0, 1, 2].map((i) => {
    const [j, k] = [(i + 1) % 3, (i + 2) % 3];
    return a[j]! * b[k]! - a[k]! * b[j]!;
  });
}
