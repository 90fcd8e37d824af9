import type { XmlElement } from "@rgrove/parse-xml";
import { child, numbers, type Vector } from "./xml.js";

/** A pose: metres, and roll, pitch, yaw about the fixed axes x, y, z, radians. */
export interface Origin {
  readonly xyz: Vector;
  readonly rpy: Vector;
}

const ZERO: Vector = [0, 0, 0];

/** The `<origin>` of an element, zero where it has none. @throws InputError for anything but three numbers */
export function originOf(element: XmlElement, source: string): Origin {
  const origin = child(element, "origin");
  if (!origin) return { xyz: ZERO, rpy: ZERO };
  const vector = (name: string) => (numbers(origin, name, 3, source) as Vector | undefined) ?? ZERO;
  return { xyz: vector("xyz"), rpy: vector("rpy") };
}

/** An origin's rotation as a unit quaternion: yaw · pitch · roll. */
export function quaternionOf({ rpy }: Origin): { x: number; y: number; z: number; w: number } {
  const [cr, cp, cy] = rpy.map((angle) => Math.cos(angle / 2)) as [number, number, number];
  const [sr, sp, sy] = rpy.map((angle) => Math.sin(angle / 2)) as [number, number, number];
  return {
    x: sr * cp * cy - cr * sp * sy,
    y: cr * sp * cy + sr * cp * sy,
    z: cr * cp * sy - sr * sp * cy,
    w: cr * cp * cy + sr * sp * sy,
  };
}
