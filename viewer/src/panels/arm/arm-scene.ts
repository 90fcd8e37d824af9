import {
  AmbientLight,
  ArrowHelper,
  Box3,
  Color,
  DirectionalLight,
  GridHelper,
  Mesh,
  MeshLambertMaterial,
  type Object3D,
  PerspectiveCamera,
  Quaternion,
  Scene,
  SphereGeometry,
  SRGBColorSpace,
  Vector3,
  WebGLRenderer,
} from "three";
import type { URDFLink, URDFRobot } from "urdf-loader";
import { colorTable } from "#src/image/colormap.js";
import type { ExplanationMessage, JointStateMessage, SimulationMessage, TfMessage } from "#src/messages/types.js";
import type { CameraFrame } from "../../model/camera.js";
import { largestEffort } from "../../model/effort.js";
import { jointRelevance } from "../../model/joint-relevance.js";
import { CameraPicture } from "./camera-picture.js";
import { type Gripped, Grips } from "./grips.js";
import { readUrdf } from "./read-urdf.js";
import { View } from "./view.js";

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
  /** Draws each camera's picture. */
  readonly pictures: ReadonlyMap<string, () => HTMLCanvasElement>;
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

/** A robot in 3D. Draws only when something changed. */
export class ArmScene {
  readonly #renderer: WebGLRenderer;
  readonly #scene = new Scene();
  readonly #view: View;
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
  #materials = new Map<string, MeshLambertMaterial>();
  #size = 1;
  /** Around the robot as it is described, all joints at 0, and the middle of it. */
  readonly #box = new Box3();
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
    const camera = new PerspectiveCamera(40, 1, 0.01, 100);
    this.#grips = new Grips(canvas, camera, handlers && this.#gripped(handlers));
    // After the grips, which take the drags that begin on something.
    this.#view = new View(canvas, camera, () => this.#draw());
    this.#grips.changed = (isHeld) => {
      this.#view.isHeld = isHeld;
    };
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
    this.#view.dispose();
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
      robot = readUrdf(urdf);
    } catch (error) {
      return (error as Error).message;
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

  /** Those of the joints that the robot description lacks. */
  missing(joints: readonly string[]): string[] {
    const robot = this.#robot;
    return robot ? joints.filter((name) => !Object.hasOwn(robot.joints, name)) : [];
  }

  show(state: ArmState): void {
    this.#state = state;
    const { explanation, transforms, jointStates, joint, frames, pictures } = state;
    const poses = new Map(transforms.map((each) => [each.child_frame_id, each]));
    const robot = this.#robot;
    if (robot && jointStates)
      for (const [i, name] of jointStates.name.entries())
        if (Object.hasOwn(robot.joints, name)) robot.setJointValue(name, jointStates.position[i] ?? 0);
    if (robot && explanation) this.#color(robot, explanation, joint);
    this.#showGoal(state);
    this.#showForce(state);
    for (const [name, frame] of frames) {
      const pose = poses.get(frame.frameId);
      const draw = pictures.get(name);
      if (robot && pose && draw) this.#showCamera(name, frame, pose, draw());
    }
    this.#draw();
  }

  /** Looks at robot, goal and pictures of cameras from the usual side. */
  resetView(): void {
    this.#scene.updateMatrixWorld(true);
    const box = this.#box.clone();
    for (const { plane } of this.#cameras.values()) box.expandByObject(plane);
    if (this.#goal.visible) box.expandByObject(this.#goal);
    if (!box.isEmpty()) this.#view.reset(box, this.#size);
  }

  /** Turns or zooms the view by a key. Returns false for keys that do nothing. */
  press(key: string): boolean {
    if (key === "Home") this.resetView();
    else if (!this.#view.press(key)) return false;
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
      if (!this.#view.isTurned) this.resetView();
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
    this.#box.setFromObject(robot);
    this.#box.getCenter(this.#centre);
    this.#size = Math.max(0.2, this.#box.getSize(new Vector3()).length());
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
    this.#view.aspect = width / height;
    this.#draw();
  }

  #draw(): void {
    if (this.#pending) return;
    this.#pending = requestAnimationFrame(() => {
      this.#pending = 0;
      this.#renderer.render(this.#scene, this.#view.camera);
    });
  }
}

type Pose = TfMessage["transforms"][number];

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
