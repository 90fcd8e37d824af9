import { type Object3D, type PerspectiveCamera, Plane, Raycaster, Vector2, Vector3 } from "three";
import { pointOf } from "./pose.js";

/** A goal at its place in the scene. */
interface GoalGrip {
  readonly position: Vector3;
  readonly goal: readonly number[];
}

/** What can be gripped. */
export interface Gripped {
  readonly goal: () => GoalGrip | undefined;
  /** @param by how far the goal is dragged from where it was gripped, metres */
  readonly moveGoal: (from: GoalGrip, by: Vector3) => void;
  readonly tip: () => { readonly centre: Vector3; readonly link: Object3D } | undefined;
  /** @param drag from the link's centre to the pointer, metres; undefined where it is let go */
  readonly push: (drag: Vector3 | undefined) => void;
}

/** The goal is gripped within so many pixels. */
const REACH = 14;

/** Drags of the goal in its horizontal plane, and of the tip's link in the plane that faces the viewer. */
export class Grips {
  /** Called when something is gripped or let go. */
  changed: (isHeld: boolean) => void = () => {};
  readonly #canvas: HTMLCanvasElement;
  readonly #camera: PerspectiveCamera;
  readonly #ray = new Raycaster();
  readonly #listeners = new AbortController();
  #drag: ((event: PointerEvent) => void) | undefined;
  #letGo: () => void = () => {};

  /** @param gripped nothing can be gripped without */
  constructor(canvas: HTMLCanvasElement, camera: PerspectiveCamera, gripped: Gripped | undefined) {
    this.#canvas = canvas;
    this.#camera = camera;
    if (!gripped) return;
    const { signal } = this.#listeners;
    canvas.addEventListener("pointerdown", (event) => this.#grip(event, gripped), { signal });
    canvas.addEventListener("pointermove", (event) => this.#move(event, gripped), { signal });
    for (const end of ["pointerup", "pointercancel", "lostpointercapture"] as const)
      canvas.addEventListener(end, () => this.#end(), { signal });
  }

  dispose(): void {
    this.#end();
    this.#listeners.abort();
  }

  #grip(event: PointerEvent, gripped: Gripped): void {
    if (event.button !== 0 || this.#drag) return;
    this.#drag = this.#goalDrag(event, gripped) ?? this.#tipDrag(event, gripped);
    if (!this.#drag) return;
    this.changed(true);
    this.#canvas.setPointerCapture(event.pointerId);
    this.#canvas.style.cursor = "grabbing";
  }

  #move(event: PointerEvent, gripped: Gripped): void {
    if (this.#drag) this.#drag(event);
    else if (event.buttons === 0) this.#canvas.style.cursor = this.#cursorOf(event, gripped);
  }

  #cursorOf(event: PointerEvent, gripped: Gripped): string {
    if (this.#isOnGoal(event, gripped.goal())) return "grab";
    return this.#isOnTip(event, gripped) ? "crosshair" : "";
  }

  #end(): void {
    if (!this.#drag) return;
    this.#drag = undefined;
    this.#letGo();
    this.#letGo = () => {};
    this.#canvas.style.cursor = "";
    this.changed(false);
  }

  #goalDrag(event: PointerEvent, gripped: Gripped): ((event: PointerEvent) => void) | undefined {
    const from = gripped.goal();
    if (!from || !this.#isOnGoal(event, from)) return undefined;
    const plane = new Plane().setFromNormalAndCoplanarPoint(new Vector3(0, 0, 1), from.position);
    const start = this.#onPlane(event, plane) ?? from.position;
    return (next) => {
      const point = this.#onPlane(next, plane);
      if (point) gripped.moveGoal(from, point.sub(start));
    };
  }

  #tipDrag(event: PointerEvent, gripped: Gripped): ((event: PointerEvent) => void) | undefined {
    if (!this.#isOnTip(event, gripped)) return undefined;
    this.#letGo = () => gripped.push(undefined);
    const facing = this.#camera.getWorldDirection(new Vector3());
    return (next) => {
      // The link moves while it is pushed.
      const centre = gripped.tip()?.centre;
      if (!centre) return;
      const point = this.#onPlane(next, new Plane().setFromNormalAndCoplanarPoint(facing, centre));
      if (point) gripped.push(point.sub(centre));
    };
  }

  #isOnGoal({ clientX, clientY }: PointerEvent, goal: GoalGrip | undefined): boolean {
    if (!goal) return false;
    const box = this.#canvas.getBoundingClientRect();
    const [x, y] = pointOf(goal.position, this.#camera, box);
    return Math.hypot(clientX - box.left - x, clientY - box.top - y) <= REACH;
  }

  #isOnTip(event: PointerEvent, gripped: Gripped): boolean {
    const tip = gripped.tip();
    return tip !== undefined && this.#aim(event).intersectObject(tip.link, true).length > 0;
  }

  #onPlane(event: PointerEvent, plane: Plane): Vector3 | undefined {
    return this.#aim(event).ray.intersectPlane(plane, new Vector3()) ?? undefined;
  }

  #aim({ clientX, clientY }: PointerEvent): Raycaster {
    const box = this.#canvas.getBoundingClientRect();
    const at = new Vector2((2 * (clientX - box.left)) / box.width - 1, 1 - (2 * (clientY - box.top)) / box.height);
    this.#ray.setFromCamera(at, this.#camera);
    return this.#ray;
  }
}
