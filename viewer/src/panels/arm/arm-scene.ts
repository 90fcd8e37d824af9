import {
  AmbientLight,
  Box3,
  BufferGeometry,
  CanvasTexture,
  Color,
  DirectionalLight,
  Float32BufferAttribute,
  GridHelper,
  Group,
  LineBasicMaterial,
  LineSegments,
  Mesh,
  MeshBasicMaterial,
  MeshLambertMaterial,
  Object3D,
  PerspectiveCamera,
  PlaneGeometry,
  Quaternion,
  Scene,
  SphereGeometry,
  SRGBColorSpace,
  Vector3,
  WebGLRenderer,
} from "three";
import { OrbitControls } from "three/addons/controls/OrbitControls.js";
import URDFLoader, { type URDFRobot } from "urdf-loader";
import { colorTable } from "#src/image/colormap.js";
import type { CameraFrame } from "../../model/camera.js";
import { jointRelevance } from "../../model/joint-relevance.js";
import type { ExplanationMessage, JointStateMessage, TfMessage } from "../../wire/messages.js";

/** What the scene shows at one tick. */
export interface ArmState {
  readonly explanation: ExplanationMessage | undefined;
  readonly transforms: TfMessage["transforms"];
  readonly jointStates: JointStateMessage | undefined;
  readonly joint: string;
  readonly frames: ReadonlyMap<string, CameraFrame>;
  /** Canvases with each camera's picture. */
  readonly pictures: ReadonlyMap<string, HTMLCanvasElement>;
}

const GREY = new Color(0.62, 0.63, 0.66);
const GOAL = /goal|target/;
/** Size of a camera's picture in the scene, as a part of the robot's. */
const PICTURE = 0.35;

/** A robot in 3D. Draws only when something changed. */
export class ArmScene {
  readonly #renderer: WebGLRenderer;
  readonly #scene = new Scene();
  readonly #camera = new PerspectiveCamera(40, 1, 0.01, 100);
  readonly #controls: OrbitControls;
  readonly #resized: ResizeObserver;
  readonly #cameras = new Map<string, CameraPicture>();
  readonly #goal = new Mesh(new SphereGeometry(1, 24, 16), new MeshLambertMaterial({ color: 0xd62728 }));
  #robot: URDFRobot | undefined;
  #materials = new Map<string, MeshLambertMaterial>();
  #size = 1;
  #pending = 0;

