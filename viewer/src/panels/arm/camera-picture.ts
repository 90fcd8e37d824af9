import {
  BufferGeometry,
  CanvasTexture,
  Float32BufferAttribute,
  Group,
  LineBasicMaterial,
  LineSegments,
  Mesh,
  MeshBasicMaterial,
  PlaneGeometry,
  SRGBColorSpace,
} from "three";
import type { CameraFrame } from "../../model/camera.js";

/** Depth of a picture before a near camera, and its distance behind the robot for a far one, in sizes of the robot. */
const DEPTH = 0.4;
const BEHIND = 0.12;
/** A camera is far from so many sizes of the robot on: its picture would hide the robot, so it is behind it. */
const FAR = 1.5;
/** Without a calibration a camera sees so many of its focal lengths across. */
const USUAL_ANGLE = 1;

/** A camera's view as a pyramid with the camera at its tip; its live picture is the base. */
export class CameraPicture {
  readonly group = new Group();
  readonly plane: Mesh<PlaneGeometry, MeshBasicMaterial>;
  readonly #texture: CanvasTexture;
  readonly #lines: LineSegments<BufferGeometry, LineBasicMaterial>;
  readonly #size: string;
  #shown: CameraFrame | undefined;

  /**
   * @param distance of the camera from the robot, metres
   * @param robot size of the robot, metres
   */
  constructor(canvas: HTMLCanvasElement, frame: CameraFrame, distance: number, robot: number) {
    const { width, height, focal = width / USUAL_ANGLE } = frame;
    this.#size = sizeOf(frame);
    this.#texture = new CanvasTexture(canvas);
    this.#texture.colorSpace = SRGBColorSpace;
    const depth = distance > FAR * robot ? distance + BEHIND * robot : DEPTH * robot;
    const [w, h] = [(depth * width) / focal, (depth * height) / focal];
    const material = new MeshBasicMaterial({ map: this.#texture, side: 2, transparent: true, opacity: 0.85 });
    this.plane = new Mesh(new PlaneGeometry(w, h), material);
    // An optical frame looks along z, y points down.
    this.plane.rotation.x = Math.PI;
    this.plane.position.z = depth;
    const corners = [-1, 1].flatMap((x) => [-1, 1].map((y) => [(x * w) / 2, (y * h) / 2, depth]));
    const lines = new BufferGeometry();
    const points = corners.flatMap((corner) => [0, 0, 0, ...corner]);
    lines.setAttribute("position", new Float32BufferAttribute(points, 3));
    this.#lines = new LineSegments(lines, new LineBasicMaterial({ color: 0x888888 }));
    this.group.add(this.plane, this.#lines);
  }

  /** False where the camera's image has another size or focal length than before. */
  fits(frame: CameraFrame): boolean {
    return sizeOf(frame) === this.#size;
  }

  /** Takes the picture that the canvas has now, where it is another one. */
  show(frame: CameraFrame): void {
    if (frame !== this.#shown) this.#texture.needsUpdate = true;
    this.#shown = frame;
  }

  dispose(): void {
    this.#texture.dispose();
    for (const { geometry, material } of [this.plane, this.#lines]) {
      geometry.dispose();
      material.dispose();
    }
  }
}

const sizeOf = ({ width, height, focal }: CameraFrame): string => `${width} ${height} ${focal}`;
