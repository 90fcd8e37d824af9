import {
  AmbientLight,
  ArrowHelper,
  Box3,
  Color,
  DirectionalLight,
  GridHelper,
  Mesh,
  MeshLambertMaterial,
  Object3D,
  PerspectiveCamera,
  Quaternion,
  Scene,
  SphereGeometry,
  Spherical,
  SRGBColorSpace,
  Vector3,
  WebGLRenderer,
} from "three";
import { OrbitControls } from "three/addons/controls/OrbitControls.js";
import URDFLoader, { type URDFLink, type URDFRobot } from "urdf-loader";
import { colorTable } from "#src/image/colormap.js";
import type { CameraFrame } from "../../model/camera.js";
import { largestEffort } from "../../model/effort.js";
import { jointRelevance } from "../../model/joint-relevance.js";
import type { ExplanationMessage, JointStateMessage, SimulationMessage, TfMessage } from "../../wire/messages.js";
import { CameraPicture } from "./camera-picture.js";
import { type Gripped, Grips } from "./grips.js";

/** What the scene shows at one tick. */
export interface ArmState {
  readonly explanation: ExplanationMessage | undefined;
  readonly transforms: TfMessage["transforms"];
  readonly jointStates: JointStateMessage | undefined;
  readonly joint: string;
  readonly frames: ReadonlyMap<string, CameraFrame>;
  readonly simulation: SimulationMessage | undefined;
  /** The goal that was asked for and that the simulation does not have yet. */
  readonly goal: readonly number[] | undefined;
  /** Force that is pushed with now, N. */
  readonly force: readonly [number, number, number] | undefined;
  /** Canvases with each camera's picture. */
  readonly pictures: ReadonlyMap<string, HTMLCanvasElement>;
}

/** What a drag in the scene does. */
export interface Handlers {
  /** @param goal in the form of the simulation's goal */
  readonly moveGoal: (goal: readonly number[]) => void;
  /** @param force N; undefined where the link is let go */
  readonly push: (force: readonly [number, number, number] | undefined) => void;
}

const GREY = new Color(0.62, 0.63, 0.66);
const GOAL = /goal|target/;
/** From where the scene is seen first. */
const VIEW = new Vector3(0.9, -0.9, 0.8).normalize();
/** Radians that an arrow key turns the view by, and what a key zooms by. */
const TURN = Math.PI / 18;
const ZOOM = 1.15;

