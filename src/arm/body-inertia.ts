import type { Inertial } from "../urdf/link.js";
import { quaternionOf } from "../urdf/origin.js";
import { multiply, transpose } from "./matrix.js";

/** Mass, kg, and principal moments, kg·m², in the frame of its principal axes. */
export interface BodyInertia {
  readonly mass: number;
  readonly moments: readonly [number, number, number];
  /** Pose in the link: metres, and a unit quaternion, w first. */
  readonly frame: { readonly position: readonly number[]; readonly rotation: readonly number[] };
  /** True where a rigid body can have it: mass and moments above 0, none larger than the sum of the others. */
  readonly isPhysical: boolean;
}

/** Smallest mass and moment that MuJoCo takes for one. */
const SMALLEST = 1e-14;

export function inertiaOf({ origin, mass, inertia }: Inertial): BodyInertia {
  const [xx, yy, zz, xy, xz, yz] = inertia;
  const { moments, axes } = principal(Float64Array.from([xx, xy, xz, xy, yy, yz, xz, yz, zz]));
  const { x, y, z, w } = quaternionOf(origin);
  const [a, b, c] = moments;
  return {
    mass,
    moments,
    frame: { position: origin.xyz, rotation: product([w, x, y, z], quaternion(axes)) },
    isPhysical: mass > SMALLEST && Math.min(a, b, c) > SMALLEST && 2 * Math.max(a, b, c) <= a + b + c,
  };
}

/** Eigenvalues of a symmetric A[3, 3], and its eigenvectors in the columns of a rotation, by Jacobi's method. */
function principal(a: Float64Array): { moments: [number, number, number]; axes: Float64Array } {
  let axes = Float64Array.of(1, 0, 0, 0, 1, 0, 0, 0, 1);
  let m = a;
  const size = Math.hypot(...a);
  for (let sweep = 0; sweep < 30; sweep++) {
    if (Math.hypot(m[1]!, m[2]!, m[5]!) <= 1e-16 * size) break;
    for (const [p, q] of [
      [0, 1],
      [0, 2],
      [1, 2],
    ] as const) {
      if (m[3 * p + q] === 0) continue;
      const angle = 0.5 * Math.atan2(2 * m[3 * p + q]!, m[4 * q]! - m[4 * p]!);
      const turn = Float64Array.of(1, 0, 0, 0, 1, 0, 0, 0, 1);
      turn[4 * p] = turn[4 * q] = Math.cos(angle);
      turn[3 * p + q] = Math.sin(angle);
      turn[3 * q + p] = -Math.sin(angle);
      m = multiply(multiply(transpose(turn, 3, 3), m, 3, 3, 3), turn, 3, 3, 3);
      axes = multiply(axes, turn, 3, 3, 3) as Float64Array<ArrayBuffer>;
    }
  }
  return { moments: [m[0]!, m[4]!, m[8]!], axes };
}

/** Quaternion, w first, of a rotation R[3, 3]. */
function quaternion(r: Float64Array): number[] {
  const [xx, xy, xz, yx, yy, yz, zx, zy, zz] = r as unknown as [
    number,
    number,
    number,
    number,
    number,
    number,
    number,
    number,
    number,
  ];
  // The column of 4·q·qᵀ with the largest diagonal.
  const columns = [
    [1 + xx + yy + zz, zy - yz, xz - zx, yx - xy],
    [zy - yz, 1 + xx - yy - zz, xy + yx, xz + zx],
    [xz - zx, xy + yx, 1 - xx + yy - zz, yz + zy],
    [yx - xy, xz + zx, yz + zy, 1 - xx - yy + zz],
  ];
  const best = columns.reduce((best, column, i) => (column[i]! > best[1] ? [i, column[i]!] : best), [0, -1])[0]!;
  const length = Math.hypot(...columns[best]!);
  return columns[best]!.map((value) => value / length);
}

function product(a: readonly number[], b: readonly number[]): number[] {
  const [aw, ax, ay, az] = a as [number, number, number, number];
  const [bw, bx, by, bz] = b as [number, number, number, number];
  return [
    aw * bw - ax * bx - ay * by - az * bz,
    aw * bx + ax * bw + ay * bz - az * by,
    aw * by - ax * bz + ay * bw + az * bx,
    aw * bz + ax * by - ay * bx + az * bw,
  ];
}
