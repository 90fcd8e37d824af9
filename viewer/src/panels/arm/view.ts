import { type Box3, type PerspectiveCamera, Quaternion, Spherical, Vector3 } from "three";
import { OrbitControls } from "three/addons/controls/OrbitControls.js";

/** From where the scene is seen first. */
const FROM = new Vector3(0.9, -0.9, 0.8).normalize();
/** The part of a scene's radius that must be in view. */
const SHOWN = 0.82;
/** Radians that an arrow key turns the view by, and what a key zooms by. */
const TURN = Math.PI / 18;
const ZOOM = 1.15;
/** Turns z up into y up, as spherical coordinates have it. */
const UPRIGHT = new Quaternion().setFromUnitVectors(new Vector3(0, 0, 1), new Vector3(0, 1, 0));

/** What each key does to the view. */
const KEYS: Readonly<Record<string, (at: Spherical) => void>> = {
  ArrowLeft: (at) => {
    at.theta -= TURN;
  },
  ArrowRight: (at) => {
    at.theta += TURN;
  },
  ArrowUp: (at) => {
    at.phi -= TURN;
  },
  ArrowDown: (at) => {
    at.phi += TURN;
  },
  "+": (at) => {
    at.radius /= ZOOM;
  },
  "=": (at) => {
    at.radius /= ZOOM;
  },
  "-": (at) => {
    at.radius *= ZOOM;
  },
};

/** From where a scene is seen; turned by pointer and keys. z is up. */
export class View {
  /** True since the user turned the view, until it is reset. */
  isTurned = false;
  readonly #controls: OrbitControls;

  /** @param changed called when the view is another one */
  constructor(
    canvas: HTMLCanvasElement,
    readonly camera: PerspectiveCamera,
    changed: () => void,
  ) {
    camera.up.set(0, 0, 1);
    camera.position.copy(FROM);
    this.#controls = new OrbitControls(camera, canvas);
    this.#controls.addEventListener("change", changed);
    this.#controls.addEventListener("start", () => {
      this.isTurned = true;
    });
  }

  /** While the pointer holds something else, it does not turn the view. */
  set isHeld(isHeld: boolean) {
    this.#controls.enabled = !isHeld;
  }

  /** Width of the canvas by its height. */
  set aspect(aspect: number) {
    this.camera.aspect = aspect;
    this.camera.updateProjectionMatrix();
  }

  dispose(): void {
    this.#controls.dispose();
  }

  /** Looks at a box from the usual side. @param size of the smallest thing in view, metres */
  reset(box: Box3, size: number): void {
    this.isTurned = false;
    const { camera } = this;
    const centre = box.getCenter(new Vector3());
    const radius = box.getSize(new Vector3()).length() / 2;
    const half = (camera.fov / 2) * (Math.PI / 180);
    const distance = (SHOWN * radius) / Math.sin(half) / Math.min(1, camera.aspect);
    this.#controls.target.copy(centre);
    camera.position.copy(centre).addScaledVector(FROM, distance);
    camera.near = size / 100;
    camera.far = size * 50;
    camera.updateProjectionMatrix();
    this.#controls.update();
  }

  /** Returns false for keys that do nothing. */
  press(key: string): boolean {
    if (!Object.hasOwn(KEYS, key)) return false;
    const offset = this.camera.position.clone().sub(this.#controls.target);
    const at = new Spherical().setFromVector3(offset.applyQuaternion(UPRIGHT));
    KEYS[key]!(at);
    this.isTurned = true;
    offset.setFromSpherical(at.makeSafe()).applyQuaternion(UPRIGHT.clone().invert());
    this.camera.position.copy(this.#controls.target).add(offset);
    this.#controls.update();
    return true;
  }
}
