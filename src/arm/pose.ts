/** Unit quaternion. */
export type Quaternion = readonly [x: number, y: number, z: number, w: number];
export type Vector = readonly [x: number, y: number, z: number];

/** Pose of a frame in another: translation in metres, rotation as a unit quaternion. */
export interface Pose {
  readonly translation: Vector;
  readonly rotation: Quaternion;
}

/** The pose of `inner`, which is given in the frame of `outer`, in the frame that `outer` is given in. */
export function composed(outer: Pose, inner: Pose): Pose {
  const [i, j, k] = rotated(outer.rotation, inner.translation);
  const [x, y, z] = outer.translation;
  return { translation: [x + i, y + j, z + k], rotation: product(outer.rotation, inner.rotation) };
}

/** Pose of `child` in the frame of `parent`, both given in the same frame. */
export function relative(parent: Pose, child: Pose): Pose {
  const back = conjugate(parent.rotation);
  const [x, y, z] = child.translation;
  const [i, j, k] = parent.translation;
  return { translation: rotated(back, [x - i, y - j, z - k]), rotation: product(back, child.rotation) };
}

/** Interpolates two poses: translation linearly, rotation along the shortest arc; `weight` 0..1 is that of `to`. */
export function between(from: Pose, to: Pose, weight: number): Pose {
  const [x, y, z] = from.translation.map((value, i) => value + weight * (to.translation[i]! - value));
  const dot = from.rotation.reduce((sum, value, i) => sum + value * to.rotation[i]!, 0);
  const angle = Math.acos(Math.min(1, Math.abs(dot)));
  const sine = Math.sin(angle);
  // The sine of a small angle is the angle.
  const part = (share: number) => (sine < 1e-9 ? share : Math.sin(share * angle) / sine);
  const [a, b] = [part(1 - weight), Math.sign(dot || 1) * part(weight)];
  const mixed = from.rotation.map((value, i) => a * value + b * to.rotation[i]!);
  const length = Math.hypot(...mixed);
  const [i, j, k, w] = mixed.map((value) => value / length);
  return { translation: [x!, y!, z!], rotation: [i!, j!, k!, w!] };
}

function rotated(rotation: Quaternion, [x, y, z]: Vector): Vector {
  const [i, j, k] = product(product(rotation, [x, y, z, 0]), conjugate(rotation));
  return [i, j, k];
}

function conjugate([x, y, z, w]: Quaternion): Quaternion {
  return [-x, -y, -z, w];
}

function product([ax, ay, az, aw]: Quaternion, [bx, by, bz, bw]: Quaternion): Quaternion {
  return [
    aw * bx + ax * bw + ay * bz - az * by,
    aw * by - ax * bz + ay * bw + az * bx,
    aw * bz + ax * by - ay * bx + az * bw,
    aw * bw - ax * bx - ay * by - az * bz,
  ];
}