/** A robot in 3D. Draws only when something changed. */
export class ArmScene {
  readonly #renderer: WebGLRenderer;
  readonly #scene = new Scene();
  readonly #camera = new PerspectiveCamera(40, 1, 0.01, 100);
  readonly #controls: OrbitControls;
  readonly #resized: ResizeObserver;
  readonly #cameras = new Map<string, CameraPicture>();
  readonly #goal = new Mesh(
    new SphereGeometry(1, 24, 16),
    new MeshLambertMaterial({ color: 0xd62728, transparent: true, opacity: 0.75 }),
  );
  readonly #force = new ArrowHelper(new Vector3(1, 0, 0), new Vector3(), 1, 0xd62728);
  readonly #grips: Grips;
  #state: ArmState | undefined;
  #robot: URDFRobot | undefined;
  /** The largest effort of a joint, N·m. */
  #effort = 1;
  #isTurned = false;
  #materials = new Map<string, MeshLambertMaterial>();
  #size = 1;
  readonly #centre = new Vector3();
  #pending = 0;

  /**
   * @param handlers what drags do; nothing can be dragged without
   * @throws Error where the browser has no WebGL
   */
  constructor(place: HTMLElement, handlers?: Handlers) {
    try {
      this.#renderer = new WebGLRenderer({ antialias: true, alpha: true });
    } catch {
      throw new Error("this browser has no WebGL, so there is no 3D view");
    }
    const canvas = this.#renderer.domElement;
    place.append(canvas);
    this.#camera.up.set(0, 0, 1);
    this.#camera.position.copy(VIEW);
    this.#grips = new Grips(canvas, this.#camera, handlers && this.#gripped(handlers));
    // After the grips, which take the drags that begin on something.
    this.#controls = new OrbitControls(this.#camera, canvas);
    this.#grips.changed = (isHeld) => {
      this.#controls.enabled = !isHeld;
    };
    this.#controls.addEventListener("change", () => this.#draw());
    this.#controls.addEventListener("start", () => {
      this.#isTurned = true;
    });
    const sun = new DirectionalLight(0xffffff, 2);
    sun.position.set(1, -2, 3);
    this.#scene.add(new AmbientLight(0xffffff, 1.4), sun, this.#goal, this.#force);
    this.#goal.visible = false;
    this.#force.visible = false;
    this.#resized = new ResizeObserver(() => this.#resize(place));
    this.#resized.observe(place);
    this.#resize(place);
  }

  dispose(): void {
    cancelAnimationFrame(this.#pending);
    this.#resized.disconnect();
    this.#grips.dispose();
    this.#controls.dispose();
    this.#renderer.dispose();
    this.#renderer.domElement.remove();
  }

  /** Shows another robot. Returns what is wrong with it, or nothing. */
  setRobot(urdf: string): string {
    if (this.#robot) this.#scene.remove(this.#robot);
    for (const camera of this.#cameras.values()) this.#removeCamera(camera);
    this.#cameras.clear();
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
    this.#effort = largestEffort(urdf);
    this.#scene.add(robot);
    this.#measure(robot);
    this.resetView();
    this.#draw();
    return "";
  }

  show(state: ArmState): void {
    this.#state = state;
    const { explanation, transforms, jointStates, joint, frames, pictures } = state;
    const poses = new Map(transforms.map((each) => [each.child_frame_id, each]));
    const robot = this.#robot;
    if (robot && jointStates)
      for (const [i, name] of jointStates.name.entries()) robot.setJointValue(name, jointStates.position[i] ?? 0);
    if (robot && explanation) this.#color(robot, explanation, joint);
    this.#showGoal(state);
    this.#showForce(state);
    for (const [name, frame] of frames) {
      const pose = poses.get(frame.frameId);
      const picture = pictures.get(name);
      if (robot && pose && picture) this.#showCamera(name, frame, pose, picture);
    }
    this.#draw();
  }

  /** Looks at robot, goal and pictures of cameras from the usual side. */
  resetView(): void {
    this.#isTurned = false;
    this.#scene.updateMatrixWorld(true);
    const box = new Box3();
    for (const object of [this.#robot, ...[...this.#cameras.values()].map(({ plane }) => plane)])
      if (object) box.expandByObject(object);
    if (this.#goal.visible) box.expandByObject(this.#goal);
    if (box.isEmpty()) return;
    const centre = box.getCenter(new Vector3());
    const radius = box.getSize(new Vector3()).length() / 2;
    const half = (this.#camera.fov / 2) * (Math.PI / 180);
    const distance = (0.82 * radius) / Math.sin(half) / Math.min(1, this.#camera.aspect);
    this.#controls.target.copy(centre);
    this.#camera.position.copy(centre).addScaledVector(VIEW, distance);
    this.#camera.near = this.#size / 100;
    this.#camera.far = this.#size * 50;
    this.#camera.updateProjectionMatrix();
    this.#controls.update();
    this.#draw();
  }

  /** Turns or zooms the view by a key. Returns false for keys that do nothing. */
  press(key: string): boolean {
    const offset = this.#camera.position.clone().sub(this.#controls.target);
    const spherical = new Spherical().setFromVector3(offset.applyQuaternion(UPRIGHT));
    if (key === "Home") {
      this.resetView();
      return true;
    }
    if (key === "ArrowLeft") spherical.theta -= TURN;
    else if (key === "ArrowRight") spherical.theta += TURN;
    else if (key === "ArrowUp") spherical.phi -= TURN;
    else if (key === "ArrowDown") spherical.phi += TURN;
    else if (key === "+" || key === "=") spherical.radius /= ZOOM;
    else if (key === "-") spherical.radius *= ZOOM;
    else return false;
    this.#isTurned = true;
    offset.setFromSpherical(spherical.makeSafe()).applyQuaternion(UPRIGHT.clone().invert());
    this.#camera.position.copy(this.#controls.target).add(offset);
    this.#controls.update();
    this.#draw();
    return true;
  }

  /** Position of the goal in the canvas, CSS pixels; undefined where there is none. */
  goalPoint(): readonly [number, number] | undefined {
    return this.#goal.visible ? this.#grips.pointOf(this.#goal.position) : undefined;
  }

  #showGoal({ transforms, simulation, goal }: ArmState): void {
    const pose = transforms.find(({ child_frame_id }) => GOAL.test(child_frame_id));
    this.#goal.visible = pose !== undefined;
    if (!pose) return;
    place(this.#goal, pose);
    if (!simulation || !goal) return;
    // A goal may be a point beside its marker; both move alike.
    this.#goal.position.x += goal[0]! - simulation.goal[0]!;
    this.#goal.position.y += goal[1]! - simulation.goal[1]!;
  }

  /** An arrow at the pushed link, as long as the drag that gives this force. */
  #showForce({ simulation, force }: ArmState): void {
    const vector = new Vector3(...(force ?? simulation?.wrench.slice(0, 3) ?? []));
    const tip = this.#tipCentre();
    this.#force.visible = vector.length() > 0 && tip !== undefined;
    if (!tip || vector.length() === 0) return;
    const length = Math.min(2 * this.#size, vector.length() / this.#gain);
    this.#force.position.copy(tip);
    this.#force.setDirection(vector.normalize());
    this.#force.setLength(length, 0.08 * this.#size, 0.05 * this.#size);
  }

  /** Force per metre of a drag, N/m: half of the robot's size gives about what its strongest joint can hold there. */
  get #gain(): number {
    return (2 * this.#effort) / this.#size ** 2;
  }

  #tip(): URDFLink | undefined {
    const name = this.#state?.simulation?.tip_link;
    return name === undefined ? undefined : this.#robot?.links[name];
  }

  /** Where the simulation pushes: the centre of mass of the tip's link. */
  #tipCentre(): Vector3 | undefined {
    const link = this.#tip();
    if (!link) return undefined;
    link.updateWorldMatrix(true, false);
    return link.localToWorld(new Vector3(...(link.inertial?.origin.xyz ?? [0, 0, 0])));
  }

  #gripped({ moveGoal, push }: Handlers): Gripped {
    return {
      goal: () => {
        const state = this.#state;
        const goal = state?.goal ?? (state?.simulation && Array.from(state.simulation.goal));
        return this.#goal.visible && goal ? { position: this.#goal.position.clone(), goal } : undefined;
      },
      moveGoal: ({ goal }, { x, y }) => moveGoal([goal[0]! + x, goal[1]! + y, ...goal.slice(2)]),
      tip: () => {
        const link = this.#tip();
        const centre = this.#tipCentre();
        return link && centre ? { centre, link } : undefined;
      },
      push: (drag) => {
        const { x, y, z } = drag?.multiplyScalar(this.#gain) ?? {};
        push(x === undefined ? undefined : [x, y!, z!]);
      },
    };
  }

  #showCamera(name: string, frame: CameraFrame, pose: Pose, picture: HTMLCanvasElement): void {
    let shown = this.#cameras.get(name);
    if (shown && !shown.fits(frame)) {
      this.#removeCamera(shown);
      shown = undefined;
    }
    if (!shown) {
      const { x, y, z } = pose.transform.translation;
      shown = new CameraPicture(picture, frame, new Vector3(x, y, z).distanceTo(this.#centre), this.#size);
      this.#cameras.set(name, shown);
      this.#scene.add(shown.group);
      place(shown.group, pose);
      if (!this.#isTurned) this.resetView();
    }
    place(shown.group, pose);
    shown.show(frame);
  }

  #removeCamera(camera: CameraPicture): void {
    this.#scene.remove(camera.group);
    camera.dispose();
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

  /** Sizes what depends on the robot's size. */
  #measure(robot: URDFRobot): void {
    robot.updateMatrixWorld(true);
    const box = new Box3().setFromObject(robot);
    box.getCenter(this.#centre);
    this.#size = Math.max(0.2, box.getSize(new Vector3()).length());
    this.#goal.scale.setScalar(this.#size / 25);
    const grid = new GridHelper(2 * this.#size, 10, 0x888888, 0x888888);
    grid.rotation.x = Math.PI / 2;
    grid.name = "grid";
    const old = this.#scene.getObjectByName("grid");
    if (old) this.#scene.remove(old);
    this.#scene.add(grid);
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

type Pose = TfMessage["transforms"][number];

/** Turns z up into y up, as spherical coordinates have it. */
const UPRIGHT = new Quaternion().setFromUnitVectors(new Vector3(0, 0, 1), new Vector3(0, 1, 0));

function place(object: Object3D, { transform }: Pose): void {
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