  /** @throws Error where the browser has no WebGL */
  constructor(place: HTMLElement) {
    try {
      this.#renderer = new WebGLRenderer({ antialias: true, alpha: true });
    } catch {
      throw new Error("this browser has no WebGL, so there is no 3D view");
    }
    place.append(this.#renderer.domElement);
    this.#camera.up.set(0, 0, 1);
    this.#camera.position.set(1, -1, 0.8);
    this.#controls = new OrbitControls(this.#camera, this.#renderer.domElement);
    this.#controls.addEventListener("change", () => this.#draw());
    const sun = new DirectionalLight(0xffffff, 2);
    sun.position.set(1, -2, 3);
    this.#scene.add(new AmbientLight(0xffffff, 1.4), sun, this.#goal);
    this.#goal.visible = false;
    this.#resized = new ResizeObserver(() => this.#resize(place));
    this.#resized.observe(place);
    this.#resize(place);
  }

  dispose(): void {
    cancelAnimationFrame(this.#pending);
    this.#resized.disconnect();
    this.#controls.dispose();
    this.#renderer.dispose();
    this.#renderer.domElement.remove();
  }

  /** Shows another robot. Returns what is wrong with it, or nothing. */
  setRobot(urdf: string): string {
    if (this.#robot) this.#scene.remove(this.#robot);
    this.#materials.clear();
    this.#robot = undefined;
    let robot: URDFRobot;
    try {
      const loader = new URDFLoader();
      loader.loadMeshCb = (_path, _manager, _material, done) => done(new Object3D());
      robot = loader.parse(urdf);
    } catch (error) {
      return `the robot description cannot be shown: ${(error as Error).message}`;
    }
    for (const [name, link] of Object.entries(robot.links)) {
      const material = new MeshLambertMaterial({ color: GREY });
      this.#materials.set(name, material);
      link.traverse((object) => {
        if (object instanceof Mesh && linkOf(object) === link) object.material = material;
      });
    }
    this.#robot = robot;
    this.#scene.add(robot);
    this.#frame(robot);
    this.#draw();
    return "";
  }

  show({ explanation, transforms, jointStates, joint, frames, pictures }: ArmState): void {
    const poses = new Map(transforms.map((each) => [each.child_frame_id, each]));
    const robot = this.#robot;
    if (robot && jointStates)
      for (const [i, name] of jointStates.name.entries()) robot.setJointValue(name, jointStates.position[i] ?? 0);
    if (robot && explanation) this.#color(robot, explanation, joint);
    const goal = transforms.find(({ child_frame_id }) => GOAL.test(child_frame_id));
    this.#goal.visible = goal !== undefined;
    if (goal) place(this.#goal, goal);
    for (const [name, frame] of frames) {
      const pose = poses.get(frame.frameId);
      const picture = pictures.get(name);
      if (!pose || !picture) continue;
      let shown = this.#cameras.get(name);
      if (!shown) {
        shown = new CameraPicture(picture, frame.width / frame.height, PICTURE * this.#size);
        this.#cameras.set(name, shown);
        this.#scene.add(shown.group);
      }
      place(shown.group, pose);
      shown.texture.needsUpdate = true;
    }
    this.#draw();
  }

  /** A link has the colour of the nearest joint above it that the policy commands. */
  #color(robot: URDFRobot, explanation: ExplanationMessage, joint: string): void {
    const sums = jointRelevance(explanation, joint);
    const largest = Math.max(...sums);
    const table = colorTable("inferno");
    const colors = new Map(
      explanation.torques.map((torque, i) => {
        const level = largest > 0 ? Math.round((255 * sums[i]!) / largest) : 0;
        const color = new Color().setRGB(
          table[3 * level]! / 255,
          table[3 * level + 1]! / 255,
          table[3 * level + 2]! / 255,
          SRGBColorSpace,
        );
        return [torque.joint, color];
      }),
    );
    for (const [name, material] of this.#materials) material.color.copy(colorAbove(robot.links[name]!, colors));
  }

  /** Looks at the whole robot. */
  #frame(robot: URDFRobot): void {
    robot.updateMatrixWorld(true);
    const box = new Box3().setFromObject(robot);
    const centre = box.getCenter(new Vector3());
    this.#size = Math.max(0.2, box.getSize(new Vector3()).length());
    this.#controls.target.copy(centre);
    this.#camera.position.copy(centre).add(new Vector3(0.9, -0.9, 0.8).multiplyScalar(this.#size));
    this.#camera.near = this.#size / 100;
    this.#camera.far = this.#size * 50;
    this.#camera.updateProjectionMatrix();
    this.#goal.scale.setScalar(this.#size / 40);
    const grid = new GridHelper(2 * this.#size, 10, 0x888888, 0x555555);
    grid.rotation.x = Math.PI / 2;
    grid.name = "grid";
    const old = this.#scene.getObjectByName("grid");
    if (old) this.#scene.remove(old);
    this.#scene.add(grid);
    this.#controls.update();
  }

  #resize(place: HTMLElement): void {
    const { clientWidth: width, clientHeight: height } = place;
    if (width === 0 || height === 0) return;
    this.#renderer.setPixelRatio(Math.min(devicePixelRatio, 2));
    this.#renderer.setSize(width, height);
    this.#camera.aspect = width / height;
    this.#camera.updateProjectionMatrix();
    this.#draw();
  }

  #draw(): void {
    if (this.#pending) return;
    this.#pending = requestAnimationFrame(() => {
      this.#pending = 0;
      this.#renderer.render(this.#scene, this.#camera);
    });
  }
}

/** A camera as a pyramid, with its live picture as the base. */
class CameraPicture {
  readonly group = new Group();
  readonly texture: CanvasTexture;

  constructor(canvas: HTMLCanvasElement, aspect: number, size: number) {
    this.texture = new CanvasTexture(canvas);
    this.texture.colorSpace = SRGBColorSpace;
    const [w, h] = [size * Math.min(1, aspect), size / Math.max(1, aspect)];
    const plane = new Mesh(new PlaneGeometry(w, h), new MeshBasicMaterial({ map: this.texture, side: 2 }));
    // An optical frame looks along z, y points down.
    plane.rotation.x = Math.PI;
    plane.position.z = size;
    const corners = [-1, 1].flatMap((x) => [-1, 1].map((y) => [(x * w) / 2, (y * h) / 2, size]));
    const lines = new BufferGeometry();
    lines.setAttribute(
      "position",
      new Float32BufferAttribute(
        corners.flatMap((corner) => [0, 0, 0, ...corner]),
        3,
      ),
    );
    this.group.add(plane, new LineSegments(lines, new LineBasicMaterial({ color: 0x888888 })));
  }
}

function place(object: Object3D, { transform }: TfMessage["transforms"][number]): void {
  const { translation, rotation } = transform;
  object.position.set(translation.x, translation.y, translation.z);
  object.quaternion.copy(new Quaternion(rotation.x, rotation.y, rotation.z, rotation.w));
}

/** The link that a mesh belongs to. */
function linkOf(object: Object3D): Object3D | null {
  let at: Object3D | null = object;
  while (at && !("isURDFLink" in at && at.isURDFLink)) at = at.parent;
  return at;
}

function colorAbove(link: Object3D, colors: ReadonlyMap<string, Color>): Color {
  for (let at: Object3D | null = link; at; at = at.parent) {
    if (!("isURDFJoint" in at && at.isURDFJoint)) continue;
    const color = colors.get((at as unknown as { readonly urdfName: string }).urdfName);
    if (color) return color;
  }
  return GREY;
}
