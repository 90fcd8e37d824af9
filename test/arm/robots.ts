/** Robot descriptions in the shapes of real arms, from seeds, and their kinematics and inertia written out plainly. */

export type Triple = readonly [number, number, number];

export interface PlainJoint {
  readonly name: string;
  readonly type: "revolute" | "continuous" | "prismatic" | "fixed";
  readonly xyz: Triple;
  readonly rpy: Triple;
  /** As it is written, of any length. */
  readonly axis: Triple;
  readonly damping: number;
  readonly mimic?: { readonly joint: string; readonly multiplier: number; readonly offset: number };
  readonly limit: string;
  readonly link: PlainLink;
}

export interface PlainLink {
  readonly name: string;
  readonly mass?: number;
  readonly centre?: Triple;
  readonly turned?: Triple;
  readonly inertia?: readonly [xx: number, yy: number, zz: number, xy: number, xz: number, yz: number];
  /** Radius and length of its collision cylinder. */
  readonly solid?: readonly [number, number];
  readonly joints: readonly PlainJoint[];
}

export function random(seed: number): (low?: number, high?: number) => number {
  let state = seed >>> 0;
  return (low = 0, high = 1) => {
    state = (Math.imul(state, 1664525) + 1013904223) >>> 0;
    return low + ((high - low) * state) / 2 ** 32;
  };
}

export function urdfOf(root: PlainLink): string {
  const lines: string[] = [];
  const origin = (xyz: Triple, rpy: Triple) => `<origin xyz="${xyz.join(" ")}" rpy="${rpy.join(" ")}"/>`;
  const write = (link: PlainLink): void => {
    const { mass, centre = [0, 0, 0], turned = [0, 0, 0], inertia, solid } = link;
    const moments = ["ixx", "iyy", "izz", "ixy", "ixz", "iyz"].map((name, i) => `${name}="${inertia?.[i]}"`).join(" ");
    lines.push(`<link name="${link.name}">`);
    if (mass !== undefined)
      lines.push(`<inertial>${origin(centre, turned)}<mass value="${mass}"/><inertia ${moments}/></inertial>`);
    if (solid)
      lines.push(
        `<collision name="shape"><geometry><cylinder radius="${solid[0]}" length="${solid[1]}"/></geometry></collision>`,
      );
    lines.push("</link>");
    for (const joint of link.joints) {
      const { name, type, xyz, rpy, axis, damping, mimic, limit } = joint;
      lines.push(
        `<joint name="${name}" type="${type}">${origin(xyz, rpy)}<parent link="${link.name}"/><child link="${joint.link.name}"/>`,
        `<axis xyz="${axis.join(" ")}"/><dynamics damping="${damping}"/>${limit}`,
        mimic ? `<mimic joint="${mimic.joint}" multiplier="${mimic.multiplier}" offset="${mimic.offset}"/>` : "",
        "</joint>",
      );
      write(joint.link);
    }
  };
  write(root);
  return `<robot name="r">${lines.join("\n")}</robot>`;
}

/** Rotation of roll, pitch, yaw about fixed axes, and of an angle about a unit axis, row-major. */
export function rotationOf([r, p, y]: Triple): number[] {
  return times(times(about([0, 0, 1], y), about([0, 1, 0], p)), about([1, 0, 0], r));
}

export function about([x, y, z]: Triple, angle: number): number[] {
  const [c, s] = [Math.cos(angle), Math.sin(angle)];
  const t = 1 - c;
  return [
    t * x * x + c,
    t * x * y - s * z,
    t * x * z + s * y,
    t * x * y + s * z,
    t * y * y + c,
    t * y * z - s * x,
    t * x * z - s * y,
    t * y * z + s * x,
    t * z * z + c,
  ];
}

export const times = (a: readonly number[], b: readonly number[]): number[] =>
  [0, 1, 2].flatMap((i) => [0, 1, 2].map((j) => [0, 1, 2].reduce((sum, k) => sum + a[3 * i + k]! * b[3 * k + j]!, 0)));

export const turn = (r: readonly number[], [x, y, z]: Triple): Triple =>
  [0, 1, 2].map((i) => r[3 * i]! * x + r[3 * i + 1]! * y + r[3 * i + 2]! * z) as unknown as Triple;

export const plus = (a: Triple, b: Triple): Triple => [a[0] + b[0], a[1] + b[1], a[2] + b[2]];
export const cross = ([a, b, c]: Triple, [x, y, z]: Triple): Triple => [b * z - c * y, c * x - a * z, a * y - b * x];
export const scaled = ([x, y, z]: Triple, s: number): Triple => [s * x, s * y, s * z];
