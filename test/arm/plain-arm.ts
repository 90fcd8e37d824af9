import {
  about,
  cross,
  type PlainJoint,
  type PlainLink,
  plus,
  rotationOf,
  scaled,
  type Triple,
  times,
  turn,
} from "./robots.js";

interface Placed {
  readonly link: PlainLink;
  readonly at: Triple;
  readonly rotation: readonly number[];
  /** Joints above it, with the place and direction of each in the world. */
  readonly above: readonly { readonly joint: PlainJoint; readonly at: Triple; readonly axis: Triple }[];
}

/** An arm computed from URDF's definition alone: recursive kinematics, and inertia as the sum over the links. */
export class PlainArm {
  /** All joints that do not follow another. */
  readonly free: readonly string[];

  constructor(readonly root: PlainLink) {
    const names: string[] = [];
    const walk = (link: PlainLink): void => {
      for (const joint of link.joints) {
        if (joint.type !== "fixed" && !joint.mimic) names.push(joint.name);
        walk(joint.link);
      }
    };
    walk(root);
    this.free = names;
  }

  place(q: Readonly<Record<string, number>>): Placed[] {
    const placed: Placed[] = [];
    const value = ({ name, mimic }: PlainJoint) =>
      mimic ? mimic.multiplier * (q[mimic.joint] ?? 0) + mimic.offset : (q[name] ?? 0);
    const walk = (here: Placed): void => {
      placed.push(here);
      for (const joint of here.link.joints) {
        const axis = scaled(joint.axis, 1 / Math.hypot(...joint.axis));
        const rotation = times(here.rotation, rotationOf(joint.rpy));
        const at = plus(here.at, turn(here.rotation, joint.xyz));
        const world = turn(rotation, axis);
        const moves = joint.type === "prismatic";
        const turns = joint.type === "revolute" || joint.type === "continuous";
        walk({
          link: joint.link,
          at: moves ? plus(at, scaled(world, value(joint))) : at,
          rotation: turns ? times(rotation, about(axis, value(joint))) : rotation,
          above: joint.type === "fixed" ? here.above : [...here.above, { joint, at, axis: world }],
        });
      }
    };
    walk({ link: this.root, at: [0, 0, 0], rotation: rotationOf([0, 0, 0]), above: [] });
    return placed;
  }

  /** Velocities of a point on a link by the free joints: [turn, shift] for each. */
  #jacobian({ above }: Placed, point: Triple): [Triple, Triple][] {
    return this.free.map((name) => {
      let [spin, shift]: [Triple, Triple] = [
        [0, 0, 0],
        [0, 0, 0],
      ];
      for (const { joint, at, axis } of above) {
        const gain = joint.mimic
          ? joint.mimic.joint === name
            ? joint.mimic.multiplier
            : 0
          : joint.name === name
            ? 1
            : 0;
        if (gain === 0) continue;
        if (joint.type === "prismatic") shift = plus(shift, scaled(axis, gain));
        else {
          spin = plus(spin, scaled(axis, gain));
          shift = plus(shift, scaled(cross(axis, plus(point, scaled(at, -1))), gain));
        }
      }
      return [spin, shift];
    });
  }

  inertia(q: Readonly<Record<string, number>>): number[][] {
    const n = this.free.length;
    const m = Array.from({ length: n }, () => new Array<number>(n).fill(0));
    for (const placed of this.place(q)) {
      const { mass, centre = [0, 0, 0], turned = [0, 0, 0], inertia } = placed.link;
      if (mass === undefined || !inertia) continue;
      const [xx, yy, zz, xy, xz, yz] = inertia;
      const r = times(placed.rotation, rotationOf(turned));
      const jacobian = this.#jacobian(placed, plus(placed.at, turn(placed.rotation, centre)));
      const local = jacobian.map(([spin]) =>
        turn([r[0]!, r[3]!, r[6]!, r[1]!, r[4]!, r[7]!, r[2]!, r[5]!, r[8]!], spin),
      );
      const dot = (a: Triple, b: Triple) => a[0] * b[0] + a[1] * b[1] + a[2] * b[2];
      for (let i = 0; i < n; i++)
        for (let k = 0; k < n; k++)
          m[i]![k]! +=
            mass * dot(jacobian[i]![1], jacobian[k]![1]) +
            dot(local[i]!, turn([xx, xy, xz, xy, yy, yz, xz, yz, zz], local[k]!));
    }
    return m;
  }

  #damping(): number[] {
    const by = new Map<string, number>();
    for (const { above } of this.place({}))
      for (const { joint } of above) {
        const [name, gain] = joint.mimic ? [joint.mimic.joint, joint.mimic.multiplier] : [joint.name, 1];
        by.set(`${name} ${joint.name}`, gain * gain * joint.damping);
      }
    return this.free.map((name) =>
      [...by].reduce((sum, [key, damping]) => (key.startsWith(`${name} `) ? sum + damping : sum), 0),
    );
  }

  tip(q: Readonly<Record<string, number>>, link: string): Triple {
    return this.place(q).find((placed) => placed.link.name === link)!.at;
  }

  tipVelocity(q: Readonly<Record<string, number>>, v: Readonly<Record<string, number>>, link: string): Triple {
    const placed = this.place(q).find((each) => each.link.name === link)!;
    const jacobian = this.#jacobian(placed, placed.at);
    return this.free.reduce<Triple>((sum, name, i) => plus(sum, scaled(jacobian[i]![1], v[name] ?? 0)), [0, 0, 0]);
  }

  /** α of `joints`: how far a unit of each torque moves the tip in `steps` damped steps of `h` seconds; the sum is J. */
  importance(q: Readonly<Record<string, number>>, link: string, joints: readonly string[], h: number, steps: number) {
    const m = this.inertia(q);
    const damping = this.#damping();
    const damped = m.map((row, i) => row.map((value, k) => (i === k ? value + h * damping[i]! : value)));
    const placed = this.place(q).find((each) => each.link.name === link)!;
    const jacobian = this.#jacobian(placed, placed.at);
    const effects = joints.map((joint) => {
      let v = this.free.map(() => 0);
      const moved = this.free.map(() => 0);
      for (let step = 0; step < steps; step++) {
        const push = m.map((row, i) =>
          row.reduce((sum, value, k) => sum + value * v[k]!, this.free[i] === joint ? h : 0),
        );
        v = solved(damped, push);
        v.forEach((value, i) => {
          moved[i]! += h * value;
        });
      }
      return Math.hypot(
        ...moved.reduce<Triple>((sum, value, i) => plus(sum, scaled(jacobian[i]![1], value)), [0, 0, 0]),
      );
    });
    const sum = effects.reduce((total, value) => total + value, 0);
    return effects.map((value) => (value * joints.length) / sum);
  }
}

/** x of A x = b, by elimination with pivots. */
function solved(a: readonly (readonly number[])[], b: readonly number[]): number[] {
  const rows = a.map((row, i) => [...row, b[i]!]);
  const n = b.length;
  for (let column = 0; column < n; column++) {
    const best = rows
      .slice(column)
      .reduce((top, row, i) => (Math.abs(row[column]!) > Math.abs(rows[top]![column]!) ? column + i : top), column);
    [rows[column], rows[best]] = [rows[best]!, rows[column]!];
    for (let i = 0; i < n; i++) {
      if (i === column) continue;
      const factor = rows[i]![column]! / rows[column]![column]!;
      for (let k = column; k <= n; k++) rows[i]![k]! -= factor * rows[column]![k]!;
    }
  }
  return rows.map((row, i) => row[n]! / row[i]!);
}
