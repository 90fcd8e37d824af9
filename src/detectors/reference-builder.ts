import { put } from "../own.js";
import { cameraReference } from "./camera-reference.js";
import type { GoodRun } from "./good-run.js";
import { tickOf } from "./moment.js";
import { motionReference } from "./motion-reference.js";
import { poseReference } from "./pose-reference.js";
import type { CameraReference, JointReference, Reference } from "./reference.js";
import type { Seen } from "./seen.js";
import { toldReference } from "./told-reference.js";

/** Collects good runs. Memory: about 7 kB a tick and camera. */
export class ReferenceBuilder {
  readonly #runs: GoodRun[number][][] = [];

  add(seen: Seen): void {
    if (seen.first || this.#runs.length === 0) this.#runs.push([]);
    const { looks, ...tick } = tickOf(seen);
    const light = Object.entries(looks).map(([camera, { image: _, ...look }]) => [camera, look] as const);
    this.#runs.at(-1)!.push({ ...tick, looks: Object.fromEntries(light) });
  }

  get runs(): number {
    return this.#runs.length;
  }

  /** Undefined where there was nothing. @param but numbers of runs, from 0, that are left out */
  build(but: ReadonlySet<number> = new Set()): Reference | undefined {
    const runs = this.#runs.filter((run, r) => run.length > 1 && !but.has(r));
    const [first] = runs[0] ?? [];
    if (!first) return undefined;
    const cameras: Record<string, CameraReference> = {};
    for (const camera of Object.keys(first.looks)) put(cameras, camera, cameraReference(runs, camera));
    const joints: Record<string, JointReference> = {};
    for (const [j, name] of first.joints.entries()) put(joints, name, jointReference(runs, j));
    const pose = poseReference(cameras, runs);
    const motion = motionReference(runs);
    const told = toldReference(runs);
    return {
      runs: runs.length,
      cameras,
      joints,
      names: first.joints,
      ...(pose && { pose }),
      ...(motion && { motion }),
      ...(told && { told }),
    };
  }
}

function jointReference(runs: readonly GoodRun[], j: number): JointReference {
  const positions = runs.flatMap((run) => run.map(({ position }) => position[j]!));
  let slip = 0;
  for (const run of runs) {
    for (let i = 1; i < run.length; i++) {
      const [a, b] = [run[i - 1]!, run[i]!];
      const seconds = Number(b.stamp - a.stamp) / 1e9;
      const told = (seconds * (a.velocity[j]! + b.velocity[j]!)) / 2;
      const allowed = seconds * Math.abs(b.velocity[j]! - a.velocity[j]!);
      slip = Math.max(slip, Math.abs(b.position[j]! - a.position[j]! - told) - allowed);
    }
  }
  return {
    low: Math.min(...positions),
    high: Math.max(...positions),
    slip,
  };
}
